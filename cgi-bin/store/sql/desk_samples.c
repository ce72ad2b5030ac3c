/* desk_samples.c - see desk_samples.h. */
#include "store/sql/desk_samples.h"

#include "base/ck.h"

static const int64_t HOUR_MS = 3600000;
static const int64_t DAY_MS = 86400000;

static struct store_cell *cell(const struct sql_desk *d, size_t row, size_t column)
{
    return &d->page->cells[row * d->page->columns + column];
}

/* ---- bytes of a room ---- */

/* What a message takes beside its text and name: its row's header and numbers, and its entry in the
 * index of ids. */
enum { SAMPLES = 16, ROW_BYTES = 90 };

static int sample_bytes(struct sql_store *s, int64_t room_id, int64_t oldest, int64_t head, int64_t *out, struct err *e)
{
    struct sql_query q;
    int64_t count = head - oldest + 1;
    int64_t step = count > SAMPLES ? count / SAMPLES : 1;
    sql_query_begin(&q, s,
                    "WITH RECURSIVE at (seq) AS (SELECT ?2 UNION ALL SELECT seq + ?4 FROM at WHERE seq + ?4 <= ?3)"
                    " SELECT avg(length(CAST(text AS BLOB)) + length(name) + length(id)) FROM at CROSS JOIN message"
                    " ON message_id = (?1 << 36) + at.seq",
                    "look at some messages", e);
    sql_query_number(&q, room_id);
    sql_query_number(&q, oldest);
    sql_query_number(&q, head);
    sql_query_number(&q, step);
    *out = sql_query_next(&q) ? (sql_query_number_at(&q, 0) + ROW_BYTES) * count : 0;
    return sql_query_end(&q);
}

int sql_desk_samples_bytes(struct sql_desk *d, struct err *e)
{
    enum { ID, HEAD = 9, OLDEST, BYTES = 14 };
    int result = 0;
    for (size_t i = 0; result == 0 && i < d->page->count; i++) {
        int64_t head = cell(d, i, HEAD)->number;
        int64_t oldest = cell(d, i, OLDEST)->number;
        if (oldest <= head) {
            result = sample_bytes(d->s, cell(d, i, ID)->number, oldest, head, &cell(d, i, BYTES)->number, e);
        }
    }
    return result;
}

/* ---- messages of a person ---- */

enum { PERSON_ID = 0, MESSAGES_HOUR = 13, USED_LATE_MS = 600000, ROOMS_MOST = 32 };

/* The person's line of the page; NULL: it is on another page. */
static struct store_cell *find_messages(const struct sql_desk *d, int64_t person_id)
{
    for (size_t i = 0; i < d->page->count; i++) {
        if (cell(d, i, PERSON_ID)->number == person_id) {
            return cell(d, i, MESSAGES_HOUR);
        }
    }
    return NULL;
}

static int count_in_room(struct sql_desk *d, int64_t room_id, int64_t head, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, d->s,
                    "SELECT person_id, count(*) FROM message WHERE message_id > (?1 << 36) + ?2"
                    " AND message_id <= (?1 << 36) + ?3 AND time_ms > ?4 AND type = 1 GROUP BY person_id",
                    "count messages", e);
    sql_query_number(&q, room_id);
    sql_query_number(&q, head > STORE_DESK_RECENT ? head - STORE_DESK_RECENT : 0);
    sql_query_number(&q, head);
    sql_query_number(&q, d->now_ms - HOUR_MS);
    while (sql_query_next(&q)) {
        struct store_cell *messages = find_messages(d, sql_query_number_at(&q, 0));
        if (messages != NULL) {
            messages->number += sql_query_number_at(&q, 1);
        }
    }
    return sql_query_end(&q);
}

struct recent_room {
    int64_t id;
    int64_t head;
};

/* Adds the rooms in which the person wrote lately to those that are known. */
static int find_rooms(struct sql_desk *d, int64_t person_id, struct recent_room *rooms, size_t *count, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, d->s,
                    "SELECT DISTINCT used_room, head FROM name JOIN room ON room_id = used_room"
                    " WHERE person_id = ? AND used_ms > ?",
                    "find rooms", e);
    sql_query_number(&q, person_id);
    sql_query_number(&q, d->now_ms - HOUR_MS - USED_LATE_MS);
    while (*count < ROOMS_MOST && sql_query_next(&q)) {
        size_t at = 0;
        int64_t id = sql_query_number_at(&q, 0);
        while (at < *count && rooms[at].id != id) {
            at++;
        }
        rooms[at] = (struct recent_room){.id = id, .head = sql_query_number_at(&q, 1)};
        *count = at == *count ? at + 1 : *count;
    }
    return sql_query_end(&q);
}

int sql_desk_samples_messages(struct sql_desk *d, struct err *e)
{
    struct recent_room rooms[ROOMS_MOST];
    size_t count = 0;
    int result = 0;
    for (size_t i = 0; result == 0 && i < d->page->count; i++) {
        result = find_rooms(d, cell(d, i, PERSON_ID)->number, rooms, &count, e);
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = count_in_room(d, rooms[i].id, rooms[i].head, e);
    }
    return result;
}

/* ---- space ---- */

int sql_desk_samples_space(struct sql_desk *d, struct err *e)
{
    enum { BYTES, LOG_BYTES, FREE_BYTES, PAGE_BYTES };
    struct sql_space space;
    if (d->s->engine->space(d->s, &space, e) != 0) {
        return -1;
    }
    cell(d, 0, BYTES)->number = space.all;
    cell(d, 0, LOG_BYTES)->number = space.log;
    cell(d, 0, FREE_BYTES)->number = space.unused;
    cell(d, 0, PAGE_BYTES)->number = space.page;
    return 0;
}

/* ---- days ---- */

enum { DAYS = STORE_DESK_DAYS_SHOWN };

struct days {
    int64_t begin[DAYS + 1]; /* of each day; the last one: the end of today */
    int64_t messages[DAYS];
    struct sql_query time; /* finds the time of a message */
};

/* A room's messages are in the order of time, but for a clock that was set. The statement is the
 * same for thousands of looks. */
static int time_at(struct days *days, int64_t message_id, int64_t *out)
{
    sql_query_again(&days->time);
    sql_query_number(&days->time, message_id);
    *out = sql_query_next(&days->time) ? sql_query_number_at(&days->time, 0) : 0;
    return days->time.result;
}

/* The first message of [low, high) that is not before the time; high if there is none. */
static int find_first(struct days *days, int64_t low, int64_t high, int64_t time, int64_t *out)
{
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int64_t at = 0;
        if (time_at(days, middle, &at) != 0) {
            return -1;
        }
        low = at < time ? middle + 1 : low;
        high = at < time ? high : middle;
    }
    *out = low;
    return 0;
}

/* From the newest day backwards, so that a room without new messages costs one look. */
static int count_room(struct days *days, int64_t low, int64_t high)
{
    for (size_t i = DAYS; i-- > 0 && low < high;) {
        int64_t last = 0;
        int64_t first = high;
        if (time_at(days, high - 1, &last) != 0) {
            return -1;
        }
        if (last < days->begin[0]) {
            return 0;
        }
        if (last >= days->begin[i] && find_first(days, low, high, days->begin[i], &first) != 0) {
            return -1;
        }
        days->messages[i] += high - first;
        high = first;
    }
    return 0;
}

static int count_rooms(struct sql_desk *d, struct days *days, struct err *e)
{
    struct sql_query q;
    int result = 0;
    sql_query_begin(&q, d->s,
                    "SELECT (room_id << 36) + oldest, (room_id << 36) + head + 1 FROM room"
                    " WHERE ?1 = 0 OR room_id = ?1 ORDER BY head DESC LIMIT ?2",
                    "find the rooms", e);
    sql_query_number(&q, d->room_id);
    sql_query_number(&q, STORE_DESK_DAYS_ROOMS);
    while (result == 0 && sql_query_next(&q)) {
        result = count_room(days, sql_query_number_at(&q, 0), sql_query_number_at(&q, 1));
    }
    int ended = sql_query_end(&q);
    return result == 0 ? ended : result;
}

static int count_all(struct sql_desk *d, struct days *days, struct err *e)
{
    sql_query_begin(&days->time, d->s, "SELECT time_ms FROM message WHERE message_id = ?", "read times", e);
    int result = count_rooms(d, days, e);
    int ended = sql_query_end(&days->time);
    return result == 0 ? ended : result;
}

int sql_desk_samples_days(struct sql_desk *d, struct err *e)
{
    struct days days = {.messages = {0}};
    int64_t today = d->now_ms - d->now_ms % DAY_MS;
    for (size_t i = 0; i <= DAYS; i++) {
        days.begin[i] = today + ((int64_t)i + 1 - DAYS) * DAY_MS;
    }
    if (count_all(d, &days, e) != 0) {
        return -1;
    }
    d->page->count = DAYS;
    d->page->cells = ck_calloc((size_t)DAYS * 2, sizeof *d->page->cells);
    for (size_t i = 0; i < DAYS; i++) {
        *cell(d, i, 0) = (struct store_cell){.kind = STORE_CELL_TIME, .number = days.begin[i]};
        *cell(d, i, 1) = (struct store_cell){.kind = STORE_CELL_NUMBER, .number = days.messages[i]};
    }
    return 0;
}
