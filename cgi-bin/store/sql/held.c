/* held.c - see held.h. */
#include "store/sql/held.h"

#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

#include <stdio.h>

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

static int absent(struct err *e)
{
    return err_set(e, ERR_ABSENT, "This message no longer waits: another moderator was faster.");
}

/* ---- approving ---- */

static int find(struct sql_store *s, uint64_t held, struct store_approved *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT room, name FROM held WHERE held_id = ?", "find the message that waits", e);
    sql_query_number(&q, (int64_t)held);
    bool found = sql_query_next(&q);
    if (found) {
        snprintf(out->room, sizeof out->room, "%s", sql_query_text_at(&q, 0));
        sql_act_subject(s->act, "%s", sql_query_text_at(&q, 1));
    }
    int result = sql_query_end(&q);
    return result == 0 && !found ? absent(e) : result;
}

static int trust_sender(struct sql_store *s, uint64_t held, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "UPDATE person SET trusted = 1 WHERE person_id ="
                    " (SELECT person_id FROM held WHERE held_id = ?)",
                    "trust the sender", e);
    sql_query_number(&q, (int64_t)held);
    return sql_query_run(&q);
}

/* The row goes from one table to the other as it is. *added is false if the room has a message with
 * this sender and id. */
static int insert(struct sql_store *s, uint64_t held, const struct sql_room *room, bool *added, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text, person_id,"
                    " sender, network)"
                    " SELECT (?1 << 36) + ?2, ?3, 1, CASE WHEN reply_to < ?2 THEN reply_to END, name, id, 1, text,"
                    " person_id, sender, network FROM held WHERE held_id = ?4"
                    " ON CONFLICT (room_id, ifnull(person_id, name), id) WHERE id_sent = 1 DO NOTHING",
                    "add the message", e);
    sql_query_number(&q, room->id);
    sql_query_number(&q, (int64_t)room->head + 1);
    sql_query_number(&q, s->act->now_ms);
    sql_query_number(&q, (int64_t)held);
    uint64_t changed = 0;
    int result = sql_query_change(&q, &changed);
    *added = changed > 0;
    return result;
}

static int find_stored(struct sql_store *s, uint64_t held, const struct sql_room *room, uint64_t *seq, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT message.seq FROM held JOIN message ON room_id = ?1 AND id_sent = 1"
                    " AND ifnull(message.person_id, message.name) = ifnull(held.person_id, held.name)"
                    " AND message.id = held.id WHERE held_id = ?2",
                    "find the message", e);
    sql_query_number(&q, room->id);
    sql_query_number(&q, (int64_t)held);
    *seq = sql_query_next(&q) ? (uint64_t)sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

static int append(struct sql_store *s, uint64_t held, struct sql_room *room, struct store_approved *out, struct err *e)
{
    bool added = false;
    if (room->head >= SQL_ROWS_SEQ_MAX) {
        return err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
    }
    if (insert(s, held, room, &added, e) != 0) {
        return -1;
    }
    if (!added) {
        return find_stored(s, held, room, &out->seq, e);
    }
    out->seq = ++room->head;
    store_changes_raise(&s->act->changes, out->room, room->head);
    return sql_rows_raise_head(s, room, e);
}

static int find_or_add_room(struct sql_store *s, const char *name, struct sql_room *room, struct err *e)
{
    if (sql_rows_find_room(s, name, room, e) != 0) {
        return -1;
    }
    return room->id != 0 ? 0 : sql_rows_add_room(s, name, room, e);
}

static int forget(struct sql_store *s, uint64_t held, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "DELETE FROM held WHERE held_id = ?", "forget the message that waited", e);
    sql_query_number(&q, (int64_t)held);
    return sql_query_run(&q);
}

int sql_held_approve(struct store *base, uint64_t held, bool trust, struct store_approved *out, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_room room;
    sql_act_of(base);
    if (find(s, held, out, e) != 0 || (trust && trust_sender(s, held, e) != 0)) {
        return -1;
    }
    if (find_or_add_room(s, out->room, &room, e) != 0 || append(s, held, &room, out, e) != 0) {
        return -1;
    }
    return forget(s, held, e);
}

/* ---- rejecting ---- */

int sql_held_reject(struct store *base, uint64_t held, struct err *e)
{
    struct store_approved ignored = {.seq = 0};
    sql_act_of(base);
    if (find(mine(base), held, &ignored, e) != 0 || forget(mine(base), held, e) != 0) {
        return -1;
    }
    return sql_scrub_owe_later(mine(base), e);
}
