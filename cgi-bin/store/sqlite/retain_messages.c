/* retain_messages.c - the oldest messages of rooms, and the networks of old ones (retain.h). */
#include "base/err.h"
#include "store/sqlite/private/query.h"
#include "store/sqlite/private/retain.h"
#include "store/sqlite/private/scrub.h"

enum {
    ROWS_MOST = 200,
    BYTES_MOST = 4 * 1024 * 1024, /* of texts: what is erased is overwritten */
};
#define DAY_MS INT64_C(86400000)

/* The first messages of a room, as far as they are old. */
struct stretch {
    sqlite3_int64 room_id;
    sqlite3_int64 first; /* seq, as are the next two */
    sqlite3_int64 last;  /* before first: none */
    sqlite3_int64 above; /* messages above it are kept by number; 0: none are removed by number */
    int64_t before_ms;   /* messages of a time before it are old; 0: none is by its time */
};

static int64_t time_before(int64_t now_ms, uint64_t days)
{
    return days < (uint64_t)(now_ms / DAY_MS) ? now_ms - (int64_t)days * DAY_MS : 0;
}

/* Fills last: from first on, only while messages are old, so that nothing newer is reached. */
static int measure(struct sqlite_handle *s, struct stretch *out, struct err *e)
{
    struct sqlite_query q;
    int rows = 0;
    int bytes = 0;
    out->last = out->first - 1;
    sqlite_query_begin(&q, s,
                       "SELECT seq, time_ms, text FROM message WHERE message_id BETWEEN (?1 << 36) + ?2 AND"
                       " (?1 << 36) + 68719476735 ORDER BY message_id",
                       "look at old messages", e);
    sqlite_query_number(&q, out->room_id);
    sqlite_query_number(&q, out->first);
    while (rows < ROWS_MOST && bytes < BYTES_MOST && sqlite_query_next(&q)) {
        sqlite3_int64 seq = sqlite_query_number_at(&q, 0);
        if (seq > out->above && sqlite_query_number_at(&q, 1) >= out->before_ms) {
            break;
        }
        out->last = seq;
        rows++;
        bytes += sqlite3_column_bytes(q.statement, 2);
    }
    return sqlite_query_end(&q);
}

static int run_on(struct sqlite_handle *s, const char *sql, const struct stretch *on, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, sql, "forget old messages", e);
    sqlite_query_number(&q, on->room_id);
    sqlite_query_number(&q, on->first);
    sqlite_query_number(&q, on->last);
    return sqlite_query_run(&q);
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

static int find_room(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct stretch *out, struct err *e)
{
    struct sqlite_query q;
    *out = (struct stretch){.room_id = 0};
    sqlite_query_begin(&q, s, due_room, "look for old messages", e);
    sqlite_query_number(&q, (sqlite3_int64)now->terms->keep_days);
    sqlite_query_number(&q, (sqlite3_int64)now->terms->keep_count);
    sqlite_query_number(&q, now->now_ms);
    if (sqlite_query_next(&q)) {
        sqlite3_int64 head = sqlite_query_number_at(&q, 2);
        sqlite3_int64 days = sqlite_query_number_at(&q, 3);
        sqlite3_int64 count = sqlite_query_number_at(&q, 4);
        out->room_id = sqlite_query_number_at(&q, 0);
        out->first = sqlite_query_number_at(&q, 1);
        out->above = count > 0 && head > count ? head - count : 0;
        out->before_ms = days > 0 ? time_before(now->now_ms, (uint64_t)days) : 0;
    }
    return sqlite_query_end(&q);
}

bool sqlite_retain_messages_are_due(struct sqlite_handle *s, const struct sqlite_retain_now *now)
{
    struct stretch stretch;
    return find_room(s, now, &stretch, NULL) == 0 && stretch.room_id != 0;
}

int sqlite_retain_messages(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct err *e)
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
        sqlite_scrub_owe_later(s, e) != 0) {
        return -1;
    }
    now->changes->oldest_moved = true;
    return 0;
}

/* ---- networks ---- */

static int find_bare(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct stretch *out, struct err *e)
{
    struct sqlite_query q;
    *out = (struct stretch){.before_ms = time_before(now->now_ms, now->terms->address_days)};
    sqlite_query_begin(&q, s,
                       "SELECT room_id, max(bare + 1, oldest) FROM room WHERE max(bare + 1, oldest) <= head AND"
                       " (SELECT time_ms FROM message WHERE message_id = (room.room_id << 36) + max(bare + 1, oldest))"
                       " < ? - " AN_HOUR " LIMIT 1",
                       "look for old networks", e);
    sqlite_query_number(&q, out->before_ms);
    if (sqlite_query_next(&q)) {
        out->room_id = sqlite_query_number_at(&q, 0);
        out->first = sqlite_query_number_at(&q, 1);
    }
    return sqlite_query_end(&q);
}

bool sqlite_retain_networks_are_due(struct sqlite_handle *s, const struct sqlite_retain_now *now)
{
    struct stretch stretch;
    return find_bare(s, now, &stretch, NULL) == 0 && stretch.room_id != 0;
}

int sqlite_retain_networks(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct err *e)
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
