/* persons.c - see persons.h. */
#include "store/sql/persons.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_person(struct err *e)
{
    return err_set(e, ERR_ABSENT, "There is no such person.");
}

int sql_persons_room(struct sql_store *s, const char *room, int64_t *out, struct err *e)
{
    struct sql_room found = {.id = 0};
    *out = 0;
    if (room == NULL || room[0] == '\0') {
        return 0;
    }
    if (sql_rows_find_room(s, room, &found, e) != 0) {
        return -1;
    }
    *out = found.id;
    return found.id != 0 ? 0 : err_set(e, ERR_ABSENT, "There is no room '%s'.", room);
}

/* ---- whose message, whose name ---- */

static void take_sender(const struct sql_query *q, struct sql_sender *out)
{
    out->message_id = sql_query_number_at(q, 0);
    out->person_id = sql_query_number_at(q, 1);
    int64_t sender = sql_query_number_at(q, 2);
    out->role = (sender & CHAT_SIGNED) != 0 ? (enum chat_role)(sender >> 8 & 0xff) : CHAT_NOBODY;
    out->has_network = sql_query_blob_at(q, 3, out->network, sizeof out->network);
    snprintf(out->name, sizeof out->name, "%s", sql_query_text_at(q, 4));
}

int sql_persons_sender(struct sql_store *s, const char *room, uint64_t seq, struct sql_sender *out, struct err *e)
{
    struct sql_query q;
    memset(out, 0, sizeof *out);
    if (seq == 0 || seq > SQL_ROWS_SEQ_MAX) {
        return err_set(e, ERR_ABSENT, "There is no such message.");
    }
    sql_query_begin(&q, s,
                    "SELECT message_id, person_id, sender, network, message.name FROM room CROSS JOIN message"
                    " WHERE room.name = ? AND message_id = (room.room_id << 36) + ?",
                    "find the message", e);
    sql_query_text(&q, room);
    sql_query_number(&q, (int64_t)seq);
    bool found = sql_query_next(&q);
    if (found) {
        take_sender(&q, out);
    }
    int result = sql_query_end(&q);
    return result == 0 && !found ? err_set(e, ERR_ABSENT, "There is no such message.") : result;
}

static int find_held(struct sql_store *s, const struct store_whom *whom, struct sql_sender *out, struct err *e)
{
    struct sql_query q;
    memset(out, 0, sizeof *out);
    sql_query_begin(&q, s,
                    "SELECT 0, person_id, sender, network, name FROM held"
                    " WHERE held_id = ?1 AND (?2 IS NULL OR room = ?2)",
                    "find the message that waits", e);
    sql_query_number(&q, (int64_t)whom->held);
    sql_query_text(&q, whom->room);
    bool found = sql_query_next(&q);
    if (found) {
        take_sender(&q, out);
    }
    int result = sql_query_end(&q);
    return result == 0 && !found ? err_set(e, ERR_ABSENT, "No such message waits in this room.") : result;
}

int sql_persons_sender_of(struct sql_store *s, const struct store_whom *whom, struct sql_sender *out, struct err *e)
{
    return whom->held != 0 ? find_held(s, whom, out, e) : sql_persons_sender(s, whom->room, whom->seq, out, e);
}

static int resolve_message(struct sql_store *s, const struct store_whom *whom, int64_t *out, struct err *e)
{
    struct sql_sender sender;
    if (sql_persons_sender_of(s, whom, &sender, e) != 0) {
        return -1;
    }
    *out = sender.person_id;
    return *out != 0 ? 0 : err_set(e, ERR_ABSENT, "A guest without a key wrote this message.");
}

static int resolve_name(struct sql_store *s, const char *fold, int64_t *out, struct err *e)
{
    struct sql_query q;
    *out = 0;
    sql_query_begin(&q, s, "SELECT person_id FROM name WHERE fold = ?", "find the name", e);
    sql_query_text(&q, fold);
    if (sql_query_next(&q)) {
        *out = sql_query_number_at(&q, 0);
    }
    int result = sql_query_end(&q);
    return result == 0 && *out == 0 ? err_set(e, ERR_ABSENT, "Nobody owns this name.") : result;
}

static int resolve_any(struct sql_store *s, const struct store_whom *whom, int64_t *out, struct err *e)
{
    *out = (int64_t)whom->person;
    if (whom->person != 0) {
        return whom->person <= INT64_MAX ? 0 : no_person(e);
    }
    return whom->held != 0 || whom->room != NULL ? resolve_message(s, whom, out, e)
                                                 : resolve_name(s, whom->fold, out, e);
}

/* The last key of a person may have moved to another one: then that is meant, so that a code is no
 * way out of what moderators do about old messages. */
int sql_persons_resolve(struct sql_store *s, const struct store_whom *whom, int64_t *out, struct err *e)
{
    struct sql_query q;
    if (resolve_any(s, whom, out, e) != 0) {
        return -1;
    }
    sql_query_begin(&q, s, "SELECT key.person_id FROM person JOIN key ON hash = moved_key WHERE person.person_id = ?",
                    "follow the person", e);
    sql_query_number(&q, *out);
    if (sql_query_next(&q)) {
        *out = sql_query_number_at(&q, 0);
    }
    return sql_query_end(&q);
}

int sql_persons_same(struct sql_store *s, int64_t person_id, struct sql_persons *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT ?1 UNION SELECT person.person_id FROM key CROSS JOIN person INDEXED BY person_moved"
                    " ON moved_key = hash AND moved_key IS NOT NULL WHERE key.person_id = ?1 ORDER BY 1",
                    "find former persons", e);
    sql_query_number(&q, person_id);
    while (sql_query_next(&q)) {
        out->ids = sql_query_grow(out->ids, out->count, sizeof *out->ids);
        out->ids[out->count++] = sql_query_number_at(&q, 0);
    }
    return sql_query_end(&q);
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

bool sql_persons_has(const struct sql_persons *all, int64_t person_id)
{
    return bsearch(&person_id, all->ids, all->count, sizeof *all->ids, compare_ids) != NULL;
}

/* ---- what is known of a person ---- */

static void take_person(const struct sql_query *q, struct store_person *out)
{
    out->id = (uint64_t)sql_query_number_at(q, 0);
    out->role = (enum chat_role)sql_query_number_at(q, 1);
    out->room_role = (enum chat_role)sql_query_number_at(q, 2);
    out->made = sql_query_number_at(q, 3) != 0;
    out->is_signed = sql_query_number_at(q, 4) != 0;
    out->trusted = sql_query_number_at(q, 5) != 0;
    out->mark = (uint16_t)sql_query_number_at(q, 6);
    out->first_ms = sql_query_number_at(q, 7);
    out->seen_ms = sql_query_number_at(q, 8);
    snprintf(out->title, sizeof out->title, "%s", sql_query_text_at(q, 9));
}

static int read_names(struct sql_store *s, struct store_person *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT name FROM name WHERE person_id = ? ORDER BY used_ms DESC, fold LIMIT ?",
                    "read the names", e);
    sql_query_number(&q, (int64_t)out->id);
    sql_query_number(&q, STORE_PERSON_NAMES);
    while (sql_query_next(&q)) {
        snprintf(out->names[out->name_count++], sizeof *out->names, "%s", sql_query_text_at(&q, 0));
    }
    return sql_query_end(&q);
}

/* id 0 in *out without such a person. */
static int read_person(struct sql_store *s, int64_t person_id, const char *room, struct store_person *out,
                       struct err *e)
{
    struct sql_query q;
    memset(out, 0, sizeof *out);
    sql_query_begin(&q, s,
                    "SELECT person_id, role, ifnull((SELECT role FROM room_role JOIN room USING (room_id)"
                    " WHERE room_role.person_id = person.person_id AND room.name = ?2), role),"
                    " made, signed, trusted, mark, first_ms, seen_ms, title FROM person WHERE person_id = ?1",
                    "read the person", e);
    sql_query_number(&q, person_id);
    sql_query_text(&q, room);
    if (sql_query_next(&q)) {
        take_person(&q, out);
    }
    int result = sql_query_end(&q);
    return result == 0 && out->id != 0 ? read_names(s, out, e) : result;
}

static int find_key(struct sql_store *s, const unsigned char *key, int64_t *out, struct err *e)
{
    struct sql_query q;
    *out = 0;
    sql_query_begin(&q, s, "SELECT person_id FROM key WHERE hash = ?", "find the key", e);
    sql_query_blob(&q, key, CHAT_KEY_BYTES);
    if (sql_query_next(&q)) {
        *out = sql_query_number_at(&q, 0);
    }
    return sql_query_end(&q);
}

static int person_by_key(struct sql_store *s, const unsigned char *key, const char *room, struct store_person *out,
                         struct err *e)
{
    int64_t person_id = 0;
    return find_key(s, key, &person_id, e) == 0 ? read_person(s, person_id, room, out, e) : -1;
}

int sql_persons_by_key(struct store *base, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                       struct store_person *out, struct err *e)
{
    bool begun = false;
    if (sql_view_enter((struct sql_store *)base, &begun, e) != 0) {
        return -1;
    }
    int result = person_by_key((struct sql_store *)base, key, room, out, e);
    sql_view_leave((struct sql_store *)base, begun);
    return result;
}

static int find_person(struct sql_store *s, const struct store_whom *whom, const char *room, struct store_person *out,
                       struct err *e)
{
    int64_t person_id = 0;
    if (sql_persons_resolve(s, whom, &person_id, e) != 0 || read_person(s, person_id, room, out, e) != 0) {
        return -1;
    }
    return out->id != 0 ? 0 : no_person(e);
}

int sql_persons_find(struct store *base, const struct store_whom *whom, const char *room, struct store_person *out,
                     struct err *e)
{
    bool begun = false;
    if (sql_view_enter((struct sql_store *)base, &begun, e) != 0) {
        return -1;
    }
    int result = find_person((struct sql_store *)base, whom, room, out, e);
    sql_view_leave((struct sql_store *)base, begun);
    return result;
}

/* ---- for acts ---- */

int sql_persons_rank(struct sql_store *s, int64_t person_id, const char *room, enum chat_role role, enum chat_role *out,
                     struct err *e)
{
    struct sql_query q;
    *out = role;
    sql_query_begin(&q, s,
                    "SELECT max(role, ifnull((SELECT max(room_role.role) FROM room_role JOIN room USING (room_id)"
                    " WHERE person_id = ?1 AND (?2 IS NULL OR room.name = ?2)), 0)) FROM person"
                    " WHERE person_id = ?1",
                    "find the rank", e);
    sql_query_number(&q, person_id);
    sql_query_text(&q, room);
    bool found = sql_query_next(&q);
    if (found) {
        *out = (enum chat_role)sql_query_number_at(&q, 0);
        *out = *out > role ? *out : role;
    }
    int result = sql_query_end(&q);
    return result == 0 && !found ? no_person(e) : result;
}

int sql_persons_title(struct sql_store *s, int64_t person_id, char *out, size_t size, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT ifnull(title, ifnull((SELECT name FROM name WHERE name.person_id = person.person_id"
                    " ORDER BY used_ms DESC LIMIT 1), 'visitor')), mark FROM person WHERE person_id = ?",
                    "read the title", e);
    sql_query_number(&q, person_id);
    bool found = sql_query_next(&q);
    if (found) {
        snprintf(out, size, "%s \xc2\xb7%04x", sql_query_text_at(&q, 0), (unsigned)sql_query_number_at(&q, 1));
    }
    int result = sql_query_end(&q);
    return result == 0 && !found ? no_person(e) : result;
}

/* ---- a new person ---- */

static int add_person(struct sql_store *s, struct err *e)
{
    struct sql_act *act = s->act;
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO person (signed, mark, first_ms, seen_ms) VALUES (?1, ?2, ?3, ?3) RETURNING person_id",
                    "add the person", e);
    sql_query_number(&q, act->by->is_signed);
    sql_query_number(&q, act->by->key[0] << 8 | act->by->key[1]);
    sql_query_number(&q, act->now_ms);
    return sql_query_insert(&q, &act->person_id);
}

int sql_persons_take_actor(struct sql_store *s, struct err *e)
{
    const struct sql_act *act = s->act;
    struct sql_query q;
    CK(act->by != NULL && act->by->has_key);
    if (act->person_id != 0) {
        return 0;
    }
    if (add_person(s, e) != 0) {
        return -1;
    }
    sql_query_begin(&q, s, "INSERT INTO key (hash, person_id, added_ms) VALUES (?, ?, ?)", "add the key", e);
    sql_query_blob(&q, act->by->key, CHAT_KEY_BYTES);
    sql_query_number(&q, act->person_id);
    sql_query_number(&q, act->now_ms);
    return sql_query_run(&q);
}
