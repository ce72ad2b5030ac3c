/* post_send.c - see post_send.h. */
#include "routes/post_send.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "chat/chat.h"
#include "chat/draft.h"
#include "chat/form.h"
#include "format/json.h"
#include "format/tsv.h"
#include "peace/stretch.h"
#include "routes/admit.h"
#include "routes/caller.h"
#include "routes/handler.h"
#include "routes/limit.h"
#include "routes/secret.h"
#include "routes/send_page.h"
#include "routes/send_program.h"
#include "site/commit.h"
#include "site/limiter.h"
#include "site/reserve.h"
#include "site/site.h"
#include "store/store.h"
#include "system/conf.h"
#include "web/body.h"
#include "web/cors.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields may come as headers when the body is nothing but the text. */
static int fields_of_headers(const struct request *request, struct form *out, struct err *e)
{
    static const struct {
        const char *variable;
        const char *field;
    } headers[] = {{"HTTP_POLLCHAT_ROOM", "room"}, {"HTTP_POLLCHAT_NAME", "name"},
                   {"HTTP_POLLCHAT_ID", "id"},     {"HTTP_POLLCHAT_REPLY_TO", "reply_to"},
                   {"HTTP_POLLCHAT_TYPE", "type"}, {"HTTP_POLLCHAT_TARGET", "target"},
                   {"HTTP_POLLCHAT_KEY", "key"},   {"HTTP_POLLCHAT_TOKEN", "token"}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const char *value = request_variable(request, headers[i].variable);
        if (value != NULL && form_add(out, headers[i].field, value, strlen(value), e) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_body(struct request *request, struct buf *body, size_t max_text, struct err *e)
{
    int result = body_read(request, body, e);
    if (result != 0 && e->code == ERR_TOO_LARGE) {
        err_clear(e);
        err_field(e, ERR_TOO_LARGE, "text", "The body is too long: a text may have at most %zu bytes (max_text).",
                  max_text);
    }
    return result;
}

/* Refuses a flood before its bodies are parsed. Not for a page, which gives back to the visitor
 * what was typed. */
static int check_early(struct request *request, struct site *site, const struct limiter_who *who, struct err *e)
{
    return send_page_is_wanted(request) ? 0 : limiter_send_begin(site_limiter(site), who, e);
}

/* Reads the body whatever its type is: a client that is still sending may not get the answer.
 * *fields gets the fields of the body, of which the text may be missing then. */
static int read_draft(struct request *request, struct site *site, const struct limiter_who *who, struct form *fields,
                      struct draft_credentials *credentials, struct chat_draft *draft, struct err *e)
{
    const struct conf *conf = site_loaded_conf(site);
    struct buf body;
    struct form headers;
    struct draft_source source = {.query = request_query(request, e),
                                  .body = &body,
                                  .fields = fields,
                                  .headers = &headers,
                                  .credentials = credentials,
                                  .max_text = (size_t)conf->max_text};
    buf_init(&body, draft_body_limit(source.max_text));
    form_init(&headers);
    int result = source.query == NULL ? -1 : fields_of_headers(request, &headers, e);
    if (result == 0) {
        result = read_body(request, &body, source.max_text, e);
    }
    if (result == 0) {
        result = check_early(request, site, who, e);
    }
    if (result == 0) {
        result = draft_kind_of(request_variable(request, "CONTENT_TYPE"), body.length, &source.kind, e);
    }
    if (result == 0) {
        result = draft_parse(&source, draft, e);
    }
    form_fini(&headers);
    buf_fini(&body);
    return result;
}

static void answer_message(struct request *request, int status, const char *epoch, struct chat_draft *draft,
                           const struct store_job *job)
{
    static char no_text[] = "";
    struct reply r;
    if (send_page_is_wanted(request)) {
        send_page_stored(request, draft);
        return;
    }
    /* The texts are the draft's: the same id means the same text, which the store has checked. */
    const struct chat_message message = {
        .seq = job->seq,
        .time_ms = job->time_ms,
        .type = draft->type,
        .reply_to = draft->reply_to,
        .target = draft->target,
        .mark = job->mark,
        .flags = job->flags,
        .role = job->role,
        .name = draft->name,
        .id = draft->id,
        .text = draft->text != NULL ? draft->text : no_text,
        .text_length = draft->text_length,
    };
    reply_init(&r, status);
    if (request_wants_text(request)) {
        reply_header(&r, "Content-Type", "text/plain; charset=utf-8");
        tsv_message(&r.body, NULL, &message);
    } else {
        reply_header(&r, "Content-Type", "application/json");
        json_sent(&r.body, epoch, draft->room, &message);
    }
    chat_draft_fini(draft); /* a peer may take the answer slowly, and the text may be large */
    reply_send(request, &r);
    reply_fini(&r);
}

/* Reports an error that occurred after the draft was read. */
static void refuse(struct request *request, const struct err *e, const struct chat_draft *draft,
                   const struct secret *secret)
{
    if (send_page_is_wanted(request)) {
        send_page_refused(request, e, draft, secret->text);
    } else {
        reply_send_problem(request, e, NULL, NULL);
    }
}

/* 202: the message waits for a moderator. */
static void answer_held(struct request *request, const char *epoch, const struct chat_draft *draft,
                        const struct store_job *job)
{
    struct reply r;
    if (send_page_is_wanted(request)) {
        send_page_held(request, draft);
        return;
    }
    reply_init(&r, 202);
    if (request_wants_text(request)) {
        reply_header(&r, "Content-Type", "text/plain; charset=utf-8");
        buf_addf(&r.body, "held\t%s\n", job->why);
    } else {
        reply_header(&r, "Content-Type", "application/json");
        json_held(&r.body, epoch, draft, job->why);
    }
    reply_send(request, &r);
    reply_fini(&r);
}

static void explain_target(const struct chat_draft *draft, struct err *e)
{
    bool is_reply = draft->type == CHAT_MESSAGE;
    err_field(e, ERR_INPUT, is_reply ? "reply_to" : "target", "There is no message %llu in this room%s.",
              (unsigned long long)(is_reply ? draft->reply_to : draft->target),
              is_reply ? "" : " that could be changed");
}

static void explain_name(const struct chat_draft *draft, const struct store_job *job, struct err *e)
{
    char offer[CHAT_NAME_BYTES_MAX + 32] = "";
    bool is_alike = job->outcome == STORE_NAME_ALIKE;
    if (job->suggestion != NULL) {
        snprintf(offer, sizeof offer, " Free is: %s", job->suggestion);
    }
    err_field(e, is_alike ? ERR_ALIKE : ERR_NAME, "name", "%s %s.%s", draft->name,
              is_alike ? "looks like the name of another person here" : "is the name of another person here", offer);
    if (job->suggestion != NULL) {
        err_more(e, "suggestion", "%s", job->suggestion);
    }
}

/* Why the message wasn't stored. */
static void explain(const struct chat_draft *draft, const struct store_job *job, struct err *e)
{
    switch (job->outcome) {
    case STORE_CONFLICT:
        err_field(e, ERR_CONFLICT, "id",
                  "The same sender used this id for another message in this room; a new message needs a new id.");
        break;
    case STORE_NO_TARGET:
        explain_target(draft, e);
        break;
    case STORE_NOT_YOURS:
        err_field(e, ERR_WEAK, "target", "Message %llu isn't yours to change.", (unsigned long long)draft->target);
        break;
    case STORE_TOO_LATE:
        err_field(e, ERR_LATE, "target", "Message %llu is too old to be changed.", (unsigned long long)draft->target);
        break;
    case STORE_NAME_TAKEN:
    case STORE_NAME_ALIKE:
        explain_name(draft, job, e);
        break;
    case STORE_NEW_RULES:
        err_set(e, ERR_BUSY, "A moderator has just changed the rules here; this was not stored. Send it again.");
        break;
    case STORE_STORED:
    case STORE_REPEATED:
    case STORE_HELD:
        break;
    }
}

static void answer_outcome(struct request *request, const char *epoch, struct chat_draft *draft,
                           const struct store_job *job, const struct secret *secret)
{
    struct err e = ERR_INIT;
    switch (job->outcome) {
    case STORE_STORED:
        answer_message(request, 201, epoch, draft, job);
        return;
    case STORE_REPEATED:
        answer_message(request, 200, epoch, draft, job);
        return;
    case STORE_HELD:
        answer_held(request, epoch, draft, job);
        return;
    default:
        explain(draft, job, &e);
        refuse(request, &e, draft, secret);
    }
}

/* A request while its message is read and committed. */
struct sending {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    struct request *request;
    struct site *site;
    struct chat_draft draft;
    struct admit_pace pace;
    struct secret secret;
};

static struct sending *sending_new(struct request *request, struct site *site)
{
    struct sending *s = ck_calloc(1, sizeof *s);
    s->request = request;
    s->site = site;
    s->job.store = (struct store_job){.draft = &s->draft};
    chat_draft_init(&s->draft);
    return s;
}

static void sending_free(struct sending *s)
{
    chat_draft_fini(&s->draft);
    free(s->job.store.suggestion);
    free(s);
}

static void log_here(struct commit_job *job)
{
    request_log_here(((struct sending *)job)->request);
}

static bool is_kept(enum store_outcome outcome)
{
    return outcome == STORE_STORED || outcome == STORE_REPEATED || outcome == STORE_HELD;
}

static void answer(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct sending *s = (struct sending *)job;
    log_here(job);
    if (e->code != ERR_NONE || job->store.outcome != STORE_STORED) {
        admit_give_back(s->site, &s->draft, &s->pace);
    }
    secret_end(&s->secret, s->site, e->code == ERR_NONE && !is_kept(job->store.outcome));
    if (e->code != ERR_NONE) {
        refuse(s->request, e, &s->draft, &s->secret);
    } else {
        answer_outcome(s->request, epoch, &s->draft, &job->store, &s->secret);
    }
    sending_free(s);
}

/* Takes s. */
static void hand_over(struct sending *s, struct commit *to)
{
    s->job.run = NULL;
    s->job.done = answer;
    s->job.log_here = log_here;
    request_log_here(NULL); /* from here on another thread may free the request */
    commit_append(to, &s->job);
}

/* May this message be stored, by the limits of its sender and of the disk? Asked before the rules,
 * so that a flood which they refuse is limited too. */
static int check_limits(const struct sending *s, const struct send_program *p, const struct caller *c, struct err *e)
{
    if (limiter_send(site_limiter(p->site), &c->who, s->draft.room, s->draft.text_length, e) != 0) {
        return -1;
    }
    return s->draft.type == CHAT_DELETE ? 0 : reserve_check(p->reserve, p->site, e);
}

/* 0: the message may be stored. */
static int admit(struct sending *s, const struct send_program *p, const struct limiter_who *who,
                 const struct draft_credentials *credentials, struct err *e)
{
    const struct caller_fields body = {.key = {credentials->key.value, credentials->key.length},
                                       .token = {credentials->token.value, credentials->token.length}};
    struct caller caller;
    const size_t length = s->draft.text_length; /* as it was counted: masked words are shorter */
    if (send_page_is_wanted(s->request)) {
        secret_find(&s->secret, &s->draft, &credentials->secret);
    }
    int result = caller_take(&caller, p->site, s->request, who, NULL, &body, e);
    if (result == 0) {
        result = check_limits(s, p, &caller, e);
    }
    if (result == 0 && send_page_is_wanted(s->request)) {
        result = secret_use(&s->secret, s->request, &caller, s->draft.name, e);
    }
    if (result == 0) {
        result = admit_draft(&caller, s->request, credentials, &s->job.store, &s->pace, e);
        if (result != 0) {
            limiter_send_refused(site_limiter(p->site), &caller.who, s->draft.room, length);
        }
    }
    if (result != 0) {
        admit_give_back(p->site, &s->draft, &s->pace);
        secret_end(&s->secret, p->site, true);
    }
    caller_fini(&caller);
    return result;
}

void post_send(struct request *request, void *program)
{
    struct send_program *p = program;
    struct err e = ERR_INIT;
    struct form fields;
    struct draft_credentials credentials = {.key.value = NULL};
    struct limiter_who who;
    struct sending *s = sending_new(request, p->site);
    limit_who(request, NULL, &who);
    const struct conf *conf = handler_conf(p->site, request, METRICS_SEND_REQUESTS, &e);
    form_init(&fields);
    bool is_read = conf != NULL && cors_check_write(request, conf->allow_origin, &e) == 0 &&
                   read_draft(request, p->site, &who, &fields, &credentials, &s->draft, &e) == 0;
    bool is_admitted = is_read && admit(s, p, &who, &credentials, &e) == 0;
    if (!is_read && send_page_is_wanted(request)) {
        send_page_unread(request, &e, &fields);
    } else if (!is_read) {
        reply_send_problem(request, &e, NULL, NULL);
    } else if (!is_admitted) {
        refuse(request, &e, &s->draft, &s->secret);
    }
    draft_credentials_fini(&credentials);
    form_fini(&fields); /* no other text is kept than the draft's while the disk works */
    if (is_admitted) {
        hand_over(s, p->commit);
    } else {
        sending_free(s);
    }
}
