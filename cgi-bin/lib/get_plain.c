/* get_plain.c - see get_plain.h. */
#include "get_plain.h"

#include "chat.h"
#include "ck.h"
#include "clock.h"
#include "conf.h"
#include "err.h"
#include "form.h"
#include "plain.h"
#include "program.h"
#include "query.h"
#include "reader.h"
#include "site.h"
#include "tally.h"
#include "web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_MESSAGES = 50,
    LIVELY_MS = 120 * 1000, /* since the newest message: people talk */
    LIVELY_REFRESH = 4,     /* seconds */
    QUIET_REFRESH = 10,
};

struct page {
    const struct plain_place *place;
    struct query query;
    struct chat_draft draft; /* room and name, for the form */
    char reply_to[24];
    bool is_log;
    int turn;
};

/* Whoever comes for the first time has no name yet; a wrong one is told when it is sent. */
static void take_name(const struct form *fields, struct page *p)
{
    struct err ignored = ERR_INIT;
    const struct form_field *f = form_once(fields, "name", &ignored);
    if (f != NULL) {
        (void)chat_set_name(&p->draft, f->value, f->length, NULL);
    }
}

static int take_reply(const struct form *fields, struct page *p, struct err *e)
{
    const struct form_field *f = form_once(fields, "reply_to", e);
    if (f == NULL) {
        return e->code == ERR_NONE ? 0 : -1;
    }
    if (chat_set_reply_to(&p->draft, f->value, f->length, e) != 0) {
        return -1;
    }
    snprintf(p->reply_to, sizeof p->reply_to, "%llu", (unsigned long long)p->draft.reply_to);
    return 0;
}

static int parse(const struct form *fields, struct page *p, struct err *e)
{
    struct err ignored = ERR_INIT;
    const struct form_field *part = form_once(fields, "part", &ignored);
    if (query_parse(fields, &p->query, e) != 0 || take_reply(fields, p, e) != 0) {
        return -1;
    }
    if (p->query.several) {
        return err_field(e, ERR_INPUT, "room", "A page shows one room.");
    }
    const struct form_field *turn = form_once(fields, "turn", &ignored);
    p->turn = turn != NULL && strcmp(turn->value, "1") == 0 ? 1 : 0;
    p->is_log = part != NULL && strcmp(part->value, "log") == 0;
    if (p->query.kind == QUERY_SINCE) {
        p->query.kind = QUERY_LAST;
    }
    p->query.limit = PAGE_MESSAGES;
    take_name(fields, p);
    return 0;
}

static unsigned seconds_of(const struct answer_room *room)
{
    bool lively = room->count > 0 && clock_wall_ms() - room->messages[room->count - 1].time_ms < LIVELY_MS;
    return lively ? LIVELY_REFRESH : QUIET_REFRESH;
}

static void render(struct web_reply *r, const struct page *p, const struct reading *g)
{
    char id[CHAT_EPOCH_SIZE];
    if (p->is_log) {
        const struct plain_refresh refresh = {.seconds = seconds_of(&g->rooms[0]), .turn = p->turn};
        plain_log(&r->body, p->place, &g->answer, p->draft.name, p->query.kind == QUERY_BEFORE ? NULL : &refresh);
        return;
    }
    chat_random_id(id);
    const struct plain_form form = {.place = p->place,
                                    .room = p->query.rooms[0].name,
                                    .name = p->draft.name,
                                    .id = id,
                                    .reply_to = p->reply_to,
                                    .text = ""};
    plain_room(&r->body, &form, &g->answer);
}

static void answer_error(struct web_exchange *x, const struct err *e)
{
    struct web_reply r;
    web_reply_init(&r, 500);
    web_problem(&r, e, true,
                NULL); /* a line of text, as for people with curl: there may be no room to make a page of */
    web_answer(x, &r);
    web_reply_fini(&r);
}

static void answer_page(struct web_exchange *x, const struct page *p, const struct reading *g)
{
    struct web_reply r;
    web_reply_init(&r, 200);
    r.policy = plain_policy;
    web_header(&r, "Content-Type", "text/html; charset=utf-8");
    render(&r, p, g);
    web_answer(x, &r);
    web_reply_fini(&r);
}

void get_plain(struct web_exchange *x, void *program)
{
    struct program *p = program;
    struct err e = ERR_INIT;
    struct page page = {.place = web_is_under_program(x) ? &plain_under_poll : &plain_short};
    struct reading *g = ck_calloc(1, sizeof *g);
    chat_draft_init(&page.draft);
    tally_add(site_tally(p->site), COUNTS_POLL_REQUESTS, 1);
    const struct conf *conf = site_conf(p->site, web_environment(x), &e);
    const struct form *fields = conf != NULL ? web_query(x, &e) : NULL;
    const struct reading_how how = {.budget = conf != NULL ? (size_t)conf->max_answer : 0,
                                    .use_bell = program_uses_bell(p)};
    if (fields == NULL || parse(fields, &page, &e) != 0 || reading_take(g, p->site, &page.query, &how, &e) != 0) {
        answer_error(x, &e);
    } else {
        answer_page(x, &page, g);
    }
    reading_fini(g);
    free(g);
    chat_draft_fini(&page.draft);
}
