/* sse.c - see sse.h. */
#include "format/sse.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>

enum { SEQ_TEXT = 21 }; /* digits of 2^64, and the NUL */

/* JSON has no line breaks, so one data line holds it. */
void sse_cursor(struct buf *out, const struct answer *a)
{
    buf_adds(out, "event: cursor\ndata: ");
    json_position(out, a);
    buf_adds(out, "\n\n");
}

void sse_opening(struct buf *out, const struct answer *a, unsigned retry_ms)
{
    buf_addf(out, "retry: %u\n", retry_ms);
    sse_cursor(out, a);
}

void sse_heartbeat(struct buf *out)
{
    buf_adds(out, ":\n\n");
}

/* A room's position before its first message in this answer: the one that message follows. Without
 * messages, the position after the answer. */
static uint64_t start_of(const struct answer_room *room)
{
    return room->count > 0 ? room->messages[0].seq - 1 : room->next;
}

static void add_id(struct buf *out, const struct answer *a, size_t current, uint64_t seq)
{
    if (!a->several) {
        buf_addf(out, "id: %llu\n", (unsigned long long)seq);
        return;
    }
    /* the answer goes room by room: the rooms before this one are done */
    for (size_t i = 0; i < a->count; i++) {
        uint64_t at = i < current ? a->rooms[i].next : i == current ? seq : start_of(&a->rooms[i]);
        buf_addf(out, "%s%s:%llu", i == 0 ? "id: " : ",", a->rooms[i].name, (unsigned long long)at);
    }
    buf_addc(out, '\n');
}

void sse_messages(struct buf *out, const struct answer *a)
{
    for (size_t r = 0; r < a->count; r++) {
        for (size_t i = 0; i < a->rooms[r].count; i++) {
            const struct chat_message *m = &a->rooms[r].messages[i];
            add_id(out, a, r, m->seq);
            buf_adds(out, "data: ");
            json_message(out, a->several ? a->rooms[r].name : NULL, m);
            buf_adds(out, "\n\n");
        }
    }
}

/* ---- coming back ---- */

static int bad_id(struct err *e)
{
    return err_field(e, ERR_INPUT, "Last-Event-ID",
                     "Last-Event-ID must be the id of an event of this stream: a seq, or room:seq of each room.");
}

static int set_since(struct query_room *room, const char *digits, size_t length)
{
    char text[SEQ_TEXT];
    if (length >= sizeof text) {
        return -1;
    }
    snprintf(text, sizeof text, "%.*s", (int)length, digits);
    room->now = false;
    return str_u64(text, 0, CHAT_SEQ_MAX, &room->since);
}

static struct query_room *find_room(struct query *q, const char *name, size_t length)
{
    for (size_t i = 0; i < q->count; i++) {
        if (strlen(q->rooms[i].name) == length && memcmp(q->rooms[i].name, name, length) == 0) {
            return &q->rooms[i];
        }
    }
    return NULL;
}

/* "lobby:41" */
static int resume_room(struct query *q, const char *part, size_t length)
{
    const char *colon = memchr(part, ':', length);
    struct query_room skipped;
    if (colon == NULL) {
        return -1;
    }
    size_t name_length = (size_t)(colon - part);
    struct query_room *room = find_room(q, part, name_length);
    return set_since(room != NULL ? room : &skipped, colon + 1, length - name_length - 1);
}

int sse_resume(struct query *q, const char *id, struct err *e)
{
    q->kind = QUERY_SINCE;
    if (strchr(id, ':') == NULL) {
        return q->count == 1 && set_since(&q->rooms[0], id, strlen(id)) == 0 ? 0 : bad_id(e);
    }
    for (const char *part = id;; part++) {
        size_t length = strcspn(part, ",");
        if (resume_room(q, part, length) != 0) {
            return bad_id(e);
        }
        part += length;
        if (*part == '\0') {
            return 0;
        }
    }
}
