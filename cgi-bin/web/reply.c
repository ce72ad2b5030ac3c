/* reply.c - see reply.h. */
#include "web/reply.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "format/problem.h"
#include "web/body.h"
#include "web/private/web_carrier.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    HEADERS_MAX = WEB_CARRIER_HEADERS_MAX,
    VALUE_SIZE = 4096, /* of a header, with NUL */
    OWN_BYTES = 512,   /* that add_head adds, about */
};

void reply_init(struct reply *r, int status)
{
    memset(r, 0, sizeof *r);
    r->status = status;
    buf_init(&r->headers, HEADERS_MAX);
    /* what fills it is bounded: a page by its budget, a problem by its texts */
    buf_init(&r->body, BUF_UNLIMITED);
}

void reply_fini(struct reply *r)
{
    buf_fini(&r->headers);
    buf_fini(&r->body);
}

static void add_header(struct buf *to, const char *name, const char *value)
{
    size_t length = strlen(value);
    CK(length < VALUE_SIZE && memchr(value, '\r', length) == NULL && memchr(value, '\n', length) == NULL);
    buf_adds(to, name);
    buf_adds(to, ": ");
    buf_add(to, value, length);
    buf_adds(to, "\r\n");
    CK(!to->over);
}

void reply_header(struct reply *r, const char *name, const char *value)
{
    add_header(&r->headers, name, value);
    r->own_caching = r->own_caching || str_equal_nocase(name, "Cache-Control");
}

void reply_headerf(struct reply *r, const char *name, const char *format, ...)
{
    char value[VALUE_SIZE];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(value, sizeof value, format, args);
    va_end(args);
    CK(length >= 0 && (size_t)length < sizeof value);
    reply_header(r, name, value);
}

void reply_common_header(struct request *request, const char *name, const char *value)
{
    add_header(&request->common, name, value);
}

/* The words behind a status. Those of an error are the title of its problem. */
static const char *reason(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } reasons[] = {
        {200, "OK"},         {201, "Created"},   {202, "Accepted"},
        {204, "No Content"}, {303, "See Other"}, {304, "Not Modified"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].phrase;
        }
    }
    return problem_title(status);
}

/* Nearly every answer of these programs is data. A browser must never show it as a page or a frame
 * or run it as a script, and search engines must not list it. */
static const char data_headers[] = "X-Content-Type-Options: nosniff\r\n"
                                   "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                                   "X-Frame-Options: DENY\r\n"
                                   "Referrer-Policy: no-referrer\r\n"
                                   "X-Robots-Tag: noindex\r\n"
                                   "X-Accel-Buffering: no\r\n";

/* With no-referrer, browsers would send "Origin: null" with the form of the page. */
static const char page_headers[] = "X-Content-Type-Options: nosniff\r\n"
                                   "Referrer-Policy: same-origin\r\n"
                                   "X-Accel-Buffering: no\r\n";

static bool is_bodyless(int status)
{
    return status == 204 || status == 304;
}

/* Adds all lines up to the empty one. common: whole header lines. ends: the length of the body is
 * known. */
static void add_head(struct buf *out, const struct reply *r, const char *common, bool ends)
{
    size_t room = 0;
    (void)buf_room(out, OWN_BYTES + r->headers.length, &room); /* at once, as the size is known, about */
    buf_adds(out, "Status: ");
    buf_addu(out, (uint64_t)r->status);
    buf_addc(out, ' ');
    buf_adds(out, reason(r->status));
    buf_adds(out, "\r\n");
    buf_add(out, r->headers.bytes, r->headers.length);
    buf_adds(out, common);
    if (r->policy != NULL) {
        buf_adds(out, "Content-Security-Policy: ");
        buf_adds(out, r->policy);
        buf_adds(out, "\r\n");
    }
    buf_adds(out, r->policy != NULL ? page_headers : data_headers);
    if (!r->own_caching) {
        buf_adds(out, "Cache-Control: no-store\r\n");
    }
    if (ends && !is_bodyless(r->status)) {
        buf_adds(out, "Content-Length: ");
        buf_addu(out, r->body.length);
        buf_adds(out, "\r\n");
    }
    buf_adds(out, "\r\n");
    CK(!out->over && !r->body.over);
}

static struct {
    void (*count)(void *context, int status);
    void *context;
} answers;

void reply_counter(void (*count)(void *context, int status), void *context)
{
    answers.count = count;
    answers.context = context;
}

void reply_count(int status)
{
    if (answers.count != NULL) {
        answers.count(answers.context, status);
    }
}

void reply_send(struct request *request, struct reply *r)
{
    struct buf head;
    struct buf body;
    /* before it is sent, so that the client's next request finds it counted */
    reply_count(r->status);
    buf_init(&head, BUF_UNLIMITED);
    buf_init(&body, BUF_UNLIMITED);
    add_head(&head, r, buf_text(&request->common), !r->endless);
    if (!is_bodyless(r->status) && request_method(request) != REQUEST_HEAD) {
        buf_move(&body, &r->body);
    }
    request->carrier->write(request, &head, &body);
    body_skip(request);
    request->carrier->finish(request);
}

void reply_problem_head(struct reply *r, const struct err *e)
{
    const struct problem *p = problem_of(e->code);
    if (p->is_logged) {
        log_line("%d %s: %s", p->status, p->slug, e->text);
    }
    r->status = p->status;
    if (e->retry_s > 0 || p->retry_after > 0) {
        reply_headerf(r, "Retry-After", "%u", e->retry_s > 0 ? e->retry_s : p->retry_after);
    }
    if (p->status == 401) { /* RFC 9110, section 15.5.2, and RFC 6750, section 3 */
        reply_header(r, "WWW-Authenticate", e->code == ERR_TOKEN ? "Bearer error=\"invalid_token\"" : "Bearer");
    }
}

void reply_problem(struct reply *r, const struct err *e, bool as_text, const char *epoch)
{
    reply_problem_head(r, e);
    reply_header(r, "Content-Type", as_text ? "text/plain; charset=utf-8" : "application/problem+json");
    problem_body(&r->body, e, as_text, epoch);
}

void reply_send_problem(struct request *request, const struct err *e, const char *epoch, const struct buf *headers)
{
    struct reply r;
    reply_init(&r, 500);
    reply_problem(&r, e, request_wants_text(request), epoch);
    if (headers != NULL) {
        buf_add(&r.headers, headers->bytes, headers->length);
    }
    reply_send(request, &r);
    reply_fini(&r);
}

void reply_render(struct buf *head, struct buf *body, struct reply *r, const char *common)
{
    add_head(head, r, common, true);
    if (!is_bodyless(r->status)) {
        buf_move(body, &r->body);
    }
}

void reply_render_opening(struct buf *out, const struct reply *r, const char *common)
{
    add_head(out, r, common, false);
    buf_add(out, r->body.bytes, r->body.length);
}
