/* retain_messages.c - the oldest messages of rooms, and the networks of old ones (retain.h). */
#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/retain.h"
#include "store/sql/transaction.h"

enum {
    ROWS_MOST = 200,
    BYTES_MOST = 4 * 1024 * 1024, /* of texts: what is erased is overwritten */
};
#define DAY_MS INT64_C(86400000)

/* The first messages of a room, as far as they are old. */
struct stretch {
    int64_t room_id;
    int64_t first;     /* seq, as are the next two */
    int64_t last;      /* before first: none */
    int64_t above;     /* messages above it are kept by number; 0: none are removed by number */
    int64_t before_ms; /* messages of a time before it are old; 0: none is by its time */
};

static int64_t time_before(int64_t now_ms, uint64_t days)
{
    return days < (uint64_t)(now_ms / DAY_MS) ? now_ms - (int64_t)days * DAY_MS : 0;
}

/* Fills last: from first on, only while messages are old, so that nothing newer is reached. */
static int measure(struct sql_store *s, struct stretch *out, struct err *e)
{
    struct sql_query q;
    int rows = 0;
    size_t bytes = 0;
    out->last = out->first - 1;
    sql_query_begin(
        &q, s,
        "SELECT seq, time_ms, length(CAST(text AS BLOB)) FROM message"
        " WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + 68719476735 ORDER BY message_id LIMIT ?3",
        "look at old messages", e);
    sql_query_number(&q, out->room_id);
    sql_query_number(&q, out->first);
    sql_query_number(&q, ROWS_MOST);
    while (rows < ROWS_MOST && bytes < BYTES_MOST && sql_query_next(&q)) {
        int64_t seq = sql_query_number_at(&q, 0);
        if (seq > out->above && sql_query_number_at(&q, 1) >= out->before_ms) {
            break;
        }
        out->last = seq;
        rows++;
        bytes += (size_t)sql_query_number_at(&q, 2);
    }
    return sql_query_end(&q);
}

static int run_on(struct sql_store *s, const char *sql, const struct stretch *on, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, sql, "forget old messages", e);
    sql_query_number(&q, on->room_id);
    sql_query_number(&q, on->first);
    sql_query_number(&q, on->last);
    return sql_query_run(&q);
}

/* A row for one room: its number, oldest, head, days, count. ?1, ?2: the site's days and count; ?3:
 * now. A room's own numbers win. Only rooms where a tenth is too much, or an hour has passed: each
 * erasure ends with a scrubbing, which reads the whole file. */
#define DAYS "ifnull(keep_days, ?1)"
#define COUNT "ifnull(keep_count, ?2)"
#define AN_HOUR "3600000"
static const char due_room[] =
    "SELECT room_id, oldest, head, " DAYS ", " COUNT " FROM room WHERE oldest <= head AND"
    " ((" COUNT " > 0 AND head - oldest >= " COUNT " + min(200, " COUNT " / 10)) OR (" DAYS " > 0 AND"
    " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + oldest) < ?3 - " DAYS
    " * 86400000 - " AN_HOUR ")) LIMIT 1";

static int find_room(struct sql_store *s, const struct sql_retain_now *now, struct stretch *out, struct err *e)
{
    struct sql_query q;
    *out = (struct stretch){.room_id = 0};
    sql_query_begin(&q, s, due_room, "look for old messages", e);
    sql_query_number(&q, (int64_t)now->terms->keep_days);
    sql_query_number(&q, (int64_t)now->terms->keep_count);
    sql_query_number(&q, now->now_ms);
    if (sql_query_next(&q)) {
        int64_t head = sql_query_number_at(&q, 2);
        int64_t days = sql_query_number_at(&q, 3);
        int64_t count = sql_query_number_at(&q, 4);
        out->room_id = sql_query_number_at(&q, 0);
        out->first = sql_query_number_at(&q, 1);
        out->above = count > 0 && head > count ? head - count : 0;
        out->before_ms = days > 0 ? time_before(now->now_ms, (uint64_t)days) : 0;
    }
    return sql_query_end(&q);
}

bool sql_retain_messages_are_due(struct sql_store *s, const struct sql_retain_now *now)
{
    struct stretch stretch;
    return find_room(s, now, &stretch, NULL) == 0 && stretch.room_id != 0;
}

int sql_retain_messages(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    struct stretch old;
    if (find_room(s, now, &old, e) != 0 || (old.room_id != 0 && measure(s, &old, e) != 0)) {
        return -1;
    }
    if (old.room_id == 0 || old.last < old.first) {
        return 0;
    }
    if (run_on(s, "DELETE FROM report WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + ?3", &old, e) != 0 ||
        run_on(s, "DELETE FROM message WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + ?3", &old, e) != 0 ||
        run_on(s, "UPDATE room SET oldest = ?3 + 1 WHERE room_id = ?1 AND oldest = ?2", &old, e) != 0 ||
        sql_scrub_owe_later(s, e) != 0) {
        return -1;
    }
    now->changes->oldest_moved = true;
    return 0;
}

/* ---- networks ---- */

static int find_bare(struct sql_store *s, const struct sql_retain_now *now, struct stretch *out, struct err *e)
{
    struct sql_query q;
    *out = (struct stretch){.before_ms = time_before(now->now_ms, now->terms->address_days)};
    sql_query_begin(&q, s,
                    "SELECT room_id, max(bare + 1, oldest) FROM room WHERE max(bare + 1, oldest) <= head AND"
                    " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + max(bare + 1, oldest))"
                    " < ? - " AN_HOUR " LIMIT 1",
                    "look for old networks", e);
    sql_query_number(&q, out->before_ms);
    if (sql_query_next(&q)) {
        out->room_id = sql_query_number_at(&q, 0);
        out->first = sql_query_number_at(&q, 1);
    }
    return sql_query_end(&q);
}

bool sql_retain_networks_are_due(struct sql_store *s, const struct sql_retain_now *now)
{
    struct stretch stretch;
    return find_bare(s, now, &stretch, NULL) == 0 && stretch.room_id != 0;
}

int sql_retain_networks(struct sql_store *s, const struct sql_retain_now *now, struct err *e)
{
    struct stretch old;
    if (find_bare(s, now, &old, e) != 0 || (old.room_id != 0 && measure(s, &old, e) != 0)) {
        return -1;
    }
    if (old.room_id == 0 || old.last < old.first) {
        return 0;
    }
    return run_on(s,
                  "UPDATE message SET network = NULL"
                  " WHERE message_id BETWEEN (?1 << 36) + ?2 AND (?1 << 36) + ?3 AND network IS NOT NULL",
                  &old, e) == 0 &&
                   run_on(s, "UPDATE room SET bare = ?3 WHERE room_id = ?1 AND bare < ?3 AND ?2 > 0", &old, e) == 0
               ? 0
               : -1;
}
