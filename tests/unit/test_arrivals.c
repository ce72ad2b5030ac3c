/* test_arrivals.c - arrivals.h: which request is next, with peers that are slow, silent, greedy or
 * gone.
 *
 * The test is the web server: it connects to a listening socket in descriptor 0. All is done by one
 * thread, so the order of events is known. Requests say with their variable LIMIT how long a body
 * their handler reads.
 */
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
static struct arrivals *all[TESTS_MOST]; /* each lives as long as the process */
static size_t count;
static struct arrivals *arrivals;
static int descriptors;

static int count_descriptors(void)
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

static size_t body_limit(struct request *request, void *context)
{
    const char *limit = request_variable(request, "LIMIT");
    assert_ptr_equal(context, &address);
    return limit != NULL ? (size_t)strtoul(limit, NULL, 10) : 0;
}

/* name: of the socket. */
static void listen_as(const char *name, size_t most)
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
    assert_true(count < TESTS_MOST);
    all[count++] = arrivals;
    descriptors = count_descriptors();
}

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-arrivals-XXXXXX");
    assert_non_null(mkdtemp(folder));
    listen_as("socket", MOST);
    alarm(HANGS_SECONDS);
    return 0;
}

/* Each connection has been closed, and each byte given back to the budget. */
static int end(void **state)
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

static int dial(void)
{
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer >= 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof address), 0);
    return peer;
}

static void send_part(int peer, const struct buf *bytes, size_t from, size_t to)
{
    assert_int_equal(send(peer, bytes->bytes + from, to - from, MSG_DONTWAIT | MSG_NOSIGNAL), to - from);
}

static void send_all(int peer, struct buf *bytes)
{
    send_part(peer, bytes, 0, bytes->length);
    buf_fini(bytes);
}

/* The bytes of a request without a body. */
static struct buf request_of(const char *name)
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

static int dial_and_send(const char *name)
{
    int peer = dial();
    struct buf bytes = request_of(name);
    send_all(peer, &bytes);
    return peer;
}

/* Sends the parameters of a request with a body. length: its Content-Length, or NULL. */
static int dial_for_body(const char *name, const char *limit, const char *length)
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

static void send_body(int peer, size_t length)
{
    static char body[BODY];
    struct buf bytes;
    memset(body, 'x', sizeof body);
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_body(&bytes, body, length);
    send_all(peer, &bytes);
}

static void send_end(int peer)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_end(&bytes);
    send_all(peer, &bytes);
}

static bool is_closed(int peer)
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

static void *send_when_closed(void *argument)
{
    struct sender *s = argument;
    struct pollfd fd = {.fd = s->closes, .events = POLLIN};
    while (poll(&fd, 1, -1) < 0 && errno == EINTR) {
    }
    ssize_t sent = send(s->peer, s->bytes.bytes, s->bytes.length, MSG_NOSIGNAL);
    return sent == (ssize_t)s->bytes.length ? s : NULL;
}

static void *send_soon(void *argument)
{
    struct sender *s = argument;
    clock_sleep_ms(100);
    (void)send(s->peer, s->bytes.bytes, s->bytes.length, MSG_NOSIGNAL);
    return s;
}

/* ---- the program's side ---- */

static struct request *assert_next(const char *name)
{
    struct request *request = arrivals_next(arrivals);
    assert_non_null(request);
    if (strcmp(request_variable(request, "NAME"), name) != 0) {
        fail_msg("%s is next, not %s", request_variable(request, "NAME"), name);
    }
    return request;
}

/* Ends it as its handler would. */
static void let_go(struct request *request)
{
    close(request->carrier->detach(request).connection);
}

/* The next request has this name, and its body is in this state, with so many bytes. */
static void assert_body(const char *name, enum web_carrier_body state, size_t length)
{
    struct request *request = assert_next(name);
    assert_int_equal(request->body_state, state);
    assert_int_equal(request->body.length, length);
    assert_int_equal(request->body_ended, state == WEB_CARRIER_WHOLE || state == WEB_CARRIER_BROKEN);
    let_go(request);
}

/* All that has come by now is taken in: a connection that comes behind it is next. */
static void assert_nothing_is_next(void)
{
    int behind = dial_and_send("behind");
    let_go(assert_next("behind"));
    close(behind);
}

/* The same, and the clock has been looked at. */
static void assert_nothing_is_due(void)
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

/* ---- requests without a body ---- */

static void a_request_in_one_piece_is_next(void **state)
{
    (void)state;
    int peers[3];
    peers[0] = dial_and_send("one");
    peers[1] = dial_and_send("two");
    peers[2] = dial_and_send("three");
    assert_body("one", WEB_CARRIER_WHOLE, 0);
    assert_body("two", WEB_CARRIER_WHOLE, 0);
    assert_body("three", WEB_CARRIER_WHOLE, 0);
    for (size_t i = 0; i < COUNT(peers); i++) {
        assert_true(is_closed(peers[i]));
        close(peers[i]);
    }
}

static void a_request_may_be_cut_at_any_byte(void **state)
{
    struct buf bytes = request_of("cut");
    (void)state;
    for (size_t cut = 0; cut < bytes.length; cut++) {
        int peer = dial();
        send_part(peer, &bytes, 0, cut);
        assert_nothing_is_next();
        send_part(peer, &bytes, cut, bytes.length);
        assert_body("cut", WEB_CARRIER_WHOLE, 0);
        close(peer);
    }
    buf_fini(&bytes);
}

static void a_request_in_single_bytes_delays_no_other(void **state)
{
    struct buf bytes = request_of("slow");
    int peer = dial();
    (void)state;
    for (size_t i = 0; i < bytes.length - 1; i++) {
        send_part(peer, &bytes, i, i + 1);
        assert_nothing_is_due();
    }
    send_part(peer, &bytes, bytes.length - 1, bytes.length);
    assert_body("slow", WEB_CARRIER_WHOLE, 0);
    close(peer);
    buf_fini(&bytes);
}

static void a_flood_of_connections_does_not_starve_a_request_that_is_still_coming(void **state)
{
    enum { MANY = 300 };
    struct buf bytes = request_of("slow");
    int peers[MANY];
    int slow = dial();
    size_t before = 0;
    (void)state;
    send_part(slow, &bytes, 0, 5);
    assert_nothing_is_next();
    send_part(slow, &bytes, 5, bytes.length);
    for (size_t i = 0; i < MANY; i++) {
        peers[i] = dial_and_send("flood");
    }
    for (size_t i = 0; i < MANY + 1; i++) {
        struct request *request = arrivals_next(arrivals);
        if (strcmp(request_variable(request, "NAME"), "slow") == 0) {
            before = i;
        }
        let_go(request);
    }
    assert_in_range(before, 0, 100);
    for (size_t i = 0; i < MANY; i++) {
        close(peers[i]);
    }
    close(slow);
    buf_fini(&bytes);
}

static void peers_that_hang_up_or_send_no_request_are_forgotten(void **state)
{
    struct buf bytes = request_of("x");
    int peers[2];
    (void)state;
    for (size_t cut = 0; cut < 40; cut += 8) {
        peers[0] = dial();
        send_part(peers[0], &bytes, 0, cut);
        close(peers[0]); /* at once */
        peers[0] = dial();
        send_part(peers[0], &bytes, 0, cut);
        assert_nothing_is_due();
        close(peers[0]); /* while the program waits for more */
        assert_nothing_is_due();
    }
    buf_fini(&bytes);
    peers[0] = dial();
    assert_int_equal(send(peers[0], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    peers[1] = dial();
    fcgi_put_begin(&bytes, FCGI_RESPONDER);
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "\1\5A", 3, 0); /* the value is missing */
    fcgi_put(&bytes, FCGI_PARAMS, FCGI_ID, "", 0, 0);
    fcgi_put_end(&bytes);
    send_all(peers[1], &bytes);
    assert_nothing_is_next();
    assert_true(is_closed(peers[0]));
    assert_true(is_closed(peers[1]));
    close(peers[0]);
    close(peers[1]);
}

static void a_peer_that_sends_no_complete_parameters_is_cut_off_after_ten_seconds(void **state)
{
    struct buf silent = request_of("silent");
    struct sender s = {.bytes = request_of("other")};
    (void)state;
    for (size_t sent = 0; sent <= 20; sent += 10) {
        int peer = dial();
        s.closes = peer;
        send_part(peer, &silent, 0, sent);
        assert_nothing_is_due();
        fake_clock_pass(9000);
        send_part(peer, &silent, sent, sent + 1); /* gives it no further time */
        assert_nothing_is_due();
        assert_false(is_closed(peer));
        fake_clock_pass(1000);
        s.peer = dial();
        assert_int_equal(pthread_create(&s.thread, NULL, send_when_closed, &s), 0);
        let_go(assert_next("other"));
        pthread_join(s.thread, NULL);
        assert_true(is_closed(peer));
        close(peer);
        close(s.peer);
    }
    buf_fini(&silent);
    buf_fini(&s.bytes);
}

/* ---- bodies ---- */

static void a_body_comes_with_its_request(void **state)
{
    static const size_t lengths[] = {0, 1, 1000, PART};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char length[32];
        snprintf(length, sizeof length, "%zu", lengths[i]);
        for (int announced = 0; announced < 2; announced++) {
            int peer = dial_for_body("body", "100000", announced ? length : NULL);
            send_body(peer, lengths[i]);
            assert_nothing_is_due(); /* the end is still to come */
            send_end(peer);
            assert_body("body", WEB_CARRIER_WHOLE, lengths[i]);
            close(peer);
        }
    }
}

static void bytes_behind_the_announced_length_are_dropped(void **state)
{
    int peer = dial_for_body("body", "1000", "4");
    (void)state;
    send_body(peer, 100);
    send_end(peer);
    assert_body("body", WEB_CARRIER_WHOLE, 4);
    close(peer);
}

static void a_body_that_is_shorter_than_announced_ends_where_it_ends(void **state)
{
    int peer = dial_for_body("body", "1000", "10");
    (void)state;
    send_body(peer, 9);
    send_end(peer);
    assert_body("body", WEB_CARRIER_WHOLE, 9); /* body.h makes an error of it */
    close(peer);
}

static void a_body_longer_than_its_limit_is_too_large_at_once(void **state)
{
    static const char *const announced[] = {"1001", "9223372036854775807"};
    (void)state;
    for (size_t i = 0; i < COUNT(announced); i++) {
        int peer = dial_for_body("long", "1000", announced[i]);
        assert_body("long", WEB_CARRIER_TOO_LARGE, 0);
        close(peer);
    }
    int peer = dial_for_body("long", "1000", NULL);
    send_body(peer, 1000);
    assert_nothing_is_due();
    send_body(peer, 1);
    struct request *request = assert_next("long");
    assert_int_equal(request->body_state, WEB_CARRIER_TOO_LARGE);
    assert_true(request->body.capacity <= 1001);
    assert_false(request->body_ended);
    let_go(request);
    close(peer);
}

static void a_length_that_is_no_number_is_left_to_the_handler(void **state)
{
    int peer = dial_for_body("body", "1000", "5x");
    (void)state;
    send_body(peer, 5);
    send_end(peer);
    assert_body("body", WEB_CARRIER_WHOLE, 5);
    close(peer);
}

static void a_body_that_no_handler_reads_is_dropped(void **state)
{
    int peer = dial_for_body("unwanted", "0", "50000");
    (void)state;
    send_body(peer, 50000);
    assert_nothing_is_due();
    send_end(peer);
    struct request *request = assert_next("unwanted");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_true(request->body_ended);
    assert_int_equal(request->body.capacity, 0);
    let_go(request);
    close(peer);
}

static void *send_for_ever(void *argument)
{
    static char piece[1 << 16];
    const int *peer = argument;
    struct buf record;
    buf_init(&record, BUF_UNLIMITED);
    fcgi_put_body(&record, piece, FCGI_RECORD_CONTENT_MAX);
    while (send(*peer, record.bytes, record.length, MSG_NOSIGNAL) == (ssize_t)record.length) {
    }
    buf_fini(&record);
    return NULL;
}

static void an_endless_body_that_no_handler_reads_is_not_read_for_ever(void **state)
{
    int peer = dial_for_body("unwanted", "0", NULL);
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, send_for_ever, &peer), 0);
    struct request *request = assert_next("unwanted");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_false(request->body_ended);
    assert_int_equal(request->body.capacity, 0);
    let_go(request);
    pthread_join(thread, NULL);
    close(peer);
}

/* For two seconds: a client that still sends could miss the answer. */
static void a_missing_end_of_a_body_is_not_waited_for_much_longer(void **state)
{
    static const char *const limits[] = {"0", "10"};
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        int peer = dial_for_body("endless", limits[i], "10");
        send_body(peer, 10);
        fake_clock_pass(1000);
        assert_nothing_is_due();
        fake_clock_pass(2000);
        struct request *request = assert_next("endless");
        assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
        assert_int_equal(request->body.length, i == 0 ? 0 : 10);
        assert_false(request->body_ended);
        let_go(request);
        close(peer);
    }
}

/* 20 s plus a second for each 16,000 bytes: of the announced length, else of the bytes that have
 * come. */
static void a_body_has_time_by_its_length_then_it_is_slow(void **state)
{
    static const struct {
        const char *length;
        size_t comes;
        int64_t ms;
    } cases[] = {{"160000", 1000, 30000}, {"1600", 1000, 20100}, {NULL, 32000, 22000}, {NULL, 0, 20000}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int peer = dial_for_body("slow", "200000", cases[i].length);
        assert_nothing_is_due();
        fake_clock_pass(cases[i].ms / 2);
        send_body(peer, cases[i].comes);
        assert_nothing_is_due();
        fake_clock_pass(cases[i].ms / 2 - 2000);
        assert_nothing_is_due();
        fake_clock_pass(2000);
        assert_body("slow", WEB_CARRIER_SLOW, cases[i].comes);
        close(peer);
    }
}

static void a_body_breaks_off_when_the_peer_aborts_or_leaves(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        int peer = dial_for_body("broken", "1000", "10");
        send_body(peer, 9);
        assert_nothing_is_due();
        if (how == 0) {
            struct buf bytes;
            buf_init(&bytes, BUF_UNLIMITED);
            fcgi_put(&bytes, FCGI_ABORT, FCGI_ID, "", 0, 0);
            send_all(peer, &bytes);
        } else if (how == 1) {
            shutdown(peer, SHUT_WR);
        } else {
            close(peer);
        }
        assert_body("broken", WEB_CARRIER_BROKEN, 9);
        if (how != 2) {
            close(peer);
        }
    }
}

/* The bytes that were announced are there; their end is of no use. */
static void a_peer_that_leaves_behind_the_whole_body_has_sent_it(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        int peer = dial_for_body("body", "1000", "10");
        send_body(peer, 10);
        if (how == 0) {
            assert_nothing_is_due();
        }
        shutdown(peer, SHUT_WR);
        assert_body("body", WEB_CARRIER_WHOLE, 10);
        close(peer);
    }
}

/* A leader that is alone was blocked for as long. */
static void what_has_come_in_time_is_read_before_a_peer_counts_as_too_slow(void **state)
{
    struct buf bytes = request_of("head");
    (void)state;
    int peers[2];
    peers[0] = dial();
    send_part(peers[0], &bytes, 0, 5);
    peers[1] = dial_for_body("body", "1000", "1000");
    assert_nothing_is_due();
    send_part(peers[0], &bytes, 5, bytes.length);
    send_body(peers[1], 1000);
    send_end(peers[1]);
    fake_clock_pass(60000);
    assert_body("head", WEB_CARRIER_WHOLE, 0);
    assert_body("body", WEB_CARRIER_WHOLE, 1000);
    close(peers[0]);
    close(peers[1]);
    buf_fini(&bytes);
}

/* ---- the budget ---- */

/* A body of which a part has come that is counted in the budget. */
static int dial_with_part(const char *name)
{
    int peer = dial_for_body(name, "150000", "150000");
    send_body(peer, PART);
    assert_nothing_is_due();
    return peer;
}

static void send_rest(int peer)
{
    send_body(peer, BODY - PART);
    send_end(peer);
}

static void without_budget_bodies_go_on_one_after_the_other_and_small_requests_at_once(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX)); /* other requests have it */
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    int third = dial_with_part("third");
    send_rest(third);
    send_rest(second);
    assert_nothing_is_due();
    send_rest(first);
    struct request *request = assert_next("first");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_int_equal(request->body.length, BODY);
    assert_true(request->counted >= PART);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    assert_body("third", WEB_CARRIER_WHOLE, BODY);
    let_go(request);
    close(first);
    close(second);
    close(third);
    budget_give_back(BUDGET_BYTES);
}

static void a_body_that_waits_goes_on_when_the_budget_is_free_again(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    send_rest(second);
    assert_nothing_is_due();
    budget_give_back(BUDGET_BYTES);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    send_rest(first);
    assert_body("first", WEB_CARRIER_WHOLE, BODY);
    close(first);
    close(second);
}

static void a_body_that_waits_for_five_seconds_is_told_that_it_is_crowded(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    int third = dial_with_part("third");
    fake_clock_pass(4000);
    assert_nothing_is_due();
    send_rest(first);
    assert_body("first", WEB_CARRIER_WHOLE, BODY);
    assert_nothing_is_due(); /* the second one goes on */
    fake_clock_pass(1000);
    struct request *request = assert_next("third");
    assert_int_equal(request->body_state, WEB_CARRIER_CROWDED);
    assert_false(request->body_ended);
    let_go(request);
    send_rest(second);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    close(first);
    close(second);
    close(third);
    budget_give_back(BUDGET_BYTES);
}

static void the_first_body_is_cut_off_after_five_seconds_when_another_waits(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    fake_clock_pass(3000);
    int second = dial_with_part("second");
    send_rest(second);
    assert_nothing_is_due();
    assert_false(is_closed(first));
    fake_clock_pass(2000);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    assert_true(is_closed(first));
    close(first);
    close(second);
    budget_give_back(BUDGET_BYTES);
}

/* The first one's bytes have been reported together with those of the second one, which makes it be
 * cut off. */
static void what_was_reported_of_a_connection_that_is_cut_off_is_not_used(void **state)
{
    struct buf bytes = request_of("new");
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    int second = dial_for_body("second", "150000", "150000");
    send_body(second, 1000);
    assert_nothing_is_due();
    fake_clock_pass(6000);
    send_body(second, PART);
    send_body(first, 1000);
    int new = dial(); /* takes the memory and the descriptor of the first one */
    send_part(new, &bytes, 0, 8);
    send_body(second, BODY - PART - 1000);
    send_end(second);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    assert_true(is_closed(first));
    send_part(new, &bytes, 8, bytes.length);
    assert_body("new", WEB_CARRIER_WHOLE, 0);
    close(first);
    close(second);
    close(new);
    buf_fini(&bytes);
    budget_give_back(BUDGET_BYTES);
}

static void a_body_that_breaks_off_gives_its_part_of_the_budget_back(void **state)
{
    (void)state;
    int first = dial_with_part("first");
    close(first);
    assert_body("first", WEB_CARRIER_BROKEN, PART);
    int second = dial_with_part("second");
    fake_clock_pass(60000);
    assert_body("second", WEB_CARRIER_SLOW, PART);
    close(second);
    /* without a Content-Length it is counted first */
    int third = dial_for_body("third", "100000", NULL);
    send_body(third, PART);
    assert_nothing_is_due();
    send_body(third, 1);
    assert_body("third", WEB_CARRIER_TOO_LARGE, PART);
    close(third);
}

/* Two bodies that have been coming for five seconds give way to two that wait, at once. */
static void several_bodies_can_be_cut_off_at_once(void **state)
{
    (void)state;
    int old[2];
    int new[2];
    for (size_t i = 0; i < 2; i++) {
        old[i] = dial_with_part("old");
    }
    fake_clock_pass(3000);
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    for (size_t i = 0; i < 2; i++) {
        new[i] = dial_with_part("new");
        send_rest(new[i]);
    }
    fake_clock_pass(3000);
    assert_body("new", WEB_CARRIER_WHOLE, BODY);
    assert_body("new", WEB_CARRIER_WHOLE, BODY);
    for (size_t i = 0; i < 2; i++) {
        assert_true(is_closed(old[i]));
        close(old[i]);
        close(new[i]);
    }
    budget_give_back(BUDGET_BYTES);
}

static void a_body_that_waited_for_the_budget_goes_on_though_it_is_late(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    send_rest(second);
    assert_nothing_is_due();
    budget_give_back(BUDGET_BYTES);
    fake_clock_pass(60000); /* the leader was blocked for as long */
    send_rest(first);
    for (int i = 0; i < 2; i++) {
        struct request *request = arrivals_next(arrivals);
        assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
        assert_int_equal(request->body.length, BODY);
        let_go(request);
    }
    close(first);
    close(second);
}

static void all_of_a_large_body_is_counted(void **state)
{
    (void)state;
    int peer = dial_for_body("body", "150000", "100000");
    send_body(peer, 100000);
    send_end(peer);
    struct request *request = assert_next("body");
    assert_true(request->counted >= 100000);
    let_go(request);
    close(peer);
}

/* ---- many connections ---- */

static void connections_that_were_taken_in_are_next_in_their_order(void **state)
{
    int peers[4];
    (void)state;
    peers[0] = dial_and_send("one");
    peers[1] = dial_and_send("two");
    arrivals_take_in(arrivals);
    struct pollfd backlog = {.fd = WEB_FCGI_LISTENING, .events = POLLIN};
    assert_int_equal(poll(&backlog, 1, 0), 0); /* the backlog is empty */
    peers[2] = dial_and_send("three");
    arrivals_take_in(arrivals);
    arrivals_take_in(arrivals);
    peers[3] = dial_and_send("four");
    assert_body("one", WEB_CARRIER_WHOLE, 0);
    assert_body("two", WEB_CARRIER_WHOLE, 0);
    assert_body("three", WEB_CARRIER_WHOLE, 0);
    assert_body("four", WEB_CARRIER_WHOLE, 0);
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
}

static void ignore_line(void *context, const char *line)
{
    unsigned *lines = context;
    assert_contains(line, "can't accept a connection");
    (*lines)++;
}

static void when_descriptors_are_short_the_connection_that_came_first_is_cut_off(void **state)
{
    struct rlimit limit;
    struct rlimit low;
    int peers[4];
    unsigned lines = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        peers[i] = dial(); /* and sends nothing */
    }
    peers[3] = dial_and_send("fourth");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)peers[3] + 1 + 3; /* three more */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    log_attach(ignore_line, &lines);
    struct request *request = assert_next("fourth");
    log_attach(NULL, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(lines, 1); /* in a minute */
    assert_true(is_closed(peers[0]));
    assert_false(is_closed(peers[1]));
    assert_false(is_closed(peers[2]));
    let_go(request);
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    assert_nothing_is_due();
}

static void there_are_never_more_connections_than_allowed(void **state)
{
    int peers[4];
    (void)state;
    unlink(address.sun_path);
    listen_as("other", 2);
    for (size_t i = 0; i < 3; i++) {
        peers[i] = dial();
    }
    peers[3] = dial_and_send("fourth");
    let_go(assert_next("fourth"));
    assert_true(is_closed(peers[0]));
    assert_true(is_closed(peers[1]));
    assert_false(is_closed(peers[2]));
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    assert_nothing_is_due();
}

/* A leader that is alone handles a request, and a connection comes meanwhile. */
static void more_connections_than_are_accepted_in_a_row_can_be_taken_in(void **state)
{
    enum { MANY = 200 };
    int peers[MANY];
    (void)state;
    assert_nothing_is_due(); /* the backlog was found empty */
    for (size_t i = 0; i < MANY; i++) {
        peers[i] = dial_and_send("one");
    }
    arrivals_take_in(arrivals);
    for (size_t i = 0; i < MANY; i++) {
        let_go(assert_next("one"));
        close(peers[i]);
    }
}

/* errno may have any value then. */
static void with_all_connections_in_use_the_next_one_waits_and_is_taken(void **state)
{
    struct buf bytes = request_of("partly");
    int peers[3];
    (void)state;
    unlink(address.sun_path);
    listen_as("other", 2);
    for (size_t i = 0; i < 2; i++) {
        peers[i] = dial();
        send_part(peers[i], &bytes, 0, 5);
    }
    peers[2] = dial_and_send("third");
    errno = EINVAL;
    let_go(assert_next("third"));
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    assert_nothing_is_due();
    buf_fini(&bytes);
}

/* ---- the end ---- */

static void the_end_comes_when_all_requests_have_been_taken(void **state)
{
    struct buf bytes = request_of("slow");
    int peers[3];
    (void)state;
    peers[0] = dial();
    send_part(peers[0], &bytes, 0, 5);
    assert_nothing_is_next();
    peers[1] = dial_and_send("one");
    peers[2] = dial_and_send("two");
    arrivals_stop(arrivals, false);
    assert_body("one", WEB_CARRIER_WHOLE, 0);
    send_part(peers[0], &bytes, 5, bytes.length);
    assert_body("two", WEB_CARRIER_WHOLE, 0);
    assert_body("slow", WEB_CARRIER_WHOLE, 0);
    assert_null(arrivals_next(arrivals));
    assert_null(arrivals_next(arrivals));
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    buf_fini(&bytes);
}

static void *stop_soon(void *unused)
{
    clock_sleep_ms(20);
    arrivals_stop(arrivals, false);
    return unused;
}

static void another_thread_can_stop_one_that_waits(void **state)
{
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    assert_null(arrivals_next(arrivals));
    pthread_join(thread, NULL);
}

static void the_backlog_is_looked_at_before_the_end(void **state)
{
    (void)state;
    assert_nothing_is_due(); /* the backlog was found empty */
    int peer = dial_and_send("one");
    arrivals_stop(arrivals, false);
    assert_body("one", WEB_CARRIER_WHOLE, 0);
    assert_null(arrivals_next(arrivals));
    close(peer);
}

static void connections_that_were_taken_in_are_next_before_the_end(void **state)
{
    enum { MANY = 200 };
    int peers[MANY];
    (void)state;
    assert_nothing_is_due(); /* the backlog was found empty */
    for (size_t i = 0; i < MANY; i++) {
        peers[i] = dial_and_send("one");
    }
    arrivals_take_in(arrivals);
    arrivals_stop(arrivals, false);
    for (size_t i = 0; i < MANY; i++) {
        let_go(assert_next("one"));
        close(peers[i]);
    }
    assert_null(arrivals_next(arrivals));
}

static void count_line(void *context, const char *line)
{
    unsigned *lines = context;
    (void)line;
    (*lines)++;
}

/* As under mod_fcgid, where a process refuses connections before it ends. */
static void after_connections_are_refused_requests_that_are_still_coming_are_taken(void **state)
{
    struct sender s = {.bytes = request_of("slow")};
    unsigned lines = 0;
    char name[32];
    (void)state;
    unlink(address.sun_path);
    snprintf(name, sizeof name, "%ld.1", (long)getppid());
    listen_as(name, MOST);
    s.peer = dial();
    send_part(s.peer, &s.bytes, 0, 5);
    int one = dial_and_send("one");
    let_go(assert_next("one"));
    log_attach(count_line, &lines);
    bool refuses = web_fcgi_refuse();
    assert_true(refuses);
    arrivals_stop(arrivals, refuses);
    s.bytes.length -= 5;
    memmove(s.bytes.bytes, s.bytes.bytes + 5, s.bytes.length);
    fake_clock_pass(1000); /* as old as one that is cut off when descriptors are short */
    assert_int_equal(pthread_create(&s.thread, NULL, send_soon, &s), 0);
    int64_t worked = fake_clock_us(CLOCK_THREAD_CPUTIME_ID);
    assert_body("slow", WEB_CARRIER_WHOLE, 0);
    assert_true(fake_clock_us(CLOCK_THREAD_CPUTIME_ID) - worked < 20000); /* it slept */
    assert_null(arrivals_next(arrivals));
    log_attach(NULL, NULL);
    assert_int_equal(lines, 0);
    pthread_join(s.thread, NULL);
    close(s.peer);
    close(one);
    buf_fini(&s.bytes);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_in_one_piece_is_next),
        TEST(a_request_may_be_cut_at_any_byte),
        TEST(a_request_in_single_bytes_delays_no_other),
        TEST(a_flood_of_connections_does_not_starve_a_request_that_is_still_coming),
        TEST(peers_that_hang_up_or_send_no_request_are_forgotten),
        TEST(a_peer_that_sends_no_complete_parameters_is_cut_off_after_ten_seconds),
        TEST(a_body_comes_with_its_request),
        TEST(bytes_behind_the_announced_length_are_dropped),
        TEST(a_body_that_is_shorter_than_announced_ends_where_it_ends),
        TEST(a_body_longer_than_its_limit_is_too_large_at_once),
        TEST(a_length_that_is_no_number_is_left_to_the_handler),
        TEST(a_body_that_no_handler_reads_is_dropped),
        TEST(an_endless_body_that_no_handler_reads_is_not_read_for_ever),
        TEST(a_missing_end_of_a_body_is_not_waited_for_much_longer),
        TEST(a_body_has_time_by_its_length_then_it_is_slow),
        TEST(a_body_breaks_off_when_the_peer_aborts_or_leaves),
        TEST(without_budget_bodies_go_on_one_after_the_other_and_small_requests_at_once),
        TEST(a_body_that_waits_goes_on_when_the_budget_is_free_again),
        TEST(a_body_that_waits_for_five_seconds_is_told_that_it_is_crowded),
        TEST(the_first_body_is_cut_off_after_five_seconds_when_another_waits),
        TEST(what_was_reported_of_a_connection_that_is_cut_off_is_not_used),
        TEST(a_body_that_breaks_off_gives_its_part_of_the_budget_back),
        TEST(connections_that_were_taken_in_are_next_in_their_order),
        TEST(when_descriptors_are_short_the_connection_that_came_first_is_cut_off),
        TEST(with_all_connections_in_use_the_next_one_waits_and_is_taken),
        TEST(there_are_never_more_connections_than_allowed),
        TEST(the_backlog_is_looked_at_before_the_end),
        TEST(more_connections_than_are_accepted_in_a_row_can_be_taken_in),
        TEST(connections_that_were_taken_in_are_next_before_the_end),
        TEST(several_bodies_can_be_cut_off_at_once),
        TEST(after_connections_are_refused_requests_that_are_still_coming_are_taken),
        TEST(what_has_come_in_time_is_read_before_a_peer_counts_as_too_slow),
        TEST(a_body_that_waited_for_the_budget_goes_on_though_it_is_late),
        TEST(all_of_a_large_body_is_counted),
        TEST(a_peer_that_leaves_behind_the_whole_body_has_sent_it),
        TEST(the_end_comes_when_all_requests_have_been_taken),
        TEST(another_thread_can_stop_one_that_waits),
    };
    return RUN(tests);
}
