/* erase_person.c - all that is kept of a person (erase.h).
 *
 * First what makes it a person: keys, names, roles. person.erasing then says how far its messages
 * are erased: up to this message_id. They have no index by person, so each step looks at the next
 * ones of all. The last step removes the person's row.
 */
#include "store/sql/erase.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/sql/act.h"
#include "store/sql/events.h"
#include "store/sql/persons.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOKED_MOST = 5000,           /* rows of a step, some milliseconds */
    ERASED_MOST = 200,            /* of those, the person's own */
    BYTES_MOST = 4 * 1024 * 1024, /* of texts, which are overwritten */
    SEQ_BITS = 36,
};

/* ---- the person ---- */

/* ?1: the person. The audit log keeps what was done, but not the names. */
static const char *const statements[] = {
    "UPDATE audit SET subject = 'erased' WHERE subject IN (SELECT name FROM name WHERE person_id = ?1"
    " UNION SELECT title FROM person WHERE person_id = ?1 UNION SELECT title FROM ban WHERE person_id = ?1)"
    " OR EXISTS (SELECT 1 FROM person WHERE person_id = ?1 AND subject = title || ' \xc2\xb7' || printf('%04x', mark))",
    "UPDATE audit SET who = 'erased', person_id = NULL WHERE person_id = ?1",
    "DELETE FROM report WHERE reporter IN (SELECT hash FROM key WHERE person_id = ?1)",
    "DELETE FROM held WHERE person_id = ?1",
    "DELETE FROM name WHERE person_id = ?1",
    "DELETE FROM room_role WHERE person_id = ?1",
    "DELETE FROM ban WHERE person_id = ?1",
    "DELETE FROM invite WHERE person_id = ?1 OR by_person = ?1",
    "UPDATE ban SET by_person = NULL WHERE by_person = ?1",
    "UPDATE person SET title = NULL, erasing = ifnull(erasing, 0)" /* what its keys were before */
    " WHERE moved_key IN (SELECT hash FROM key WHERE person_id = ?1)",
    /* A visitor may have been another person before its key moved (store_person.h). */
    "UPDATE person SET erasing = 0, moved_key = NULL, title = NULL WHERE erasing IS NULL"
    " AND moved_key IN (SELECT hash FROM key WHERE person_id = ?1)",
    "DELETE FROM key WHERE person_id = ?1",
    "UPDATE person SET title = NULL, moved_key = NULL, role = 2, made = 0, trusted = 0, erasing = ifnull(erasing, 0) WHERE person_id = ?1",
};

static int run_for(struct sql_store *s, const char *sql, int64_t person_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, sql, "erase the person", e);
    sql_query_number(&q, person_id);
    return sql_query_run(&q);
}

static int check(struct sql_store *s, int64_t person_id, struct err *e)
{
    enum chat_role rank = CHAT_NOBODY;
    if (sql_persons_rank(s, person_id, NULL, CHAT_NOBODY, &rank, e) != 0) {
        return -1;
    }
    return s->act->by != NULL && s->act->person_id == person_id ? 0 : sql_act_check_rank(s->act, rank, e);
}

static int forget_person(struct sql_store *s, int64_t person_id, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof statements / sizeof statements[0]; i++) {
        result = run_for(s, statements[i], person_id, e);
    }
    return result;
}

int sql_erase_person(struct store *base, const struct store_whom *whom, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    struct sql_act *act = sql_act_of(base);
    int64_t person_id = 0;
    if (sql_persons_resolve(s, whom, &person_id, e) != 0 || check(s, person_id, e) != 0) {
        return -1;
    }
    act->changes_rules = true; /* a role, a ban or an invite may be gone */
    sql_act_subject(act, "person %lld", (long long)person_id);
    return forget_person(s, person_id, e) == 0 ? sql_scrub_owe(s, e) : -1;
}

/* ---- its messages ---- */

struct step {
    int64_t person_id;
    int64_t from; /* message_id of the last row that was looked at */
    bool ended;   /* there are no rows after it */
    int64_t now_ms;
    struct store_changes *changes;
    uint64_t count;
};

/* Messages of one room that the step found. */
struct found {
    int64_t room_id;
    struct sql_events_seqs seqs;
};

static int erase_rows(struct sql_store *s, const struct step *step, int64_t first, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "UPDATE message SET text = CASE WHEN type = 3 THEN text ELSE '' END,"
                    " state = CASE WHEN type = 1 THEN 1 ELSE state END, name = '" CHAT_NAME_DEFAULT "',"
                    " id = lower(hex(randomblob(11))) || '.' || seq, id_sent = 0,"
                    " person_id = NULL, sender = NULL, network = NULL"
                    " WHERE message_id > ? AND message_id <= ? AND person_id = ?",
                    "erase messages", e);
    sql_query_number(&q, first);
    sql_query_number(&q, step->from);
    sql_query_number(&q, step->person_id);
    return sql_query_run(&q);
}

static int forget_reports(struct sql_store *s, const struct step *step, int64_t first, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "DELETE FROM report WHERE message_id IN"
                    " (SELECT message_id FROM message WHERE message_id > ? AND message_id <= ? AND person_id = ?)",
                    "erase reports", e);
    sql_query_number(&q, first);
    sql_query_number(&q, step->from);
    sql_query_number(&q, step->person_id);
    return sql_query_run(&q);
}

static int tell_room(struct sql_store *s, const struct step *step, const struct found *found, struct err *e)
{
    static const struct sql_events_author author = {.name = SQL_EVENTS_NAME};
    struct sql_events_room room = {.id = found->room_id};
    char name[CHAT_ROOM_MAX + 1] = "";
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT name, head FROM room WHERE room_id = ?", "find the room", e);
    sql_query_number(&q, found->room_id);
    if (sql_query_next(&q)) {
        snprintf(name, sizeof name, "%s", sql_query_text_at(&q, 0));
        room.head = (uint64_t)sql_query_number_at(&q, 1);
    }
    if (sql_query_end(&q) != 0) {
        return -1;
    }
    room.name = name;
    return sql_events_append(s, &room, CHAT_DELETE, &found->seqs, &author, step->now_ms, step->changes, e);
}

/* The next rows, up to a message of the person in a second room: each step tells one room. */
static int look(struct sql_store *s, struct step *step, struct found *found, struct err *e)
{
    struct sql_query q;
    int looked = 0;
    bool is_next_room = false;
    uint64_t erased = 0;
    size_t bytes = 0;
    sql_query_begin(&q, s,
                    "SELECT message_id, person_id IS ?2, CASE WHEN person_id IS ?2 THEN length(CAST(text AS BLOB)) END,"
                    " type = 1 AND ifnull(state, 0) <> 1 FROM message WHERE message_id > ?1"
                    " ORDER BY message_id LIMIT ?3",
                    "look for messages", e);
    sql_query_number(&q, step->from);
    sql_query_number(&q, step->person_id);
    sql_query_number(&q, LOOKED_MOST);
    while (erased < ERASED_MOST && bytes < BYTES_MOST && sql_query_next(&q)) {
        int64_t id = sql_query_number_at(&q, 0);
        bool is_own = sql_query_number_at(&q, 1) != 0;
        is_next_room = is_own && found->room_id != 0 && id >> SEQ_BITS != found->room_id;
        if (is_next_room) {
            break;
        }
        looked++;
        step->from = id;
        erased += is_own;
        bytes += (size_t)sql_query_number_at(&q, 2);
        found->room_id = is_own ? id >> SEQ_BITS : found->room_id;
        if (is_own && sql_query_number_at(&q, 3) != 0) {
            sql_events_add(&found->seqs, (uint64_t)id & (((uint64_t)1 << SEQ_BITS) - 1));
        }
    }
    step->ended = !is_next_room && looked < LOOKED_MOST && erased < ERASED_MOST && bytes < BYTES_MOST;
    step->count = erased;
    return sql_query_end(&q);
}

/* What is new in a room came under another person, as the keys are gone: a step that has looked at
 * all rows has found all. A moderator may have banned the person meanwhile. */
static int end_step(struct sql_store *s, const struct step *step, struct err *e)
{
    struct sql_query q;
    if (step->ended) {
        return forget_person(s, step->person_id, e) == 0
                   ? run_for(s, "DELETE FROM person WHERE person_id = ?1", step->person_id, e)
                   : -1;
    }
    sql_query_begin(&q, s, "UPDATE person SET erasing = ? WHERE person_id = ?", "erase messages", e);
    sql_query_number(&q, step->from);
    sql_query_number(&q, step->person_id);
    return sql_query_run(&q);
}

static int run_step(struct sql_store *s, struct step *step, struct err *e)
{
    struct found found = {.room_id = 0};
    int64_t first = step->from;
    int result = look(s, step, &found, e);
    if (result == 0 && step->count > 0) {
        result = forget_reports(s, step, first, e) == 0 && erase_rows(s, step, first, e) == 0 &&
                         sql_scrub_owe_later(s, e) == 0
                     ? 0
                     : -1;
    }
    if (result == 0 && found.seqs.count > 0) {
        result = tell_room(s, step, &found, e);
    }
    sql_events_fini(&found.seqs);
    return result == 0 ? end_step(s, step, e) : -1;
}

int sql_erase_some(struct sql_store *s, int64_t now_ms, struct store_changes *changes, uint64_t *count, struct err *e)
{
    struct step step = {.now_ms = now_ms, .changes = changes};
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT person_id, erasing FROM person WHERE erasing IS NOT NULL LIMIT 1",
                    "look for persons", e);
    if (sql_query_next(&q)) {
        step.person_id = sql_query_number_at(&q, 0);
        step.from = sql_query_number_at(&q, 1);
    }
    int result = sql_query_end(&q);
    if (result == 0 && step.person_id != 0) {
        result = run_step(s, &step, e);
    }
    *count = step.count;
    return result;
}

/* True as well if it can't be found out. */
static bool is_left(struct sql_store *s)
{
    struct sql_query q;
    struct err ignored = ERR_INIT;
    sql_query_begin(&q, s, "SELECT 1 FROM person WHERE erasing IS NOT NULL LIMIT 1", "look for persons", &ignored);
    bool is = sql_query_next(&q);
    return sql_query_end(&q) != 0 || is;
}

int sql_erase_step(struct store *base, struct store_changes *changes, uint64_t *count, bool *left, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    struct err why = ERR_INIT;
    if (sql_write_begin(s, e) != 0) {
        return -1;
    }
    int result = sql_erase_some(s, clock_wall_ms(), changes, count, &why);
    *left = result != 0 || is_left(s);
    if (result == 0 && !*left) {
        result = sql_scrub_owe(s, &why); /* gone before the answer */
    }
    result = sql_write_end(s, result, &why);
    return result == 0 ? 0 : err_move(e, &why);
}
