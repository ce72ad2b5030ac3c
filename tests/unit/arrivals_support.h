/* arrivals_support.h - for the tests of arrivals.h: a web server that connects to the program's
 * socket.
 *
 * The test is the web server: it connects to a listening socket in descriptor 0. All is done by one
 * thread, so the order of events is known. Requests say with their variable LIMIT how long a body
 * their handler reads.
 */
#ifndef ARRIVALS_SUPPORT_H
#define ARRIVALS_SUPPORT_H

#include "fake_clock.h"
#include "fcgi_support.h"

#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "web/private/arrivals.h"
#include "web/private/web_carrier.h"
#include "web/private/web_fcgi.h"
#include "web/request.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    TESTS_MOST = 64,
    MOST = 1000,
    HANGS_SECONDS = 60, /* a call of arrivals_next that doesn't return ends the test */
    BODY = 150000,      /* enough to be counted in the budget */
    PART = 100000,      /* of such a body; a socket takes so much at once */
};

static char folder[64];
static struct sockaddr_un address;
static struct arrivals *volatile all[TESTS_MOST]; /* each lives as long as the process */
static size_t made;
static struct arrivals *arrivals;
static int descriptors;

static inline int count_descriptors(void)
{
    int open = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        open++;
    }
    closedir(directory);
    return open;
}

static inline size_t body_limit(struct request *request, void *context)
{
    const char *limit = request_variable(request, "LIMIT");
    assert_ptr_equal(context, &address);
    return limit != NULL ? (size_t)strtoul(limit, NULL, 10) : 0;
}

/* name: of the socket. */
static inline void listen_as(const char *name, size_t most)
{
    const struct arrivals_options options = {.body_limit = body_limit, .context = &address, .most = most};
    struct err e = ERR_INIT;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sun_family = AF_UNIX;
    assert_true((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name) <
                sizeof address.sun_path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, MOST), 0);
    assert_int_equal(dup2(listener, WEB_FCGI_LISTENING), WEB_FCGI_LISTENING);
    close(listener);
    assert_true(web_fcgi_is());
    assert_int_equal(web_fcgi_init(&e), 0);
    arrivals = arrivals_new(&options, &e);
    assert_non_null(arrivals);
    assert_true(made < TESTS_MOST);
    all[made++] = arrivals;
    descriptors = count_descriptors();
}

static inline int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-arrivals-XXXXXX");
    assert_non_null(mkdtemp(folder));
    listen_as("socket", MOST);
    alarm(HANGS_SECONDS);
    return 0;
}

/* Each connection has been closed, and each byte given back to the budget. */
static inline int end(void **state)
{
    (void)state;
    alarm(0);
    unlink(address.sun_path);
    rmdir(folder);
    assert_int_equal(count_descriptors(), descriptors);
    assert_true(budget_take(BUDGET_BYTES, 0));
    budget_give_back(BUDGET_BYTES);
    return 0;
}

/* ---- the web server's side ---- */

static inline int dial(void)
{
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer >= 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof address), 0);
    return peer;
}

static inline void send_part(int peer, const struct buf *bytes, size_t from, size_t to)
{
    assert_int_equal(send(peer, bytes->bytes + from, to - from, MSG_DONTWAIT | MSG_NOSIGNAL), to - from);
}

static inline void send_all(int peer, struct buf *bytes)
{
    send_part(peer, bytes, 0, bytes->length);
    buf_fini(bytes);
}

/* The bytes of a request without a body. */
static inline struct buf request_of(const char *name)
{
    struct buf bytes;
    char variable[100];
    const char *const variables[] = {"REQUEST_METHOD=GET", variable, NULL};
    snprintf(variable, sizeof variable, "NAME=%s", name);
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_head(&bytes, variables);
    fcgi_put_end(&bytes);
    return bytes;
}

static inline int dial_and_send(const char *name)
{
    int peer = dial();
    struct buf bytes = request_of(name);
    send_all(peer, &bytes);
    return peer;
}

/* Sends the parameters of a request with a body. length: its Content-Length, or NULL. */
static inline int dial_for_body(const char *name, const char *limit, const char *length)
{
    int peer = dial();
    struct buf bytes;
    char variables[3][100];
    const char *const head[] = {variables[0], variables[1], length != NULL ? variables[2] : NULL, NULL};
    snprintf(variables[0], sizeof variables[0], "NAME=%s", name);
    snprintf(variables[1], sizeof variables[1], "LIMIT=%s", limit);
    snprintf(variables[2], sizeof variables[2], "CONTENT_LENGTH=%s", length != NULL ? length : "");
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_head(&bytes, head);
    send_all(peer, &bytes);
    return peer;
}

static inline void send_body(int peer, size_t length)
{
    static char body[BODY];
    struct buf bytes;
    memset(body, 'x', sizeof body);
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_body(&bytes, body, length);
    send_all(peer, &bytes);
}

static inline void send_end(int peer)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_end(&bytes);
    send_all(peer, &bytes);
}

static inline bool is_closed(int peer)
{
    char byte;
    ssize_t got = recv(peer, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

/* A thread of the web server's side, for what can happen only while arrivals_next waits: when one
 * connection has been closed by the program, it sends the rest of a request on another one. */
struct sender {
    pthread_t thread;
    int closes;
    int peer;
    struct buf bytes;
};

static inline void *send_when_closed(void *argument)
{
    struct sender *s = argument;
    struct pollfd fd = {.fd = s->closes, .events = POLLIN};
    while (poll(&fd, 1, -1) < 0 && errno == EINTR) {
    }
    ssize_t sent = send(s->peer, s->bytes.bytes, s->bytes.length, MSG_NOSIGNAL);
    return sent == (ssize_t)s->bytes.length ? s : NULL;
}

static inline void *send_soon(void *argument)
{
    struct sender *s = argument;
    clock_sleep_ms(100);
    (void)send(s->peer, s->bytes.bytes, s->bytes.length, MSG_NOSIGNAL);
    return s;
}

/* ---- the program's side ---- */

static inline struct request *assert_next(const char *name)
{
    struct request *request = arrivals_next(arrivals);
    assert_non_null(request);
    if (strcmp(request_variable(request, "NAME"), name) != 0) {
        fail_msg("%s is next, not %s", request_variable(request, "NAME"), name);
    }
    return request;
}

/* Ends it as its handler would. */
static inline void let_go(struct request *request)
{
    close(request->carrier->detach(request).connection);
}

/* The next request has this name, and its body is in this state, with so many bytes. */
static inline void assert_body(const char *name, enum web_carrier_body state, size_t length)
{
    struct request *request = assert_next(name);
    assert_int_equal(request->body_state, state);
    assert_int_equal(request->body.length, length);
    assert_int_equal(request->body_ended, state == WEB_CARRIER_WHOLE || state == WEB_CARRIER_BROKEN);
    let_go(request);
}

/* All that has come by now is taken in: a connection that comes behind it is next. */
static inline void assert_nothing_is_next(void)
{
    int behind = dial_and_send("behind");
    let_go(assert_next("behind"));
    close(behind);
}

/* The same, and the clock has been looked at. */
static inline void assert_nothing_is_due(void)
{
    struct buf bytes = request_of("last");
    int last = dial();
    send_part(last, &bytes, 0, 3);
    assert_nothing_is_next();
    send_part(last, &bytes, 3, bytes.length);
    let_go(assert_next("last"));
    buf_fini(&bytes);
    close(last);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

#endif
