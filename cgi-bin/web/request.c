/* request.c - see request.h. */
#include "web/request.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "format/problem.h"
#include "system/budget.h"
#include "web/private/slow_senders.h"
#include "web/private/web_carrier.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    HEADERS_MAX = 16 * 1024,
    READ_PIECE = 64 * 1024,
    BODY_COPIES = 3, /* the body, its fields, the text in the draft */
    CROWDED = -3,
    CROWDED_MS = 10, /* between two tries to get a part of the budget */
    SLOW_MS = 5000,  /* a peer that has been sending its body for so long may be cut off */
    CROWDED_TRIES = 20,
    /* Bytes of a body that go out in one write with the headers: a CGI program can be killed between two, and of the
     * headers alone Apache makes a whole answer with an empty body. */
    TOGETHER_MAX = 64 * 1024,
    /* A body may take BODY_MS, and its length divided by BODY_BYTES_PER_MS on top. Behind Apache's
     * mod_proxy_fcgi, behind Caddy and by plain CGI it comes as slowly as the client sends it, and
     * keeps a thread or a process busy. */
    BODY_MS = 20000,
    BODY_BYTES_PER_MS = 16,
    /* An unwanted body is read for so long, so that the answer gets through. The time is what
     * costs. A body that is there already is read to its end, up to what web servers let pass. */
    DRAIN_MS = 2000,
    DRAIN_BYTES = 16 * 1024 * 1024,
};

void web_carrier_init(struct request *x, const struct web_carrier *carrier, const char *const *environment)
{
    x->carrier = carrier;
    x->environment = environment;
    buf_init(&x->common, HEADERS_MAX);
    form_init(&x->query);
}

void web_carrier_fini(struct request *x)
{
    budget_give_back(x->counted);
    x->counted = 0;
    buf_fini(&x->common);
    form_fini(&x->query);
}

/* ---- the request ---- */

const char *request_variable(const struct request *x, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *entry = x->environment; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return (*entry)[length + 1] != '\0' ? *entry + length + 1 : NULL;
        }
    }
    return NULL;
}

bool request_has_variable_like(const struct request *x, const char *prefix)
{
    const char *const *entry = x->environment;
    while (entry != NULL && *entry != NULL && strncmp(*entry, prefix, strlen(prefix)) != 0) {
        entry++;
    }
    return entry != NULL && *entry != NULL;
}

const char *const *request_environment(const struct request *x)
{
    return x->environment;
}

bool request_is_under_program(const struct request *x)
{
    const char *uri = request_variable(x, "REQUEST_URI");
    const char *end = uri != NULL ? uri + strcspn(uri, "?#") : NULL;
    const char *program = uri != NULL ? strstr(uri, ".cgi/") : NULL;
    return program != NULL && program < end;
}

const char *request_client(const struct request *x)
{
    return x->client[0] != '\0' ? x->client : request_variable(x, "REMOTE_ADDR");
}

void request_trust_proxy(struct request *x, const char *client)
{
    snprintf(x->client, sizeof x->client, "%s", client);
}

bool request_has_trusted_proxy(const struct request *x)
{
    return x->client[0] != '\0';
}

enum request_method request_method(const struct request *x)
{
    static const struct {
        const char *word;
        enum request_method method;
    } methods[] = {{"GET", REQUEST_GET}, {"HEAD", REQUEST_HEAD}, {"POST", REQUEST_POST}, {"OPTIONS", REQUEST_OPTIONS}};
    const char *word = request_variable(x, "REQUEST_METHOD");
    for (size_t i = 0; word != NULL && i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(word, methods[i].word) == 0) {
            return methods[i].method;
        }
    }
    return REQUEST_OTHER;
}

const struct form *request_query(struct request *x, struct err *e)
{
    if (!x->query_parsed) {
        const char *text = request_variable(x, "QUERY_STRING");
        if (text != NULL && form_parse(&x->query, text, strlen(text), e) != 0) {
            form_fini(&x->query); /* not marked as parsed: who asks again gets the error again, from an empty form */
            return NULL;
        }
        x->query_parsed = true;
    }
    return &x->query;
}

bool request_wants(struct request *x, const char *format)
{
    struct err ignored = ERR_INIT;
    char guess[32];
    const char *text = request_variable(x, "QUERY_STRING");
    if (request_query(x, &ignored) == NULL) { /* it can't be decoded: a good guess will do */
        snprintf(guess, sizeof guess, "format=%s", format);
        return text != NULL && strstr(text, guess) != NULL;
    }
    const struct form_field *f = form_once(&x->query, "format", &ignored);
    return f != NULL && strcmp(f->value, format) == 0;
}

bool request_wants_text(struct request *x)
{
    return request_wants(x, "text");
}

/* Content-Length as announced, or -1 when there is none. ERR_INPUT when it is no number. */
static int announced_length(const struct request *x, int64_t *out, struct err *e)
{
    const char *text = request_variable(x, "CONTENT_LENGTH");
    uint64_t value = 0;
    *out = -1;
    if (text == NULL) {
        return 0;
    }
    if (str_u64(text, 0, INT64_MAX, &value) != 0) {
        return err_set(e, ERR_INPUT, "Content-Length isn't a whole number.");
    }
    *out = (int64_t)value;
    return 0;
}

/* Plain CGI without Content-Length: standard input ends only where the server fed it a chunked body (Apache's mod_cgid does, with no Content-Length; nginx sends both). */
static bool reads_to_end(const struct request *x)
{
    return x->carrier->body_has_end || request_variable(x, "HTTP_TRANSFER_ENCODING") != NULL;
}

/* Counts a body of so many bytes, and what is made of it, as in work. When the budget is used up,
 * the peers that have been slow for the longest time are cut off, as the program keeps what they
 * have sent. False: too much is in work all the same. */
static bool count_body(struct request *x, size_t bytes)
{
    size_t wanted = bytes > BUDGET_SMALL ? bytes * BODY_COPIES : 0;
    for (int tries = 0; wanted > x->counted; tries++) {
        if (budget_take(wanted - x->counted, x->counted)) {
            x->counted = wanted;
        } else if (tries == CROWDED_TRIES) {
            return false;
        } else {
            slow_senders_cut_oldest(SLOW_MS);
            clock_sleep_ms(CROWDED_MS);
        }
    }
    return true;
}

/* Reads at most `most` bytes and no more than the limit; stops at the end. Returns -1 when the peer
 * broke off, WEB_CARRIER_LATE when it took longer than a body of `announced` bytes may, CROWDED when so
 * much can't be in work just now. announced = -1: unknown; then the bytes that have come count. */
static int read_up_to(struct request *x, struct buf *into, uint64_t most, int64_t announced)
{
    int64_t began = clock_mono_ms();
    uint64_t left = most;
    while (left > 0) {
        int64_t length = announced >= 0 ? announced : (int64_t)into->length;
        size_t room = 0;
        char *to = buf_room(into, left < READ_PIECE ? (size_t)left : READ_PIECE, &room);
        if (room > left) {
            room = (size_t)left;
        }
        if (room == 0) {
            return 0;
        }
        ssize_t count = x->carrier->read(x, to, room, began + BODY_MS + length / BODY_BYTES_PER_MS);
        if (count <= 0) {
            x->body_ended = count != WEB_CARRIER_LATE;
            return (int)count;
        }
        buf_grew(into, (size_t)count);
        left -= (uint64_t)count;
        if (!count_body(x, into->length)) {
            return CROWDED;
        }
    }
    return 0;
}

static int too_large(size_t limit, struct err *e)
{
    return err_set(e, ERR_TOO_LARGE, "The body is too long; at most %zu bytes are allowed.", limit);
}

/* For a result of read_up_to that is neither the end nor a peer that broke off. */
static int not_read(int result, const struct buf *into, struct err *e)
{
    if (result == CROWDED) {
        return err_set(e, ERR_CROWDED, "Too many long messages come in at once. Try again in a moment.");
    }
    return err_set(e, ERR_SLOW,
                   "The body came too slowly: %zu bytes in the time that it may take (%d s, and %d s a megabyte).",
                   into->length, BODY_MS / 1000, 1000 / BODY_BYTES_PER_MS);
}

static int read_announced(struct request *x, uint64_t announced, struct buf *into, struct err *e)
{
    if (announced > into->limit) {
        return too_large(into->limit, e);
    }
    int result = read_up_to(x, into, announced, (int64_t)announced);
    if (result < -1) {
        return not_read(result, into, e);
    }
    if (result != 0 || into->length < announced) {
        return err_set(e, ERR_INPUT, "The body broke off: %zu of %llu bytes came.", into->length,
                       (unsigned long long)announced);
    }
    /* Plain CGI must not read past it: the server need not close standard input (RFC 3875, section 4.2). */
    x->body_ended = x->body_ended || !x->carrier->body_has_end;
    return 0;
}

static int read_to_end(struct request *x, struct buf *into, struct err *e)
{
    char one = 0;
    int result = read_up_to(x, into, into->limit, -1);
    if (result == 0 && !x->body_ended) { /* the limit is reached: is there one byte more? */
        ssize_t count = x->carrier->read(x, &one, 1, clock_mono_ms() + BODY_MS);
        if (count > 0) {
            return too_large(into->limit, e);
        }
        x->body_ended = count != WEB_CARRIER_LATE;
        result = (int)count;
    }
    if (result < -1) {
        return not_read(result, into, e);
    }
    return result == 0 ? 0 : err_set(e, ERR_INPUT, "The body broke off after %zu bytes.", into->length);
}

int body_read(struct request *x, struct buf *into, struct err *e)
{
    int64_t announced = 0;
    if (announced_length(x, &announced, e) != 0) {
        return -1;
    }
    if (announced >= 0) {
        return read_announced(x, (uint64_t)announced, into, e);
    }
    if (reads_to_end(x)) {
        return read_to_end(x, into, e);
    }
    x->body_ended = true;
    return 0;
}

/* Reads what is left of the body, for at most DRAIN_MS. False: there is more of it. */
static bool drain(struct request *x)
{
    char piece[16 * 1024];
    int64_t announced = -1;
    uint64_t left = DRAIN_BYTES;
    int64_t deadline = clock_mono_ms() + DRAIN_MS;
    if (x->body_ended || announced_length(x, &announced, NULL) != 0 || (announced < 0 && !reads_to_end(x))) {
        return true;
    }
    if (!x->carrier->body_has_end && announced >= 0 && (uint64_t)announced < left) {
        left = (uint64_t)announced;
    }
    while (left > 0) {
        ssize_t count = x->carrier->read(x, piece, left < sizeof piece ? (size_t)left : sizeof piece, deadline);
        if (count <= 0) {
            x->body_ended = count != WEB_CARRIER_LATE;
            return x->body_ended;
        }
        left -= (uint64_t)count;
    }
    return !x->carrier->body_has_end;
}

/* ---- the answer ---- */

void reply_init(struct reply *r, int status)
{
    memset(r, 0, sizeof *r);
    r->status = status;
    buf_init(&r->headers, HEADERS_MAX);
    buf_init(&r->body, BUF_UNLIMITED); /* its makers are bounded: a page by its budget, a problem by its texts */
}

void reply_fini(struct reply *r)
{
    buf_fini(&r->headers);
    buf_fini(&r->body);
}

__attribute__((format(printf, 3, 0))) static void add_header(struct buf *to, const char *name, const char *format,
                                                             va_list args)
{
    char value[4096];
    int length = vsnprintf(value, sizeof value, format, args);
    CK(length >= 0 && (size_t)length < sizeof value && strpbrk(value, "\r\n") == NULL);
    buf_addf(to, "%s: %s\r\n", name, value);
    CK(!to->over);
}

void reply_header(struct reply *r, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_header(&r->headers, name, format, args);
    va_end(args);
    r->own_caching = r->own_caching || str_equal_nocase(name, "Cache-Control");
}

void reply_common_header(struct request *x, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_header(&x->common, name, format, args);
    va_end(args);
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].phrase;
        }
    }
    return "Internal Server Error";
}

/* Nearly every answer of these programs is data. A browser must never take it for a page, a frame
 * or a script, and no search engine is to list it. */
static const char data_headers[] = "X-Content-Type-Options: nosniff\r\n"
                                   "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                                   "X-Frame-Options: DENY\r\n"
                                   "Referrer-Policy: no-referrer\r\n"
                                   "X-Robots-Tag: noindex\r\n"
                                   "X-Accel-Buffering: no\r\n";

/* With no-referrer a browser would call the origin of a page's form "null". */
static const char page_headers[] = "X-Content-Type-Options: nosniff\r\n"
                                   "Referrer-Policy: same-origin\r\n"
                                   "X-Accel-Buffering: no\r\n";

static bool is_bodyless(int status)
{
    return status == 204 || status == 304;
}

/* Everything up to the empty line. common: whole header lines. ends: the length of the body is known. */
static void add_head(struct buf *out, const struct reply *r, const char *common, bool ends)
{
    buf_addf(out, "Status: %d %s\r\n", r->status, reason(r->status));
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
        buf_addf(out, "Content-Length: %zu\r\n", r->body.length);
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

void reply_send(struct request *x, struct reply *r)
{
    struct buf head;
    reply_count(r->status); /* before it is out: who asks next finds it counted */
    bool with_body = !is_bodyless(r->status) && request_method(x) != REQUEST_HEAD && r->body.length > 0;
    bool together = with_body && r->body.length <= TOGETHER_MAX;
    buf_init(&head, HEADERS_MAX * 4 + TOGETHER_MAX);
    add_head(&head, r, buf_text(&x->common), !r->endless);
    if (together) {
        buf_add(&head, r->body.bytes, r->body.length);
    }
    if (x->carrier->write(x, head.bytes, head.length) == 0 && with_body && !together) {
        x->carrier->write(x, r->body.bytes, r->body.length); /* a peer that left doesn't matter any more */
    }
    buf_fini(&head);
    if (!x->carrier->body_has_end) {
        drain(
            x); /* or the pipe would be closed over unread bytes; FastCGI has answer_writer.h for that, without a thread */
    }
    x->carrier->finish(x);
}

void reply_problem_head(struct reply *r, const struct err *e)
{
    const struct problem *p = problem_of(e->code);
    if (e->code == ERR_SYSTEM || e->code == ERR_CONFIG || e->code == ERR_CORRUPT || e->code == ERR_FULL ||
        e->code == ERR_READONLY || e->code == ERR_NEWER) {
        log_line("%d %s: %s", p->status, p->slug, e->text);
    }
    r->status = p->status;
    if (p->retry_after > 0) {
        reply_header(r, "Retry-After", "%u", p->retry_after);
    }
}

void reply_problem(struct reply *r, const struct err *e, bool as_text, const char *epoch)
{
    reply_problem_head(r, e);
    reply_header(r, "Content-Type", "%s", as_text ? "text/plain; charset=utf-8" : "application/problem+json");
    problem_body(&r->body, e, as_text, epoch);
}

void reply_send_problem(struct request *x, const struct err *e, const char *epoch, const struct buf *headers)
{
    struct reply r;
    reply_init(&r, 500);
    reply_problem(&r, e, request_wants_text(x), epoch);
    if (headers != NULL) {
        buf_add(&r.headers, headers->bytes, headers->length);
    }
    reply_send(x, &r);
    reply_fini(&r);
}

/* ---- holding ---- */

bool detach_is_possible(struct request *x)
{
    return x->carrier->hold != NULL && drain(x);
}

int detach_connection(const struct request *x)
{
    return x->carrier->connection != NULL ? x->carrier->connection(x) : -1;
}

struct fcgi_request detach_request(struct request *x)
{
    return x->carrier->hold(x);
}

const char *detach_headers(const struct request *x)
{
    return buf_text(&x->common);
}

void reply_render(struct buf *out, const struct reply *r, const char *common)
{
    add_head(out, r, common, true);
    if (!is_bodyless(r->status)) {
        buf_add(out, r->body.bytes, r->body.length);
    }
}

void reply_render_opening(struct buf *out, const struct reply *r, const char *common)
{
    add_head(out, r, common, false);
    buf_add(out, r->body.bytes, r->body.length);
}
