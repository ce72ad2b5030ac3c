/* send.c - the program behind POST /send: everything that writes messages.
 *
 * Route, checks, one call of the committer, answer. Not for reading (poll.c) nor for files.
 */
#include "base/err.h"
#include "base/log.h"
#include "chat/draft.h"
#include "chat/form.h"
#include "format/json.h"
#include "format/tsv.h"
#include "routes/send_page.h"
#include "shared/metrics_file.h"
#include "site/commit.h"
#include "site/site.h"
#include "system/conf.h"
#include "web/body.h"
#include "web/cors.h"
#include "web/forwarded.h"
#include "web/reply.h"
#include "web/request.h"
#include "web/route.h"
#include "web/serve.h"

#include <string.h>

enum { SPARE_THREADS = 2 }; /* that say no while all others wait for a store that is stuck */

struct program {
    struct site *site;
    struct commit *commit;
};

/* Fields may come as headers, for bodies that are the text alone. */
static int fields_of_headers(const struct request *x, struct form *out, struct err *e)
{
    static const struct {
        const char *variable;
        const char *field;
    } headers[] = {{"HTTP_POLLCHAT_ROOM", "room"},
                   {"HTTP_POLLCHAT_NAME", "name"},
                   {"HTTP_POLLCHAT_ID", "id"},
                   {"HTTP_POLLCHAT_REPLY_TO", "reply_to"}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const char *value = request_variable(x, headers[i].variable);
        if (value != NULL && form_add(out, headers[i].field, value, strlen(value), e) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The body is read whatever its type is: an answer to a peer that still sends may not get through. */
static int read_draft(struct request *x, const struct conf *conf, struct buf *body, struct form *headers,
                      struct chat_draft *draft, struct err *e)
{
    struct draft_source source = {.query = request_query(x, e), .headers = headers, .max_text = (size_t)conf->max_text};
    if (source.query == NULL || fields_of_headers(x, headers, e) != 0) {
        return -1;
    }
    if (body_read(x, body, e) != 0) {
        if (e->code == ERR_TOO_LARGE) {
            err_clear(e);
            err_field(e, ERR_TOO_LARGE, "text", "The body is too long: a text may have at most %llu bytes (max_text).",
                      (unsigned long long)conf->max_text);
        }
        return -1;
    }
    if (draft_kind_of(request_variable(x, "CONTENT_TYPE"), body->length, &source.kind, e) != 0) {
        return -1;
    }
    source.body = buf_text(body);
    source.body_length = body->length;
    return draft_parse(&source, draft, e);
}

static void answer_message(struct request *x, int status, const char *epoch, struct chat_draft *draft,
                           const struct store_job *job)
{
    struct reply r;
    if (send_page_is_wanted(x)) {
        send_page_stored(x, draft);
        return;
    }
    /* Texts are the draft's: the same id means the same text, and the store has checked that. */
    const struct chat_message message = {
        .seq = job->seq,
        .time_ms = job->time_ms,
        .type = CHAT_MESSAGE,
        .reply_to = draft->reply_to,
        .name = draft->name,
        .id = draft->id,
        .text = draft->text,
        .text_length = draft->text_length,
    };
    reply_init(&r, status);
    if (request_wants_text(x)) {
        reply_header(&r, "Content-Type", "text/plain; charset=utf-8");
        tsv_message(&r.body, NULL, &message);
    } else {
        reply_header(&r, "Content-Type", "application/json");
        json_sent(&r.body, epoch, draft->room, &message);
    }
    reply_send(x, &r);
    reply_fini(&r);
}

/* For a draft that is whole. */
static void refuse(struct request *x, const struct err *e, const struct chat_draft *draft)
{
    if (send_page_is_wanted(x)) {
        send_page_refused(x, e, draft);
    } else {
        reply_send_problem(x, e, NULL, NULL);
    }
}

static void answer_outcome(struct request *x, const char *epoch, struct chat_draft *draft, const struct store_job *job)
{
    struct err e = ERR_INIT;
    switch (job->outcome) {
    case STORE_STORED:
        answer_message(x, 201, epoch, draft, job);
        return;
    case STORE_REPEATED:
        answer_message(x, 200, epoch, draft, job);
        return;
    case STORE_CONFLICT:
        err_field(&e, ERR_CONFLICT, "id",
                  "The same name used this id for another message in this room; a new message needs a new id.");
        break;
    case STORE_NO_TARGET:
        err_field(&e, ERR_INPUT, "reply_to", "There is no message %llu in this room.",
                  (unsigned long long)draft->reply_to);
        break;
    }
    refuse(x, &e, draft);
}

static void send_draft(struct request *x, struct program *p, struct chat_draft *draft)
{
    char epoch[CHAT_EPOCH_SIZE] = "";
    struct err e = ERR_INIT;
    struct store_job job = {.draft = draft};
    if (commit_append(p->commit, &job, epoch, &e) != 0) {
        refuse(x, &e, draft);
    } else {
        answer_outcome(x, epoch, draft, &job);
    }
}

static void handle_send(struct request *x, void *context)
{
    struct program *p = context;
    struct err e = ERR_INIT;
    struct buf body;
    struct form headers;
    struct chat_draft draft;
    metrics_file_add(site_metrics(p->site), METRICS_SEND_REQUESTS, 1);
    const struct conf *conf = site_conf(p->site, request_environment(x), &e);
    buf_init(&body, conf != NULL ? draft_body_limit((size_t)conf->max_text) : 0);
    form_init(&headers);
    chat_draft_init(&draft);
    if (conf == NULL || cors_check_write(x, conf->allow_origin, &e) != 0 ||
        read_draft(x, conf, &body, &headers, &draft, &e) != 0) {
        if (send_page_is_wanted(x)) {
            send_page_unread(x, &e, &body);
        } else {
            reply_send_problem(x, &e, NULL, NULL);
        }
    } else {
        buf_fini(&body); /* the draft has its own copy of the text: no second one while waiting for the disk */
        send_draft(x, p, &draft);
    }
    chat_draft_fini(&draft);
    form_fini(&headers);
    buf_fini(&body);
}

static void handle(struct request *x, void *context)
{
    static const struct route routes[] = {{"send", REQUEST_POST, handle_send}, {NULL, 0, NULL}};
    struct program *p = context;
    const struct conf *conf = site_conf(p->site, request_environment(x), NULL);
    if (conf != NULL) {
        forwarded_apply(x, conf->trusted_proxies);
        cors_apply(x, conf->allow_origin);
    }
    route_dispatch(routes, x, context);
}

/* Every second; never says that this process is one too many. */
static bool look_after(void *context)
{
    struct program *p = context;
    site_look_after(p->site);
    commit_rest(p->commit, false);
    return false;
}

static void stop(void *context)
{
    struct program *p = context;
    commit_rest(p->commit, true);
}

static void count_answer(void *site, int status)
{
    metrics_file_add(site_metrics(site), metrics_class(status), 1);
}

int main(void)
{
    unsigned threads = site_threads();
    struct program p = {.site = site_new(STORE_WRITE, !serve_is_fastcgi(), serve_stopping())};
    const struct serve how = {
        .handle = handle, .stop = stop, .is_surplus = look_after, .context = &p, .threads = threads};
    log_program("send");
    reply_counter(count_answer, p.site);
    site_guard_log(p.site);
    p.commit = commit_new(p.site, threads > SPARE_THREADS ? threads - SPARE_THREADS : 1);
    int status = serve(&how);
    commit_free(p.commit);
    site_free(p.site);
    return status;
}
