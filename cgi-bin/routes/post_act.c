/* post_act.c - see post_act.h. */
#include "routes/post_act.h"

#include "base/ck.h"
#include "base/err.h"
#include "chat/draft.h"
#include "chat/json_read.h"
#include "format/json_out.h"
#include "peace/token.h"
#include "routes/act.h"
#include "routes/admit.h"
#include "routes/handler.h"
#include "routes/send_page.h"
#include "routes/send_program.h"
#include "site/rules.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "store/store_person.h"
#include "system/conf.h"
#include "web/body.h"
#include "web/cors.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024 };

static const struct act_row *const tables[] = {acts_keys, acts_messages, acts_persons, acts_setup};

/* Members of a JSON object. */
static const char *const known[] = {
    "act",     "all_rooms", "ban",        "ban_minutes", "code", "days",    "do",   "held",      "hours",
    "invite",  "key",       "keep_count", "keep_days",   "kind", "minutes", "name", "newcomers", "of",
    "pattern", "person",    "reason",     "report",      "role", "room",    "seq",  "setting",   "slow",
    "token",   "uses",      "value",      "whole",       "word", NULL};

/* ---- reading the request ---- */

static int parse_body(struct act *a, struct buf *body, struct err *e)
{
    enum draft_kind kind = DRAFT_NONE;
    size_t length = body->length;
    if (draft_kind_of(request_variable(a->request, "CONTENT_TYPE"), length, &kind, e) != 0) {
        return -1;
    }
    if (kind == DRAFT_JSON) {
        return json_read(buf_steal(body), length, known, &a->fields, e);
    }
    if (kind == DRAFT_FORM) {
        return form_parse_own(&a->fields, buf_steal(body), length, e);
    }
    return err_set(e, ERR_TYPE, "An act is a form or a JSON object with the field do.");
}

static int read_body(struct act *a, struct err *e)
{
    struct buf body;
    buf_init(&body, BODY_MAX);
    int result = body_read(a->request, &body, e);
    result = result == 0 ? parse_body(a, &body, e) : result;
    buf_fini(&body);
    return result;
}

static int find_row(struct act *a, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(&a->fields, "do", &f, e) != 0) {
        return -1;
    }
    bool is_text = f != NULL && strlen(f->value) == f->length; /* no U+0000 */
    for (size_t t = 0; is_text && t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct act_row *row = tables[t]; row->name != NULL; row++) {
            if (strcmp(row->name, f->value) == 0) {
                a->row = row;
                return 0;
            }
        }
    }
    return err_field(e, ERR_INPUT, "do", "do must be the name of an act, such as report or delete.");
}

/* In the acts set and unset, `key` is the name of a setting. */
static bool has_other_key(const struct act *a)
{
    return strcmp(a->row->name, "set") == 0 || strcmp(a->row->name, "unset") == 0;
}

static int credential(const struct act *a, const char *name, struct caller_text *out, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(&a->fields, name, &f, e) != 0) {
        return -1;
    }
    *out = (struct caller_text){.value = f != NULL ? f->value : NULL, .length = f != NULL ? f->length : 0};
    return 0;
}

static int find_caller(struct act *a, struct err *e)
{
    struct caller_fields body = {.key = {NULL, 0}};
    const struct form *query = request_query(a->request, e);
    if (query == NULL || (!has_other_key(a) && credential(a, "key", &body.key, e) != 0) ||
        credential(a, "token", &body.token, e) != 0) {
        return -1;
    }
    return caller_take(&a->caller, a->program->site, a->request, NULL, query, &body, e);
}

static int find_room(struct act *a, struct err *e)
{
    const char *room = "";
    if (act_text(a, "room", CHAT_ROOM_MAX, "", &room, e) != 0) {
        return -1;
    }
    if (room[0] != '\0' && !chat_room_valid(room, strlen(room))) {
        return err_field(e, ERR_INPUT, "room", "This is no name of a room.");
    }
    snprintf(a->room, sizeof a->room, "%s", room);
    return 0;
}

/* ---- may it? ---- */

static int check_need(struct act *a, struct err *e)
{
    const char *room = a->row->is_for_all ? "" : a->room;
    struct caller *c = &a->caller;
    if (caller_rules(c, e) != 0 || site_rules_need_secret(c->site, &c->rules, c->now_ms, e) != 0 ||
        caller_stand(c, room, &a->standing, &a->found, e) != 0) {
        return -1;
    }
    if (a->row->needs_key && !a->standing.has_key) {
        return err_set(e, ERR_SIGN_IN, "That needs a key or a token.");
    }
    if (a->row->need >= CHAT_MODERATOR) {
        return standing_need(&a->standing, a->row->need, e);
    }
    bool is_banned = a->standing.ban != NULL && a->standing.ban->kind == STORE_BAN;
    if (is_banned && a->row->need >= CHAT_READER) {
        return standing_need(&a->standing, CHAT_MEMBER, e);
    }
    return a->row->reads_room ? standing_read(&a->standing, &a->found, e) : 0;
}

static int find_sender(struct act *a, struct err *e)
{
    const char *room = a->row->is_for_all ? "" : a->room;
    const char *name = a->caller.token != NULL ? a->caller.token->name : NULL;
    return admit_sender(&a->caller, room, name, &a->sender, e);
}

static int read_act(struct act *a, struct err *e)
{
    struct site *site = a->program->site;
    const struct conf *conf = handler_conf(site, a->request, METRICS_SEND_REQUESTS, e);
    if (conf == NULL || cors_check_write(a->request, conf->allow_origin, e) != 0 || read_body(a, e) != 0 ||
        find_row(a, e) != 0 || find_caller(a, e) != 0 || limiter_act(site_limiter(site), &a->caller.who, e) != 0 ||
        find_room(a, e) != 0 || check_need(a, e) != 0 || find_sender(a, e) != 0) {
        return -1;
    }
    if (a->row->read != NULL && a->row->read(a, e) != 0) {
        return -1;
    }
    return a->tries_secret ? limiter_secret(site_limiter(site), &a->caller.who, e) : 0;
}

/* ---- doing it ---- */

static struct act *of(struct commit_job *job)
{
    return (struct act *)job;
}

/* The actor, for the audit log: the name in its last message, and its mark. */
static int describe(const struct act *a, struct store *store, char *out, size_t size, struct err *e)
{
    struct store_person person = {.id = 0};
    const char *name = a->caller.token != NULL ? a->caller.token->name : "";
    snprintf(out, size, "%s", "a guest");
    if (!a->sender.has_key) {
        return 0;
    }
    if (store_person_by_key(store, a->sender.key, NULL, &person, e) != 0) {
        return -1;
    }
    name = name[0] == '\0' ? person.title : name;
    unsigned mark = person.id != 0 ? person.mark : (unsigned)a->sender.key[0] << 8 | a->sender.key[1];
    snprintf(out, size, "%s%s\xC2\xB7%04x", name, name[0] != '\0' ? " " : "", mark);
    return 0;
}

static int run_steps(struct act *a, struct store *store, struct store_changes *changes, struct err *e)
{
    buf_fini(&a->done);
    json_out_init(&a->out, &a->done);
    a->note = (struct store_act_note){.act = a->row->is_quiet ? NULL : a->row->name,
                                      .room = a->room[0] != '\0' ? a->room : NULL,
                                      .seq = a->f.seq,
                                      .reason = a->f.reason};
    if (a->row->run(a, store, e) != 0) {
        store_act_cancel(store);
        return -1;
    }
    if (store_act_commit(store, &a->note, changes, e) != 0) {
        return -1;
    }
    if (a->row->then != NULL) {
        a->row->then(a, store, changes);
    }
    return 0;
}

static int run(struct commit_job *job, struct store *store, struct store_changes *changes, struct err *e)
{
    struct act *a = of(job);
    char who[CHAT_NAME_BYTES_MAX + 16];
    if (describe(a, store, who, sizeof who, e) != 0 || store_act_begin(store, &a->sender, who, e) != 0) {
        return -1;
    }
    return run_steps(a, store, changes, e);
}

static void log_here(struct commit_job *job)
{
    request_log_here(of(job)->request);
}

static void act_free(struct act *a)
{
    caller_fini(&a->caller);
    form_fini(&a->fields);
    buf_fini(&a->done);
    free(a->sender.fold);
    free(a->f.whom.fold);
    free(a->own);
    free(a);
}

static void answer_done(struct act *a, const char *epoch)
{
    struct reply r;
    struct json_out o;
    if (send_page_is_wanted(a->request)) {
        send_page_done(a->request, a->room);
        return;
    }
    reply_init(&r, 200);
    reply_header(&r, "Content-Type", "application/json");
    json_out_init(&o, &r.body);
    json_out_open(&o, NULL, '{');
    json_out_text(&o, "done", a->row->name);
    json_out_text(&o, "epoch", epoch);
    if (a->done.length > 0) {
        buf_addc(&r.body, ',');
        buf_add(&r.body, a->done.bytes, a->done.length);
    }
    json_out_close(&o, '}');
    reply_send(a->request, &r);
    reply_fini(&r);
}

static void done(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct act *a = of(job);
    log_here(job);
    /* A secret that was right, or that wasn't compared, doesn't count. */
    if (a->tries_secret && e->code != ERR_ABSENT) {
        limiter_secret_right(site_limiter(a->program->site), &a->caller.who);
    }
    void (*then)(struct act *) = e->code == ERR_NONE ? a->row->after : a->row->undo;
    if (then != NULL) {
        then(a);
    }
    if (e->code == ERR_NONE) {
        answer_done(a, epoch);
    } else {
        reply_send_problem(a->request, e, NULL, NULL);
    }
    act_free(a);
}

void post_act(struct request *request, void *program)
{
    struct err e = ERR_INIT;
    struct act *a = ck_calloc(1, sizeof *a);
    a->request = request;
    a->program = program;
    form_init(&a->fields);
    buf_init(&a->done, BUF_UNLIMITED);
    if (read_act(a, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
        act_free(a);
        return;
    }
    a->job.run = run;
    a->job.done = done;
    a->job.log_here = log_here;
    request_log_here(NULL); /* from here on another thread may free the request */
    commit_append(a->program->commit, &a->job);
}
