/* get_me.c - see get_me.h. */
#include "routes/get_me.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "chat/chat.h"
#include "chat/form.h"
#include "format/json_out.h"
#include "format/problem.h"
#include "peace/hours.h"
#include "peace/token.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "site/owner_code.h"
#include "site/rules.h"
#include "site/site.h"
#include "store/store_desk.h"
#include "store/store_person.h"
#include "system/conf.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <string.h>

struct me {
    struct caller *caller;
    const char *room;
    struct standing standing;
    struct standing_room found;
    struct store_person person;
    struct store_desk_counts counts; /* for moderators */
    char epoch[CHAT_EPOCH_SIZE];
    struct err read;
    struct err write;
};

static bool has_owner(const struct rules *r)
{
    const struct store_rules *s = rules_store(r);
    bool has = false;
    for (size_t i = 0; i < s->known_count && !has; i++) {
        has = s->known[i].role == CHAT_OWNER;
    }
    return has;
}

static int read_person(struct me *me, struct store *store, struct err *e)
{
    bool has_key = me->caller->asker.has_key;
    snprintf(me->epoch, sizeof me->epoch, "%s", store_epoch(store));
    if (has_key && store_person_by_key(store, me->caller->asker.key, me->room, &me->person, e) != 0) {
        return -1;
    }
    return me->standing.role >= CHAT_MODERATOR ? store_desk_count(store, me->room, &me->counts, e) : 0;
}

static int take(struct me *me, struct err *e)
{
    struct caller *c = me->caller;
    if (caller_stand(c, me->room, &me->standing, &me->found, e) != 0) {
        return -1;
    }
    (void)standing_read(&me->standing, &me->found, &me->read);
    (void)standing_write(&me->standing, &me->found, c->now_ms, &me->write);
    struct store *store = site_borrow(c->site, e);
    int result = store != NULL ? read_person(me, store, e) : -1;
    if (store != NULL) {
        site_return(c->site, store);
    }
    return result;
}

/* ---- the answer ---- */

static void add_names(struct json_out *o, const struct store_person *p)
{
    json_out_open(o, "names", '[');
    for (size_t i = 0; i < p->name_count; i++) {
        json_out_text(o, NULL, p->names[i]);
    }
    json_out_close(o, ']');
}

/* As the store judges it (store_terms). */
static bool is_fresh(const struct me *me)
{
    const struct store_person *p = &me->person;
    int64_t ms = (int64_t)rules_conf(me->caller->rules)->newcomer_minutes * 60 * 1000;
    return !p->trusted && me->caller->token == NULL && me->standing.role < CHAT_MODERATOR &&
           (p->id == 0 || p->first_ms > me->caller->now_ms - ms);
}

static void add_person(struct json_out *o, const struct me *me)
{
    const struct caller *c = me->caller;
    char mark[KEY_MARK_SIZE];
    if (!c->asker.has_key) {
        json_out_null(o, "person");
        return;
    }
    key_mark(c->asker.key, mark);
    if (me->person.id != 0) { /* of its first key */
        snprintf(mark, sizeof mark, "%04x", me->person.mark);
    }
    json_out_open(o, "person", '{');
    json_out_text(o, "mark", mark);
    json_out_text(o, "name", c->token != NULL ? c->token->name : me->person.title);
    json_out_bool(o, "signed", c->token != NULL);
    json_out_bool(o, "fresh", is_fresh(me));
    add_names(o, &me->person);
    json_out_close(o, '}');
}

static void add_may(struct json_out *o, const struct me *me)
{
    json_out_open(o, "may", '{');
    json_out_bool(o, "read", me->read.code == ERR_NONE);
    json_out_bool(o, "write", me->write.code == ERR_NONE);
    json_out_bool(o, "moderate", me->standing.role >= CHAT_MODERATOR);
    json_out_close(o, '}');
}

/* "" if the error has no such member. */
static const char *more_of(const struct err *e, const char *name)
{
    const char *value = "";
    for (size_t i = 0; i < ERR_MORE; i++) {
        value = strcmp(e->more[i].name, name) == 0 ? e->more[i].value : value;
    }
    return value;
}

static void add_why(struct json_out *o, const struct me *me)
{
    const struct err *why = me->read.code != ERR_NONE ? &me->read : &me->write;
    if (why->code == ERR_NONE) {
        json_out_null(o, "why");
        return;
    }
    json_out_open(o, "why", '{');
    json_out_text(o, "slug", problem_of(why->code)->slug);
    json_out_text(o, "detail", problem_detail(why));
    json_out_text(o, "until", more_of(why, "until"));
    if (more_of(why, "reason")[0] != '\0') {
        json_out_text(o, "reason", more_of(why, "reason"));
    }
    json_out_close(o, '}');
}

const char *get_me_kind_word(enum store_room_kind kind)
{
    static const char *const words[] = {
        [STORE_ROOM_OPEN] = "open",
        [STORE_ROOM_READ_ONLY] = "read-only",
        [STORE_ROOM_MEMBERS] = "members",
        [STORE_ROOM_LOCKED] = "locked",
    };
    return words[kind];
}

static const char *newcomers_word(enum store_newcomers n)
{
    return n == STORE_NEWCOMERS_HELD ? "held" : n == STORE_NEWCOMERS_SLOW ? "slow" : "free";
}

/* The text of a room's opening hours, as it was set. */
static const char *hours_of(const struct me *me)
{
    const struct store_rules *s = rules_store(me->caller->rules);
    const char *hours = "";
    for (size_t i = 0; me->found.hours != NULL && i < s->room_count; i++) {
        hours = strcmp(s->rooms[i].room, me->room) == 0 ? s->rooms[i].hours : hours;
    }
    return hours;
}

/* Strangers learn no more of a room for members than of one that isn't there. */
static void add_room_state(struct json_out *o, const struct me *me)
{
    bool may_read = me->read.code == ERR_NONE;
    const struct standing_room *room = &me->found;
    json_out_open(o, "room_state", '{');
    json_out_text(o, "kind", get_me_kind_word(room->is_absent ? STORE_ROOM_MEMBERS : room->kind));
    json_out_number(o, "slow", may_read ? room->slow_s : 0);
    json_out_text(o, "hours", may_read ? hours_of(me) : "");
    json_out_text(o, "newcomers", newcomers_word(may_read ? room->newcomers : STORE_NEWCOMERS_FREE));
    json_out_time(o, "until", may_read ? room->until_ms : 0);
    json_out_close(o, '}');
}

static void write_me(struct buf *to, const struct me *me)
{
    static const char *const guests[] = {
        [CONF_GUESTS_YES] = "yes", [CONF_GUESTS_NAMED] = "named", [CONF_GUESTS_NO] = "no"};
    const struct conf *conf = rules_conf(me->caller->rules);
    struct json_out o;
    json_out_init(&o, to);
    json_out_open(&o, NULL, '{');
    json_out_text(&o, "epoch", me->epoch);
    json_out_text(&o, "room", me->room);
    json_out_text(&o, "role", chat_role_word(me->standing.role));
    add_person(&o, me);
    json_out_text(&o, "guests", guests[conf->guests]);
    add_may(&o, me);
    add_why(&o, me);
    add_room_state(&o, me);
    json_out_number(&o, "edit_minutes", (int64_t)conf->edit_minutes);
    json_out_number(&o, "newcomer_minutes", (int64_t)conf->newcomer_minutes);
    json_out_number(&o, "reports", (int64_t)me->counts.reports);
    json_out_number(&o, "held", (int64_t)me->counts.held);
    json_out_bool(&o, "owner", has_owner(me->caller->rules));
    json_out_close(&o, '}');
}

/* ---- the request ---- */

static int take_room(const struct form *fields, struct chat_draft *d, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, "room", &f, e) != 0) {
        return -1;
    }
    return f != NULL ? chat_set_room(d, f->value, f->length, e) : 0;
}

static int make_code(const struct me *me, const struct handler_input *in, struct err *e)
{
    const struct form_field *asks = form_single(in->fields, "sign_in");
    if (asks == NULL || strcmp(asks->value, "yes") != 0) {
        return 0;
    }
    return owner_code_make(in->conf->data, !has_owner(me->caller->rules), e);
}

void get_me(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct chat_draft d;
    struct handler_input in;
    struct me me = {.caller = &in.caller, .room = d.room};
    struct reply r;
    chat_draft_init(&d);
    reply_init(&r, 200);
    if (handler_begin(&in, p->site, request, METRICS_POLL_REQUESTS, &e) != 0 || take_room(in.fields, &d, &e) != 0 ||
        take(&me, &e) != 0 || make_code(&me, &in, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    } else {
        reply_header(&r, "Content-Type", "application/json");
        write_me(&r.body, &me);
        reply_send(request, &r);
    }
    reply_fini(&r);
    chat_draft_fini(&d);
    handler_end(&in);
}
