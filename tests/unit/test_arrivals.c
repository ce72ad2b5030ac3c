/* test_arrivals.c - arrivals.h: which request is next, with peers that are slow, silent or gone,
 * with many connections, and at the end. */
#include "arrivals_support.h"

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

/* ---- many connections ---- */

static void connections_that_were_taken_in_are_next_in_their_order(void **state)
{
    int peers[5];
    (void)state;
    peers[0] = dial_and_send("one");
    peers[1] = dial_and_send("two");
    arrivals_take_in(arrivals);
    struct pollfd backlog = {.fd = WEB_FCGI_LISTENING, .events = POLLIN};
    assert_int_equal(poll(&backlog, 1, 0), 0); /* the backlog is empty */
    assert_body("one", WEB_CARRIER_WHOLE, 0);
    peers[2] = dial_and_send("three");
    arrivals_take_in(arrivals);
    arrivals_take_in(arrivals);
    peers[3] = dial_and_send("four");
    assert_body("two", WEB_CARRIER_WHOLE, 0);
    peers[4] = dial_and_send("five");
    assert_body("three", WEB_CARRIER_WHOLE, 0);
    assert_body("four", WEB_CARRIER_WHOLE, 0);
    assert_body("five", WEB_CARRIER_WHOLE, 0);
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
    const char *preload = getenv("LD_PRELOAD");
    (void)state;
    if (preload != NULL && strstr(preload, "vgpreload") != NULL) {
        skip(); /* valgrind accepts a connection that is over the limit, and closes it */
    }
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

static void with_all_connections_in_use_those_that_came_before_are_looked_at(void **state)
{
    struct buf bytes = request_of("first");
    int peers[3];
    (void)state;
    unlink(address.sun_path);
    listen_as("other", 2);
    peers[0] = dial();
    send_part(peers[0], &bytes, 0, 5);
    peers[1] = dial_and_send("second");
    let_go(assert_next("second")); /* the backlog may hold another one */
    close(peers[1]);
    peers[1] = dial();
    peers[2] = dial_and_send("third");
    send_part(peers[0], &bytes, 5, bytes.length);
    let_go(assert_next("first"));
    let_go(assert_next("third"));
    assert_false(is_closed(peers[1]));
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    assert_nothing_is_due();
    buf_fini(&bytes);
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

static void requests_that_come_after_the_end_are_next_when_it_is_asked_again(void **state)
{
    (void)state;
    arrivals_stop(arrivals, false);
    assert_null(arrivals_next(arrivals));
    int peer = dial_and_send("late"); /* while the program finishes its work */
    assert_body("late", WEB_CARRIER_WHOLE, 0);
    assert_null(arrivals_next(arrivals));
    close(peer);
}

/* Whether the leader that takes them in has looked into the backlog since the end or not. */
static void connections_that_were_taken_in_are_next_before_the_end(void **state)
{
    enum { MANY = 200 };
    struct buf bytes = request_of("slow");
    int peers[MANY];
    (void)state;
    for (int has_looked = 0; has_looked < 2; has_looked++) {
        int slow = dial();
        send_part(slow, &bytes, 0, 5);
        assert_nothing_is_due(); /* the backlog was found empty */
        if (has_looked) {
            arrivals_stop(arrivals, false);
        }
        send_part(slow, &bytes, 5, bytes.length);
        let_go(assert_next("slow"));
        for (size_t i = 0; i < MANY; i++) {
            peers[i] = dial_and_send("one");
        }
        arrivals_take_in(arrivals);
        if (!has_looked) {
            arrivals_stop(arrivals, false);
        }
        for (size_t i = 0; i < MANY; i++) {
            let_go(assert_next("one"));
            close(peers[i]);
        }
        assert_null(arrivals_next(arrivals));
        close(slow);
        unlink(address.sun_path);
        listen_as("other", MOST);
    }
    buf_fini(&bytes);
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
    int64_t began = fake_clock_us(CLOCK_MONOTONIC);
    int64_t worked = fake_clock_us(CLOCK_THREAD_CPUTIME_ID);
    assert_body("slow", WEB_CARRIER_WHOLE, 0);
    worked = fake_clock_us(CLOCK_THREAD_CPUTIME_ID) - worked;
    assert_true(worked < (fake_clock_us(CLOCK_MONOTONIC) - began) / 2); /* it slept */
    assert_null(arrivals_next(arrivals));
    log_attach(NULL, NULL);
    assert_int_equal(lines, 0);
    pthread_join(s.thread, NULL);
    close(s.peer);
    close(one);
    buf_fini(&s.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_in_one_piece_is_next),
        TEST(a_request_may_be_cut_at_any_byte),
        TEST(a_request_in_single_bytes_delays_no_other),
        TEST(a_flood_of_connections_does_not_starve_a_request_that_is_still_coming),
        TEST(peers_that_hang_up_or_send_no_request_are_forgotten),
        TEST(a_peer_that_sends_no_complete_parameters_is_cut_off_after_ten_seconds),
        TEST(connections_that_were_taken_in_are_next_in_their_order),
        TEST(when_descriptors_are_short_the_connection_that_came_first_is_cut_off),
        TEST(with_all_connections_in_use_the_next_one_waits_and_is_taken),
        TEST(with_all_connections_in_use_those_that_came_before_are_looked_at),
        TEST(there_are_never_more_connections_than_allowed),
        TEST(the_backlog_is_looked_at_before_the_end),
        TEST(more_connections_than_are_accepted_in_a_row_can_be_taken_in),
        TEST(requests_that_come_after_the_end_are_next_when_it_is_asked_again),
        TEST(connections_that_were_taken_in_are_next_before_the_end),
        TEST(after_connections_are_refused_requests_that_are_still_coming_are_taken),
        TEST(the_end_comes_when_all_requests_have_been_taken),
        TEST(another_thread_can_stop_one_that_waits),
    };
    return RUN(tests);
}
