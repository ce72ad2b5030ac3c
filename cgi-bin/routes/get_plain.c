/* get_plain.c - see get_plain.h. */
#include "routes/get_plain.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/form.h"
#include "chat/query.h"
#include "format/html_page.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "site/reading.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_MESSAGES = 50,
    LIVELY_MS = 120 * 1000, /* the room is lively for this long after its newest message */
    LIVELY_REFRESH = 4,     /* seconds */
    QUIET_REFRESH = 10,
};

enum part { PART_ROOM, PART_LOG, PART_TEXT };

struct page {
    const struct html_page_paths *paths;
    struct query query;
    struct chat_draft draft; /* room and name, for the form */
    char reply_to[24];
    enum part part;
    uint64_t from; /* PART_TEXT: byte of the text of the message before query.before */
    int turn;
};

/* A wrong name is no error here: a new visitor has none yet, and POST /send refuses a wrong one. */
static void take_name(const struct form *fields, struct page *p)
{
    const struct form_field *f = form_single(fields, "name");
    if (f != NULL) {
        (void)chat_set_name(&p->draft, f->value, f->length, NULL);
    }
}

static int take_reply(const struct form *fields, struct page *p, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, "reply_to", &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        return 0;
    }
    if (chat_set_reply_to(&p->draft, f->value, f->length, e) != 0) {
        return -1;
    }
    snprintf(p->reply_to, sizeof p->reply_to, "%llu", (unsigned long long)p->draft.reply_to);
    return 0;
}

static enum part part_of(const struct form *fields)
{
    const struct form_field *part = form_single(fields, "part");
    if (part == NULL) {
        return PART_ROOM;
    }
    return strcmp(part->value, "log") == 0 ? PART_LOG : strcmp(part->value, "text") == 0 ? PART_TEXT : PART_ROOM;
}

/* Takes a field that must be given: a whole number up to max. */
static int take_number(const struct form *fields, const char *name, uint64_t max, uint64_t *out, struct err *e)
{
    const struct form_field *f = NULL;
    if (form_once(fields, name, &f, e) != 0) {
        return -1;
    }
    if (f == NULL || str_u64(f->value, 0, max, out) != 0) {
        return err_field(e, ERR_INPUT, name, "%s is required, as a whole number.", name);
    }
    return 0;
}

/* Asks for one message, that with a long text: the last one before seq + 1. */
static int take_text(const struct form *fields, struct page *p, struct err *e)
{
    uint64_t seq = 0;
    if (take_number(fields, "seq", CHAT_SEQ_MAX - 1, &seq, e) != 0 ||
        take_number(fields, "from", SIZE_MAX, &p->from, e) != 0) {
        return -1;
    }
    p->query.kind = QUERY_BEFORE;
    p->query.before = seq + 1;
    p->query.limit = 1;
    return 0;
}

static int parse(const struct form *fields, struct page *p, struct err *e)
{
    if (query_parse(fields, &p->query, e) != 0 || take_reply(fields, p, e) != 0) {
        return -1;
    }
    if (p->query.several) {
        return err_field(e, ERR_INPUT, "room", "A page shows one room: give room once, as in room=lobby.");
    }
    const struct form_field *turn = form_single(fields, "turn");
    p->turn = turn != NULL && strcmp(turn->value, "1") == 0 ? 1 : 0;
    p->part = part_of(fields);
    if (p->query.kind == QUERY_SINCE) {
        p->query.kind = QUERY_LAST;
    }
    p->query.limit = PAGE_MESSAGES;
    take_name(fields, p);
    return p->part == PART_TEXT ? take_text(fields, p, e) : 0;
}

static unsigned seconds_of(const struct answer_room *room)
{
    bool lively = room->count > 0 && clock_wall_ms() - room->messages[room->count - 1].time_ms < LIVELY_MS;
    return lively ? LIVELY_REFRESH : QUIET_REFRESH;
}

static void render(struct reply *r, const struct page *p, const struct reading *g)
{
    char id[RANDOM_ID_SIZE];
    if (p->part == PART_TEXT) {
        html_page_text(&r->body, p->paths, &g->answer, &g->rooms[0].messages[0], (size_t)p->from, p->draft.name);
        return;
    }
    if (p->part == PART_LOG) {
        const struct html_page_refresh refresh = {.seconds = seconds_of(&g->rooms[0]), .turn = p->turn};
        html_page_log(&r->body, p->paths, &g->answer, p->draft.name, p->query.kind == QUERY_BEFORE ? NULL : &refresh);
        return;
    }
    random_id(id);
    const struct html_page_form form = {.paths = p->paths,
                                        .room = p->query.rooms[0].name,
                                        .name = p->draft.name,
                                        .id = id,
                                        .reply_to = p->reply_to,
                                        .text = ""};
    html_page_room(&r->body, &form, &g->answer);
}

/* Checks that the message and the part of its text exist. */
static int check(const struct page *p, const struct reading *g, struct err *e)
{
    if (p->part != PART_TEXT) {
        return 0;
    }
    const struct answer_room *room = &g->rooms[0];
    if (room->count == 0 || room->messages[0].seq + 1 != p->query.before) {
        return err_set(e, ERR_ABSENT, "There is no message %llu in this room.",
                       (unsigned long long)p->query.before - 1);
    }
    if (p->from > room->messages[0].text_length) {
        return err_field(e, ERR_INPUT, "from", "from must be at most %zu, the length of the text in bytes.",
                         room->messages[0].text_length);
    }
    return 0;
}

static void answer_error(struct request *request, const struct err *e)
{
    struct reply r;
    reply_init(&r, 500);
    /* A line of text, as for curl: without a valid room there may be no page to show it in. */
    reply_problem(&r, e, true, NULL);
    if (e->retry_s > 0) { /* a page without JavaScript comes back by itself */
        reply_headerf(&r, "Refresh", "%u", e->retry_s);
    }
    reply_send(request, &r);
    reply_fini(&r);
}

static void answer_page(struct request *request, const struct page *p, const struct reading *g)
{
    struct reply r;
    reply_init(&r, 200);
    r.policy = html_page_policy;
    reply_header(&r, "Content-Type", "text/html; charset=utf-8");
    render(&r, p, g);
    reply_send(request, &r);
    reply_fini(&r);
}

void get_plain(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct page page = {.paths = request_is_under_program(request) ? &html_page_paths_under_poll
                                                                   : &html_page_paths_short};
    struct reading *g = ck_calloc(1, sizeof *g);
    chat_draft_init(&page.draft);
    struct handler_input in;
    int result = handler_begin(&in, p->site, request, METRICS_POLL_REQUESTS, &e);
    const struct reading_how how = {.budget = result == 0 ? poll_program_answer_bytes(p, in.conf) : 0};
    if (result != 0 || parse(in.fields, &page, &e) != 0 || caller_may_read(&in.caller, &page.query, &e) != 0 ||
        reading_take(g, p->site, &page.query, &how, &e) != 0 || check(&page, g, &e) != 0) {
        answer_error(request, &e);
    } else {
        answer_page(request, &page, g);
    }
    reading_fini(g);
    free(g);
    chat_draft_fini(&page.draft);
    handler_end(&in);
}
