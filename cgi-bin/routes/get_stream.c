/* get_stream.c - see get_stream.h. */
#include "routes/get_stream.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "base/random.h"
#include "chat/answer.h"
#include "chat/form.h"
#include "chat/query.h"
#include "format/json.h"
#include "format/sse.h"
#include "format/tsv.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "shared/metrics_file.h"
#include "site/reading.h"
#include "site/site.h"
#include "system/conf.h"
#include "wait/waiting.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    /* About this many bytes of text are read and written at once while a client catches up: what a
     * slow client costs in memory. */
    PIECE_BYTES = 64 * 1024,
    RETRY_MS = 1000, /* a client reconnects after this time or up to twice as long, so that not all come at once */
};

/* ---- what is written ---- */

static const char *type_of(enum query_format format)
{
    switch (format) {
    case QUERY_NDJSON:
        return "application/x-ndjson";
    case QUERY_TEXT:
        return "text/plain; charset=utf-8";
    case QUERY_JSON:
        break;
    }
    return "text/event-stream";
}

static void add_cursor(struct buf *out, enum query_format format, const struct answer *a)
{
    if (format == QUERY_JSON) {
        sse_cursor(out, a);
    } else if (format == QUERY_NDJSON) {
        json_position(out, a);
        buf_addc(out, '\n');
    }
}

static void add_messages(struct buf *out, enum query_format format, const struct answer *a)
{
    if (format == QUERY_JSON) {
        sse_messages(out, a);
    } else if (format == QUERY_TEXT) {
        tsv_answer(out, a);
    } else {
        json_messages_lines(out, a);
    }
}

static unsigned random_retry(void)
{
    unsigned short random = 0;
    random_fill(&random, sizeof random);
    return RETRY_MS + random % RETRY_MS;
}

static void add_opening(struct buf *out, enum query_format format, const struct answer *a)
{
    if (format == QUERY_JSON) {
        sse_opening(out, a, random_retry());
    } else {
        add_cursor(out, format, a);
    }
}

void get_stream_heartbeat(void *program, const struct query *q, struct buf *out)
{
    (void)program;
    if (q->format == QUERY_JSON) {
        sse_heartbeat(out);
    } else if (q->format == QUERY_NDJSON) {
        buf_addc(out, '\n');
    } /* as text each line is a message, so there is nothing to send */
}

static bool has_gap(const struct answer *a)
{
    bool gap = false;
    for (size_t i = 0; i < a->count; i++) {
        gap = gap || a->rooms[i].gap;
    }
    return gap;
}

/* True when a position moved. */
static bool move_on(struct query *q, const struct answer *a)
{
    bool moved = false;
    for (size_t i = 0; i < q->count; i++) {
        moved = moved || q->rooms[i].since != a->rooms[i].next;
        q->rooms[i].since = a->rooms[i].next;
    }
    return moved;
}

static enum news_found add_news(struct query *q, const struct reading *g, struct buf *out)
{
    if (g->nothing_new || !move_on(q, &g->answer)) {
        return NEWS_NONE;
    }
    if (has_gap(&g->answer)) {
        add_cursor(out, q->format, &g->answer);
    }
    add_messages(out, q->format, &g->answer);
    return g->answer.more ? NEWS_MORE : NEWS_SOME;
}

enum news_found get_stream_events(void *program, struct query *q, struct buf *out)
{
    const struct poll_program *p = program;
    struct err e = ERR_INIT;
    const struct reading_how how = {.budget = PIECE_BYTES};
    struct reading g;
    int holds = caller_holds(p->site, q);
    if (holds != 1) {
        return holds == 0 ? NEWS_END : NEWS_NONE;
    }
    bool read = reading_take(&g, p->site, q, &how, &e) == 0;
    /* A store that is busy for a moment doesn't end the stream; another database does, and the
     * client learns of it when it reconnects. */
    enum news_found news = read ? add_news(q, &g, out) : e.code == ERR_EPOCH ? NEWS_END : NEWS_NONE;
    reading_fini(&g);
    return news;
}

/* ---- how it begins ---- */

static uint64_t begin_of(const struct query *q, const struct query_room *asked, const struct answer_room *room)
{
    if (q->kind == QUERY_LAST) {
        uint64_t first = room->head > q->limit ? room->head - q->limit : 0;
        return first + 1 < room->oldest ? room->oldest - 1 : first;
    }
    return asked->now || asked->since > room->head ? room->head : asked->since;
}

/* The heads of the rooms are known. Sets where the stream begins: in *from and in the answer from
 * which its cursor is made. */
static void set_begin(const struct query *q, struct reading *g, struct query *from)
{
    *from = *q;
    from->stream = true;
    from->kind = QUERY_SINCE;
    from->limit = QUERY_LIMIT_MAX;
    from->wait = 0;
    snprintf(from->epoch, sizeof from->epoch, "%s", g->epoch);
    for (size_t i = 0; i < q->count; i++) {
        struct answer_room *room = &g->rooms[i];
        room->next = begin_of(q, &q->rooms[i], room);
        room->gap = room->next + 1 < room->oldest;
        from->rooms[i].since = room->next;
        from->rooms[i].now = false;
    }
}

/* Reads the positions alone. */
static int find_heads(const struct poll_program *p, const struct query *q, struct query *heads, struct reading *g,
                      struct err *e)
{
    const struct reading_how how = {.budget = PIECE_BYTES};
    *heads = *q;
    heads->kind = QUERY_SINCE;
    for (size_t i = 0; i < heads->count; i++) {
        heads->rooms[i].now = true;
    }
    return reading_take(g, p->site, heads, &how, e);
}

static int refuse(const struct poll_program *p, struct err *e)
{
    metrics_file_add(site_metrics(p->site), METRICS_TURNED_AWAY, 1);
    return err_set(e, ERR_STREAM, "A stream isn't possible here now. GET /poll returns the same messages.");
}

/* Takes the request when it returns 0. q->wait: seconds that the stream may last. */
static int begin(struct request *request, struct poll_program *p, const struct conf *conf, const struct query *q,
                 struct reading *g, struct err *e)
{
    struct query heads;
    struct query from;
    struct reply r;
    int result = 0;
    if (conf->max_stream == 0 || !waiting_can_stream(p->waiting, request)) {
        return refuse(p, e);
    }
    if (find_heads(p, q, &heads, g, e) != 0) {
        return -1;
    }
    set_begin(q, g, &from);
    reply_init(&r, 200);
    reply_header(&r, "Content-Type", type_of(q->format));
    reply_header(&r, "Cache-Control", "no-store, no-transform");
    if (request_method(request) == REQUEST_HEAD) {
        r.endless = true;
        reply_send(request, &r);
    } else {
        add_opening(&r.body, q->format, &g->answer);
        result = waiting_stream(p->waiting, request, &from, &r, q->wait, conf) ? 0 : refuse(p, e);
    }
    reply_fini(&r);
    return result;
}

static int parse(struct request *request, const struct form *fields, struct query *q, struct err *e)
{
    const char *last = request_variable(request, "HTTP_LAST_EVENT_ID");
    if (query_parse(fields, q, e) != 0) {
        return -1;
    }
    if (q->kind == QUERY_BEFORE) {
        return err_field(e, ERR_INPUT, "before", "A stream can't begin with before; use since or last.");
    }
    return last != NULL ? sse_resume(q, last, e) : 0;
}

/* The stream ends when the client's token does. */
static int check_reader(struct handler_input *in, struct query *q, struct err *e)
{
    q->wait = (unsigned)in->conf->max_stream;
    int result = caller_may_read(&in->caller, q, e);
    q->wait = q->wait > 0 ? q->wait : 1;
    return result;
}

void get_stream(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct query q;
    struct reading *g = ck_calloc(1, sizeof *g);
    struct handler_input in;
    if (handler_begin(&in, p->site, request, METRICS_STREAM_REQUESTS, &e) != 0 ||
        parse(request, in.fields, &q, &e) != 0 || check_reader(&in, &q, &e) != 0 ||
        begin(request, p, in.conf, &q, g, &e) != 0) {
        reply_send_problem(request, &e, e.code == ERR_EPOCH ? g->epoch : NULL, NULL);
    }
    handler_end(&in);
    reading_fini(g);
    free(g);
}
