/* get_embed.c - see get_embed.h. */
#include "routes/get_embed.h"

#include "base/err.h"
#include "chat/form.h"
#include "chat/query.h"
#include "format/html.h"
#include "routes/handler.h"
#include "routes/poll_program.h"
#include "system/conf.h"
#include "web/reply.h"
#include "web/request.h"

#include <string.h>

enum { TITLE_MAX = 256 }; /* bytes */

static int parse(const struct form *fields, struct query *q, const char **title, struct err *e)
{
    if (query_parse(fields, q, e) != 0) {
        return -1;
    }
    if (q->several) {
        return err_field(e, ERR_INPUT, "room", "A frame shows one room: give room once, as in room=lobby.");
    }
    const struct form_field *f = NULL;
    if (form_once(fields, "title", &f, e) != 0) {
        return -1;
    }
    if (f != NULL && (f->length == 0 || f->length > TITLE_MAX || strlen(f->value) != f->length)) {
        return err_field(e, ERR_INPUT, "title", "title must have 1 to %d bytes, none of them 0.", (int)TITLE_MAX);
    }
    *title = f != NULL ? f->value : "";
    return 0;
}

static void add_text(struct buf *out, const char *text)
{
    html_text(out, text, strlen(text));
}

/* site: the path that is put before the addresses of files. */
static void render(struct buf *out, const char *site, const char *room, const char *title)
{
    buf_addf(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n"
        "<link rel=\"stylesheet\" href=\"%schat.css\">\n<link rel=\"stylesheet\" href=\"%smessages.css\">\n"
        "<link rel=\"stylesheet\" href=\"%sdark.css\" media=\"(prefers-color-scheme: dark)\" data-part=\"dark\">\n<script type=\"module\" src=\"%sjs/embedded.js\"></script>\n<title>",
        site, site, site, site);
    add_text(out, title[0] != '\0' ? title : room);
    buf_addf(out, "</title>\n</head>\n<body class=\"embedded\" data-room=\"%s\" data-title=\"", room);
    add_text(out, title);
    buf_addf(
        out,
        "\">\n<noscript><p><a href=\"plain?room=%s\">Open #%s without JavaScript</a></p></noscript>\n</body>\n</html>\n",
        room, room);
}

static void answer(struct request *request, const struct conf *conf, const char *room, const char *title)
{
    struct reply r;
    struct buf policy;
    buf_init(&policy, BUF_UNLIMITED);
    buf_addf(&policy,
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
             "form-action 'self'; base-uri 'none'; frame-ancestors 'self' %s",
             conf->allow_origin);
    reply_init(&r, 200);
    r.policy = buf_text(&policy);
    reply_header(&r, "Content-Type", "text/html; charset=utf-8");
    render(&r.body, request_is_under_program(request) ? "../../" : "", room, title);
    reply_send(request, &r);
    reply_fini(&r);
    buf_fini(&policy);
}

void get_embed(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct query q;
    const char *title = "";
    struct handler_input in;
    if (handler_begin(&in, p->site, request, METRICS_POLL_REQUESTS, &e) != 0 || parse(in.fields, &q, &title, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    } else {
        answer(request, in.conf, q.rooms[0].name, title);
    }
    handler_end(&in);
}
