/* fake_request.h - a request without a web server: the test gives variables and body, and looks at
 * the answer.
 *
 * A fake is a request by plain CGI, whose body is still to be read, or one by FastCGI, whose body
 * has been collected. fake.request is for the code under test. After reply_send(), fake_status(),
 * fake_header() and fake_body() show the answer; fake_fini() frees everything.
 */
#ifndef FAKE_REQUEST_H
#define FAKE_REQUEST_H

#include "support.h"

#include "base/buf.h"
#include "web/private/web_carrier.h"

enum fake_kind { FAKE_CGI, FAKE_FASTCGI };

/* The members from `body` to `over` are for FAKE_CGI. */
struct fake {
    struct request request; /* first: a pointer to it is a pointer to this */
    const char *body;
    size_t body_length;
    size_t body_at;
    size_t piece; /* most bytes that one read returns */
    /* read returns 0 at the end; false: a read past the end fails the test, as it would wait for
     * ever */
    bool ends;
    bool breaks;      /* read returns -1 at the end */
    bool stalls;      /* read returns WEB_CARRIER_LATE at the end */
    int64_t deadline; /* of the last read */
    bool over;        /* read has returned 0 or -1: another read fails the test */
    struct buf answer;
    int finished;
};

static inline ssize_t fake_read(struct request *request, char *to, size_t size, int64_t deadline)
{
    struct fake *f = (struct fake *)(void *)request;
    size_t left = f->body_length - f->body_at;
    size_t count = left < size ? left : size;
    assert_int_equal(f->finished, 0);
    assert_true(size > 0);
    assert_false(f->over);
    f->over = left == 0 && !f->stalls;
    if (count > f->piece) {
        count = f->piece;
    }
    f->deadline = deadline;
    if (left == 0 && f->breaks) {
        return -1;
    }
    if (left == 0 && f->stalls) {
        return WEB_CARRIER_LATE;
    }
    if (left == 0 && !f->ends) {
        fail_msg("read past the body: a real peer would keep this request waiting");
    }
    if (count > 0) {
        memcpy(to, f->body + f->body_at, count);
    }
    f->body_at += count;
    return (ssize_t)count;
}

static inline void fake_write(struct request *request, struct buf *head, struct buf *body)
{
    struct fake *f = (struct fake *)(void *)request;
    assert_int_equal(f->finished, 0);
    assert_int_equal(f->answer.length, 0);
    buf_add(&f->answer, head->bytes, head->length);
    buf_add(&f->answer, body->bytes, body->length);
    buf_fini(head);
    buf_fini(body);
}

static inline void fake_finish(struct request *request)
{
    struct fake *f = (struct fake *)(void *)request;
    f->finished++;
    web_carrier_fini(request);
}

/* variables: NAME=VALUE, NULL at the end; borrowed. body may be NULL. */
static inline void fake_init(struct fake *f, enum fake_kind kind, const char *const *variables, const char *body,
                             size_t length)
{
    static const struct web_carrier cgi = {.read = fake_read, .write = fake_write, .finish = fake_finish};
    static const struct web_carrier fastcgi = {.write = fake_write, .finish = fake_finish};
    static const char *const none[] = {NULL};
    size_t count = 0;
    memset(f, 0, sizeof *f);
    f->body = body;
    f->body_length = length;
    f->piece = SIZE_MAX;
    buf_init(&f->answer, BUF_UNLIMITED);
    struct variable *found = web_carrier_variables(variables != NULL ? variables : none, &count);
    web_carrier_init(&f->request, kind == FAKE_FASTCGI ? &fastcgi : &cgi, found, count);
    if (kind == FAKE_FASTCGI) {
        f->request.body_state = WEB_CARRIER_WHOLE;
        f->request.body_ended = true;
        buf_init(&f->request.body, BUF_UNLIMITED);
        buf_add(&f->request.body, body, length);
    }
}

static inline void fake_fini(struct fake *f)
{
    if (f->finished == 0) {
        web_carrier_fini(&f->request);
    }
    buf_fini(&f->request.body);
    buf_fini(&f->answer);
}

static inline int fake_status(const struct fake *f)
{
    assert_int_equal(f->finished, 1);
    assert_int_equal(strncmp(buf_text(&f->answer), "Status: ", 8), 0);
    return atoi(buf_text(&f->answer) + 8);
}

static inline const char *fake_body(const struct fake *f)
{
    const char *end = strstr(buf_text(&f->answer), "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* How many headers have this name; *value is that of the last one, valid until the next call. */
static inline int fake_header(const struct fake *f, const char *name, const char **value)
{
    static char found[4200];
    int count = 0;
    size_t length = strlen(name);
    const char *end = fake_body(f) - 2;
    for (const char *line = buf_text(&f->answer); line < end; line = strstr(line, "\r\n") + 2) {
        if (strncmp(line, name, length) == 0 && strncmp(line + length, ": ", 2) == 0) {
            snprintf(found, sizeof found, "%.*s", (int)strcspn(line + length + 2, "\r"), line + length + 2);
            count++;
        }
    }
    if (value != NULL) {
        *value = count > 0 ? found : NULL;
    }
    return count;
}

#define assert_header(f, name, expected) fake_assert_header(f, name, expected, __FILE__, __LINE__)
static inline void fake_assert_header(const struct fake *f, const char *name, const char *expected, const char *file,
                                      int line)
{
    const char *value = NULL;
    int count = fake_header(f, name, &value);
    if (count != (expected != NULL) || (expected != NULL && strcmp(value, expected) != 0)) {
        print_error("%s stands there %d times: %s\n", name, count, value != NULL ? value : "-");
        _fail(file, line);
    }
}

#endif
