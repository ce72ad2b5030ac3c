/* rows.c - see rows.h. */
#include "store/postgres/private/rows.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/postgres/private/batch.h"
#include "store/sql/messages.h"
#include "store/sql/query.h"

/* The columns of a message, behind message_id, in the order in which all statements have them. */
#define COLUMNS(X)          \
    X(TIME_MS, "time_ms")   \
    X(TYPE, "type")         \
    X(REPLY_TO, "reply_to") \
    X(NAME, "name")         \
    X(ID, "id")             \
    X(TARGET, "target")     \
    X(EDITED, "edited")     \
    X(SENDER, "sender")
#define AS_ENUM(word, name) COLUMN_##word,
#define AS_NAME(word, name) ", " name
#define AS_RESULT(word, name) ", message." name
#define AS_PARAMETER(word, name) ", ?"
enum column { COLUMN_MESSAGE_ID, COLUMNS(AS_ENUM) COLUMN_STATE, COLUMN_TEXT };

#define SELECT_MESSAGE "SELECT message_id" COLUMNS(AS_RESULT)

/* What the reader ?5 sees: the state, NULL for a message that is shown; and the text, NULL for that
 * of an edit whose target isn't shown. The room is found first, as a number, so that the index
 * gives the messages in their order and the LIMIT ends it. Rows that are surely behind the page's
 * budget ?6 aren't sent: a text weighs at least its bytes; the first one comes whatever it weighs,
 * and the one that doesn't fit any more has to come, to tell that there is more. */
#define OF_ROOM "((SELECT room_id FROM room WHERE name = ?1) << 36)"
#define IS_SEEN "message.state IS NULL OR (message.state = 3 AND message.person_id = ?5)"
#define SEEN_STATE ", CASE WHEN " IS_SEEN " THEN NULL ELSE message.state END AS state"
#define SEEN_TEXT                                                                             \
    ", CASE WHEN NOT (" IS_SEEN ") THEN '' WHEN message.type = 2 AND message.target > 0 THEN" \
    " (SELECT target.text FROM message AS target"                                             \
    " WHERE target.message_id = (message.message_id >> 36 << 36) + message.target"            \
    " AND (target.state IS NULL OR (target.state = 3 AND target.person_id = ?5))) ELSE message.text END AS text"
#define SELECT_RANGE(order)                                                                                    \
    "SELECT * FROM (SELECT *, sum(least(coalesce(octet_length(text), 0), ?6)) OVER (ORDER BY message_id" order \
    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes FROM (" SELECT_MESSAGE SEEN_STATE SEEN_TEXT   \
    " FROM message WHERE message_id BETWEEN " OF_ROOM " + ?2 AND " OF_ROOM " + ?3 ORDER BY message_id" order   \
    " LIMIT ?4) AS message) AS message WHERE bytes IS NULL OR bytes <= ?6 ORDER BY message_id" order

static const char ascending[] = SELECT_RANGE("");
static const char descending[] = SELECT_RANGE(" DESC");
static const char same_of_person[] = SELECT_MESSAGE
    ", state, text FROM message WHERE room_id = ?1"
    " AND ifnull(person_id, name) = ifnull(?2, ?3) AND id = ?4 AND id_sent = 1";
static const char same_at[] = SELECT_MESSAGE
    ", state, text FROM message WHERE message_id = ?1 AND name = ?2 AND id = ?3";
static const char insert_message[] =
    "INSERT INTO message (message_id" COLUMNS(AS_NAME) ", state, text, id_sent, person_id, network) VALUES (?" COLUMNS(
        AS_PARAMETER) ", ?, ?, ?, ?, ?)"
                      " ON CONFLICT (room_id, ifnull(person_id, name), id) WHERE id_sent = 1 DO NOTHING";
static const char find_room[] = "SELECT room_id, head, oldest FROM room WHERE name = ?";
static const char insert_room[] =
    "INSERT INTO room (name, head, oldest, created_ms) VALUES (?, 0, 1, ?) RETURNING room_id";
static const char set_head[] = "UPDATE room SET head = ?2 WHERE room_id = ?1";

static struct postgres_handle *mine(struct sql_store *s)
{
    return (struct postgres_handle *)s;
}

/* ---- rooms ---- */

static int check_room(const struct sql_room *room, struct err *e)
{
    if (room->id >= 0 && room->id <= SQL_ROWS_ROOM_MAX) {
        return 0;
    }
    log_line("a room has the number %lld", (long long)room->id); /* its messages would be another room's */
    return err_set(e, ERR_CORRUPT, "The database is damaged. Run 'pollchat check' to see where.");
}

int postgres_rows_find_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    struct sql_query q;
    if (postgres_batch_find_room(mine(s), name, out)) {
        return check_room(out, e);
    }
    sql_query_begin(&q, s, find_room, "find the room", e);
    sql_query_text(&q, name);
    if (sql_query_next(&q)) {
        *out = (struct sql_room){.id = sql_query_number_at(&q, 0),
                                 .head = (uint64_t)sql_query_number_at(&q, 1),
                                 .oldest = (uint64_t)sql_query_number_at(&q, 2)};
    }
    return sql_query_end(&q) == 0 ? check_room(out, e) : -1;
}

int postgres_rows_add_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, insert_room, "make the room", e);
    sql_query_text(&q, name);
    sql_query_number(&q, clock_wall_ms());
    if (sql_query_insert(&q, &out->id) != 0) {
        return -1;
    }
    return out->id <= SQL_ROWS_ROOM_MAX ? 0 : err_set(e, ERR_SYSTEM, "The chat has no number left for a further room.");
}

int postgres_rows_raise_head(struct sql_store *s, const struct sql_room *room, struct err *e)
{
    struct sql_query q;
    if (postgres_batch_raise(mine(s), room)) {
        return 0;
    }
    sql_query_begin(&q, s, set_head, "raise the head", e);
    sql_query_number(&q, room->id);
    sql_query_number(&q, (int64_t)room->head);
    return sql_query_run(&q);
}

/* ---- messages: from a row ---- */

static struct sql_messages_text text_of(const struct sql_query *q, enum column column)
{
    if (sql_query_is_null_at(q, (int)column)) {
        return (struct sql_messages_text){.bytes = NULL};
    }
    return (struct sql_messages_text){.bytes = sql_query_text_at(q, (int)column),
                                      .length = sql_query_length_at(q, (int)column)};
}

static struct sql_messages_row row_of(const struct sql_query *q)
{
    return (struct sql_messages_row){
        .seq = (uint64_t)sql_query_number_at(q, COLUMN_MESSAGE_ID) & SQL_ROWS_SEQ_MAX,
        .time_ms = sql_query_number_at(q, COLUMN_TIME_MS),
        .type = (enum chat_type)sql_query_number_at(q, COLUMN_TYPE),
        .reply_to = (uint64_t)sql_query_number_at(q, COLUMN_REPLY_TO),
        .target = (uint64_t)sql_query_number_at(q, COLUMN_TARGET),
        .edited = (uint64_t)sql_query_number_at(q, COLUMN_EDITED),
        .sender = sql_query_number_at(q, COLUMN_SENDER),
        .state = (enum sql_state)sql_query_number_at(q, COLUMN_STATE),
        .name = text_of(q, COLUMN_NAME),
        .id = text_of(q, COLUMN_ID),
        .text = text_of(q, COLUMN_TEXT),
    };
}

static int compare(struct sql_query *q, struct store_job *job)
{
    if (sql_query_next(q)) {
        const struct sql_messages_row row = row_of(q);
        sql_messages_compare(&row, job);
    }
    return sql_query_end(q);
}

int postgres_rows_find_sent(struct sql_store *s, const struct sql_room *room, int64_t person_id, struct store_job *job,
                            struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, same_of_person, "look for the id", e);
    sql_query_number(&q, room->id);
    sql_query_number_or_null(&q, person_id);
    sql_query_text(&q, job->draft->name);
    sql_query_text(&q, job->draft->id);
    return compare(&q, job);
}

int postgres_rows_find_at(struct sql_store *s, int64_t message_id, struct store_job *job, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, same_at, "look for the id", e);
    sql_query_number(&q, message_id);
    sql_query_text(&q, job->draft->name);
    sql_query_text(&q, job->draft->id);
    return compare(&q, job);
}

/* ---- messages: from a draft ---- */

static void bind_draft(struct sql_query *q, const struct chat_draft *d, const struct sql_author *a)
{
    bool has_sender = a->flags != 0 || a->role >= CHAT_MODERATOR;
    sql_query_number(q, (int64_t)d->type);
    sql_query_number_or_null(q, (int64_t)d->reply_to);
    sql_query_text(q, d->name);
    sql_query_text(q, d->id);
    sql_query_number_or_null(q, (int64_t)d->target);
    sql_query_number_or_null(q, 0); /* edited */
    sql_query_number_or_null(q, has_sender ? sql_rows_sender(a) : 0);
    sql_query_number_or_null(q, a->is_shadow ? SQL_SHADOW : 0);
    sql_query_text(q, d->text != NULL && d->type != CHAT_EDIT ? d->text : "");
    sql_query_number(q, !d->id_is_made);
    sql_query_number_or_null(q, a->person_id);
    sql_query_blob(q, a->network, CHAT_NETWORK_BYTES);
}

int postgres_rows_add_message(struct sql_store *s, int64_t message_id, const struct sql_author *author,
                              const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e)
{
    struct sql_query q;
    uint64_t changed = 0;
    if (postgres_batch_add(mine(s), message_id, author, draft, time_ms, added)) {
        return 0;
    }
    sql_query_begin(&q, s, insert_message, "add the message", e);
    sql_query_number(&q, message_id);
    sql_query_number(&q, time_ms);
    bind_draft(&q, draft, author);
    int result = sql_query_change(&q, &changed);
    *added = changed != 0;
    return result;
}

/* ---- pages ---- */

int postgres_rows_read(struct sql_store *s, const struct store_range *range, struct store_page *page, struct err *e)
{
    struct sql_query q;
    uint64_t first = 0;
    uint64_t last = 0;
    size_t bytes = 0;
    if (!sql_messages_bounds(range, &first, &last)) {
        return 0;
    }
    sql_query_begin(&q, s, range->backwards ? descending : ascending, "read messages", e);
    sql_query_text(&q, range->room);
    sql_query_number(&q, (int64_t)first);
    sql_query_number(&q, (int64_t)last);
    sql_query_number(&q, (int64_t)range->limit + 1);
    sql_query_number(&q, range->viewer);
    sql_query_number(&q, range->budget < INT64_MAX ? (int64_t)range->budget : INT64_MAX);
    for (bool fits = true; fits && sql_query_next(&q);) {
        const struct sql_messages_row row = row_of(&q);
        fits = sql_messages_add(page, range, &row, &bytes);
    }
    sql_messages_end(page, range);
    return sql_query_end(&q);
}
