/* fuzz_query.c - query.h on any query string, and sse.h on any event id. An accepted query, written
 * in full, is accepted as the same query. */
#include "fuzz.h"

#include "chat/query.h"
#include "format/sse.h"

static void query_check_limits(const struct query *q)
{
    CK(q->count >= 1 && q->count <= QUERY_ROOMS_MAX && (q->count == 1 || q->several));
    CK(q->limit >= 1 && q->limit <= QUERY_LIMIT_MAX && q->wait <= QUERY_WAIT_MAX);
    CK(q->kind != QUERY_BEFORE || (q->before >= 1 && q->before <= CHAT_SEQ_MAX));
    CK(q->kind == QUERY_SINCE || !q->several);
    CK(strlen(q->epoch) < sizeof q->epoch);
    for (size_t i = 0; i < q->count; i++) {
        CK(chat_room_valid(q->rooms[i].name, strlen(q->rooms[i].name)));
        CK(q->rooms[i].since <= CHAT_SEQ_MAX && (!q->rooms[i].now || q->rooms[i].since == 0));
        for (size_t other = 0; other < i; other++) {
            CK(strcmp(q->rooms[i].name, q->rooms[other].name) != 0);
        }
    }
}

static void query_write_rooms(struct buf *out, const struct query *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct query_room *room = &q->rooms[i];
        buf_addf(out, q->several ? "&room=%s:" : "&room=%s", room->name);
        if (q->kind == QUERY_SINCE) {
            buf_adds(out, q->several ? "" : "&since=");
            buf_addf(out, room->now ? "now" : "%llu", (unsigned long long)room->since);
        }
    }
}

static void query_write(struct buf *out, const struct query *q)
{
    static const char *const formats[] = {"json", "ndjson", "text"};
    buf_addf(out, "format=%s&wait=%u&limit=%u", formats[q->format], q->wait, (unsigned)q->limit);
    query_write_rooms(out, q);
    if (q->kind == QUERY_BEFORE) {
        buf_addf(out, "&before=%llu", (unsigned long long)q->before);
    } else if (q->kind == QUERY_LAST) {
        buf_addf(out, "&last=%u", (unsigned)q->limit);
    }
    if (q->epoch[0] != '\0') {
        buf_adds(out, "&epoch=");
        fuzz_encode(out, q->epoch, strlen(q->epoch));
    }
}

static void query_check_round_trip(const struct query *q)
{
    struct buf text;
    struct form fields;
    struct query again;
    buf_init(&text, BUF_UNLIMITED);
    form_init(&fields);
    query_write(&text, q);
    CK(form_parse(&fields, text.bytes, text.length, NULL) == 0);
    CK(query_parse(&fields, &again, NULL) == 0);
    CK(again.kind == q->kind && again.format == q->format && again.count == q->count && again.several == q->several);
    CK(again.before == q->before && again.limit == q->limit && again.wait == q->wait &&
       strcmp(again.epoch, q->epoch) == 0);
    for (size_t i = 0; i < q->count; i++) {
        CK(strcmp(again.rooms[i].name, q->rooms[i].name) == 0 && again.rooms[i].now == q->rooms[i].now);
        CK(again.rooms[i].since == q->rooms[i].since);
    }
    form_fini(&fields);
    buf_fini(&text);
}

/* Takes the same bytes as the Last-Event-ID of a stream of one room and of two. */
static void query_check_resume(const char *id)
{
    for (size_t count = 1; count <= 2; count++) {
        struct err e = ERR_INIT;
        struct query q;
        memset(&q, 0, sizeof q);
        q.count = count;
        q.several = count > 1;
        q.limit = 1;
        memcpy(q.rooms[0].name, "lobby", 5);
        memcpy(q.rooms[1].name, "dev", 3);
        if (sse_resume(&q, id, &e) == 0) {
            CK(e.code == ERR_NONE);
            query_check_limits(&q);
        } else {
            fuzz_check_error(&e);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct form fields;
    struct query q;
    struct err e = ERR_INIT;
    form_init(&fields);
    if (form_parse(&fields, bytes, size, NULL) == 0) {
        int result = query_parse(&fields, &q, &e);
        CK((result == 0) == (e.code == ERR_NONE));
        if (result == 0) {
            query_check_limits(&q);
            query_check_round_trip(&q);
        } else {
            fuzz_check_error(&e);
        }
    }
    query_check_resume(bytes);
    form_fini(&fields);
    free(bytes);
    return 0;
}
