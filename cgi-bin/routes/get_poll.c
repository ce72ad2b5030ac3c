/* get_poll.c - see get_poll.h. */
#include "routes/get_poll.h"

#include "base/clock.h"
#include "base/err.h"
#include "chat/answer.h"
#include "chat/query.h"
#include "format/json.h"
#include "format/tsv.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "shared/metrics_file.h"
#include "site/head_files.h"
#include "site/reading.h"
#include "site/site.h"
#include "wait/poll_after.h"
#include "wait/wait_cgi.h"
#include "wait/waiting.h"
#include "web/reply.h"
#include "web/request.h"

enum {
    AGAIN_MS = 500, /* before another try to read a store that was busy or is damaged */
};

/* ---- answers ---- */

static void render(struct reply *r, enum query_format format, const struct answer *a)
{
    switch (format) {
    case QUERY_JSON:
        reply_header(r, "Content-Type", "application/json");
        json_answer(&r->body, a);
        break;
    case QUERY_NDJSON:
        reply_header(r, "Content-Type", "application/x-ndjson");
        json_answer_lines(&r->body, a);
        break;
    case QUERY_TEXT:
        reply_header(r, "Content-Type", "text/plain; charset=utf-8");
        tsv_answer(&r->body, a);
        break;
    }
}

static void fill_reply(struct reply *r, const struct query *q, const struct reading *g)
{
    r->status = g->unchanged ? 304 : 200;
    reply_header(r, "ETag", g->etag);
    if (!g->unchanged) {
        render(r, q->format, &g->answer);
    }
}

/* closes: the client asked to wait, but gets an answer at once and will ask again in some seconds.
 * Meanwhile its idle connection would count against the web server's limit, and there may be ten
 * times as many such clients as connections. */
static void answer_reading(struct request *request, const struct query *q, struct reading *g, bool closes)
{
    struct reply r;
    reply_init(&r, 200);
    fill_reply(&r, q, g);
    reading_drop_messages(g);
    if (closes) {
        reply_header(&r, "Connection", "close");
    }
    reply_send(request, &r);
    reply_fini(&r);
}

static struct reading_how how_to_read(const struct poll_program *p, const struct conf *conf)
{
    return (struct reading_how){.budget = poll_program_answer_bytes(p, conf), .poll_after = (unsigned)conf->poll_after};
}

/* ---- waiting ---- */

int get_poll_render(void *program, const struct query *q, bool final, struct reply *r)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct reading g;
    struct reading_how how = how_to_read(p, site_loaded_conf(p->site));
    how.always = true;
    int holds = caller_holds(p->site, q);
    if (holds == 0) {
        caller_must_ask_again(&e);
        reply_problem(r, &e, q->format == QUERY_TEXT, NULL);
        return 1;
    }
    if (holds < 0 && !final) {
        return 0; /* the store is busy for a moment */
    }
    bool read = reading_take(&g, p->site, q, &how, &e) == 0;
    /* A store that is busy for a moment doesn't end the wait; another database does. */
    int result = read ? !g.nothing_new || final : e.code == ERR_EPOCH || final;
    if (result != 0 && read) {
        g.answer.wait = q->wait;
        fill_reply(r, q, &g);
    } else if (result != 0) {
        reply_problem(r, &e, q->format == QUERY_TEXT, e.code == ERR_EPOCH ? g.epoch : NULL);
    }
    reading_fini(&g);
    return result;
}

static unsigned granted(const struct query *q, const struct conf *conf)
{
    return q->wait < conf->max_wait ? q->wait : (unsigned)conf->max_wait;
}

/* The query of a client that waits: from the positions that were found, for the time that is
 * granted. */
static struct query waiting_query(const struct query *q, const struct reading *g, const struct conf *conf)
{
    struct query w = *q;
    w.wait = granted(q, conf);
    for (size_t i = 0; i < w.count; i++) {
        w.rooms[i].since = g->rooms[i].next;
        w.rooms[i].now = false;
    }
    return w;
}

/* Plain CGI: the process itself waits, if there is a slot for it. *g is then the reading at the end
 * of the wait; it points into w. -1 with the error of the last reading. */
static int wait_here(struct poll_program *p, const struct request *request, const struct query *w,
                     const struct conf *conf, struct reading *g, struct err *e)
{
    const struct reading_how how = how_to_read(p, conf);
    int64_t end = clock_mono_ms() + (int64_t)w->wait * 1000;
    struct wait_cgi *waiter = wait_cgi_begin(p->waiting, request, w->wait, conf);
    bool goes_on = true;
    int result = 0;
    if (waiter == NULL) {
        metrics_file_add(site_metrics(p->site), METRICS_TURNED_AWAY, 1);
        return 0;
    }
    for (;;) {
        /* read the clock before the store, so that the last look is at the end */
        int64_t left = goes_on ? end - clock_mono_ms() : 0;
        reading_fini(g);
        err_clear(e);
        if (caller_holds(p->site, w) == 0) {
            result = caller_must_ask_again(e);
            break;
        }
        result = reading_take(g, p->site, w, &how, e);
        if (left <= 0 || (result == 0 && !g->nothing_new) || e->code == ERR_EPOCH) {
            break;
        }
        if (result != 0) {
            /* rings must not wake it: its own failed reading may have rung */
            clock_sleep_ms((int)(left < AGAIN_MS ? left : AGAIN_MS));
        }
        goes_on = wait_cgi_sleep(waiter, result == 0 ? (int)left : 0);
    }
    g->answer.wait = w->wait;
    wait_cgi_end(waiter);
    return result;
}

/* Tells a client that doesn't wait where it can watch each room. Not in a page of old messages. The
 * answer borrows the addresses. */
static void tell_watch(struct poll_program *p, const struct query *q, struct reading *g,
                       char addresses[QUERY_ROOMS_MAX][HEAD_FILES_ADDRESS_SIZE])
{
    if (g->answer.wait != 0 || g->unchanged || q->kind == QUERY_BEFORE || q->format == QUERY_TEXT || q->rules != 0) {
        return;
    }
    for (size_t i = 0; i < q->count; i++) {
        struct answer_room *room = &g->rooms[i];
        room->watch = head_files_watch(p->site, g->epoch, room->name, room->head, addresses[i]) ? addresses[i] : NULL;
    }
}

/* Answers the request, or lets it wait. The caller frees g, which may point into `addresses`. */
static void answer_or_wait(struct request *request, struct poll_program *p, const struct conf *conf,
                           const struct query *q, struct reading *g,
                           char addresses[QUERY_ROOMS_MAX][HEAD_FILES_ADDRESS_SIZE])
{
    struct err e = ERR_INIT;
    struct query w;
    struct reading_how how = how_to_read(p, conf);
    how.if_none_match = q->wait == 0 ? request_variable(request, "HTTP_IF_NONE_MATCH") : NULL;
    int result = reading_take(g, p->site, q, &how, &e);
    bool asks_to_wait = result == 0 && q->wait > 0 && request_method(request) == REQUEST_GET;
    /* A client that gets news at once is told how long it could have waited, so it asks again at
     * once. 0 means that there is no slot to wait in. */
    g->answer.wait = g->nothing_new ? 0 : granted(q, conf);
    if (asks_to_wait && g->nothing_new) {
        w = waiting_query(q, g, conf);
        if (waiting_take(p->waiting, request, &w, conf)) {
            return;
        }
        if (!p->fastcgi) {
            result = wait_here(p, request, &w, conf, g, &e);
        } else if (w.wait > 0) {
            metrics_file_add(site_metrics(p->site), METRICS_TURNED_AWAY, 1);
        }
    } else if (asks_to_wait && !waiting_has_room(p->waiting, request, conf)) {
        g->answer.wait = 0;
    }
    bool turned_away = asks_to_wait && g->answer.wait == 0 && !g->answer.more;
    if (turned_away) {
        g->answer.poll_after = poll_after_seconds(p->waiting, request, conf);
    }
    if (result == 0) {
        tell_watch(p, q, g, addresses);
        answer_reading(request, q, g, turned_away);
    } else {
        reply_send_problem(request, &e, e.code == ERR_EPOCH ? g->epoch : NULL, NULL);
    }
}

static void answer_query(struct request *request, struct poll_program *p, const struct conf *conf,
                         const struct query *q)
{
    struct reading g;
    char addresses[QUERY_ROOMS_MAX][HEAD_FILES_ADDRESS_SIZE];
    answer_or_wait(request, p, conf, q, &g, addresses);
    reading_fini(&g);
}

/* ---- requests ---- */

void get_poll(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct query q;
    struct handler_input in;
    if (handler_begin(&in, p->site, request, METRICS_POLL_REQUESTS, &e) != 0 || query_parse(in.fields, &q, &e) != 0 ||
        caller_may_read(&in.caller, &q, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    } else {
        answer_query(request, p, in.conf, &q);
    }
    handler_end(&in);
}
