/* send_page.c - see send_page.h. */
#include "routes/send_page.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "base/random.h"
#include "chat/chat.h"
#include "chat/form.h"
#include "format/html_page.h"
#include "format/problem.h"
#include "routes/secret.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool send_page_is_wanted(struct request *request)
{
    return request_wants(request, "html");
}

static const struct html_page_paths *paths_of(const struct request *request)
{
    return request_is_under_program(request) ? &html_page_paths_under_send : &html_page_paths_short;
}

void send_page_stored(struct request *request, const struct chat_draft *d)
{
    struct reply r;
    struct buf address;
    buf_init(&address, BUF_UNLIMITED);
    html_page_address(&address, d->room, d->name);
    reply_init(&r, 303);
    r.policy = html_page_policy;
    reply_headerf(&r, "Location", "%splain%s", paths_of(request)->poll, buf_text(&address));
    reply_send(request, &r);
    reply_fini(&r);
    buf_fini(&address);
}

void send_page_held(struct request *request, const struct chat_draft *d)
{
    struct reply r;
    reply_init(&r, 202);
    r.policy = html_page_policy;
    reply_header(&r, "Content-Type", "text/html; charset=utf-8");
    html_page_held(&r.body, paths_of(request), d);
    reply_send(request, &r);
    reply_fini(&r);
}

void send_page_done(struct request *request, const char *room)
{
    struct reply r;
    reply_init(&r, 303);
    r.policy = html_page_policy;
    reply_headerf(&r, "Location", "%splain?room=%s", paths_of(request)->poll,
                  room[0] != '\0' ? room : CHAT_ROOM_DEFAULT);
    reply_send(request, &r);
    reply_fini(&r);
}

static void refuse(struct request *request, const struct err *e, const struct html_page_form *f)
{
    struct reply r;
    const struct problem *p = problem_of(e->code);
    reply_init(&r, 500);
    reply_problem_head(&r, e); /* sets status and headers, and logs if needed */
    r.policy = html_page_policy;
    reply_header(&r, "Content-Type", "text/html; charset=utf-8");
    html_page_refused(&r.body, f, p->status, p->title, problem_detail(e));
    reply_send(request, &r);
    reply_fini(&r);
}

void send_page_refused(struct request *request, const struct err *e, const struct chat_draft *d, const char *secret)
{
    char id[RANDOM_ID_SIZE];
    char reply_to[24] = "";
    random_id(id);
    if (d->reply_to != 0) {
        snprintf(reply_to, sizeof reply_to, "%llu", (unsigned long long)d->reply_to);
    }
    const struct html_page_form f = {
        .paths = paths_of(request),
        .room = d->room,
        .name = d->name,
        .secret = secret,
        /* after a conflict a new id; else the old one, so that a message isn't stored twice */
        .id = e->code == ERR_CONFLICT || d->id[0] == '\0' ? id : d->id,
        .reply_to = reply_to,
        .text = d->text != NULL ? d->text : "",
        .text_length = d->text_length,
    };
    refuse(request, e, &f);
}

static const char *value_of(const struct form *fields, const char *name, const char *otherwise)
{
    const struct form_field *f = form_single(fields, name);
    return f != NULL ? f->value : otherwise;
}

void send_page_unread(struct request *request, const struct err *e, const struct form *fields)
{
    char id[RANDOM_ID_SIZE];
    random_id(id);
    const char *text = value_of(fields, "text", "");
    const char *typed = value_of(fields, "name", "");
    const char *behind = stretch_find(typed, strlen(typed));
    char *name = ck_memdup0(typed, secret_name_length(typed, strlen(typed)));
    const char *room = value_of(fields, "room", CHAT_ROOM_DEFAULT);
    const struct html_page_form f = {
        .paths = paths_of(request),
        .room = chat_room_valid(room, strlen(room)) ? room : CHAT_ROOM_DEFAULT,
        .name = name,
        .secret = value_of(fields, "secret", behind != NULL ? behind : ""),
        .id = id,
        .reply_to = "",
        .text = text,
        .text_length = strlen(text),
    };
    refuse(request, e, &f);
    free(name);
}
