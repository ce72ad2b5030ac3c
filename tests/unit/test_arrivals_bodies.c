/* test_arrivals_bodies.c - arrivals.h: requests with bodies, of peers that are slow, greedy or
 * gone, and their part of the budget. */
#include "arrivals_support.h"

#include "web/private/body_limits.h"

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

struct flood {
    int peer;
    size_t sent;
};

static void *send_for_ever(void *argument)
{
    static char piece[1 << 16];
    struct flood *flood = argument;
    struct buf record;
    ssize_t count = 0;
    buf_init(&record, BUF_UNLIMITED);
    fcgi_put_body(&record, piece, FCGI_RECORD_CONTENT_MAX);
    while ((count = send(flood->peer, record.bytes, record.length, MSG_NOSIGNAL)) > 0) {
        flood->sent += (size_t)count;
    }
    buf_fini(&record);
    return NULL;
}

static void an_endless_body_that_no_handler_reads_is_not_read_for_ever(void **state)
{
    struct flood flood = {.peer = dial_for_body("unwanted", "0", NULL)};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, send_for_ever, &flood), 0);
    struct request *request = assert_next("unwanted");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_false(request->body_ended);
    assert_int_equal(request->body.capacity, 0);
    let_go(request);
    pthread_join(thread, NULL);
    assert_true(flood.sent < 18 * 1024 * 1024); /* 16 MiB, and what a socket holds */
    close(flood.peer);
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

static void the_time_of_a_body_begins_when_the_parameters_are_complete(void **state)
{
    static const char *const variables[] = {"NAME=slow", "LIMIT=1000", NULL};
    struct buf bytes;
    (void)state;
    int peer = dial();
    buf_init(&bytes, BUF_UNLIMITED);
    fcgi_put_head(&bytes, variables);
    send_part(peer, &bytes, 0, 9);
    assert_nothing_is_due();
    fake_clock_pass(9000);
    send_part(peer, &bytes, 9, bytes.length);
    assert_nothing_is_due();
    fake_clock_pass(19000);
    assert_nothing_is_due();
    fake_clock_pass(1000);
    assert_body("slow", WEB_CARRIER_SLOW, 0);
    close(peer);
    buf_fini(&bytes);
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

enum {
    COUNTED = BODY_LIMITS_COPIES, /* bytes of the budget for each byte of a body */
    FILLING = 169 * PART          /* bytes of a body that takes more than the budget */
};
_Static_assert(FILLING - PART >= BUDGET_BYTES / COUNTED, "the budget is used up before the last part");

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

/* A body that takes the whole budget while it comes. Its last PART and its end are not sent yet. */
static int dial_and_fill_budget(const char *name)
{
    char length[32];
    snprintf(length, sizeof length, "%d", FILLING);
    int peer = dial_for_body(name, length, length);
    for (size_t sent = PART; sent < FILLING; sent += PART) {
        send_body(peer, PART);
        assert_nothing_is_due();
    }
    return peer;
}

/* 65 kB aren't counted, but 600 times 65 kB are. */
static void small_bodies_are_counted_while_many_of_them_are_coming(void **state)
{
    enum { PEERS = 600, SMALL = 65000 };
    static int peers[PEERS];
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max; /* two for each peer */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < COUNT(peers); i++) {
        peers[i] = dial_for_body("slow", "100000", "100000");
        send_body(peers[i], SMALL);
        assert_nothing_is_next();
        bool is_counted = !budget_take(BUDGET_BYTES, 0);
        if (!is_counted) {
            budget_give_back(BUDGET_BYTES);
        }
        assert_int_equal(is_counted, (i + 1) * SMALL > BUDGET_BYTES);
    }
    for (size_t i = 0; i < COUNT(peers); i++) {
        close(peers[i]);
    }
    for (size_t i = 0; i < COUNT(peers); i++) {
        struct request *request = assert_next("slow");
        assert_int_equal(request->body_state, WEB_CARRIER_BROKEN);
        let_go(request);
    }
}

static void while_whole_requests_have_the_budget_bodies_wait_and_then_go_on_in_order(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX)); /* whole requests have it */
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    int third = dial_with_part("third");
    send_rest(third);
    send_rest(second);
    send_rest(first);
    assert_nothing_is_due();          /* but small requests pass */
    budget_give_back(COUNTED * BODY); /* enough for one */
    struct request *request = assert_next("first");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_int_equal(request->body.length, BODY);
    assert_true(request->counted >= PART);
    fake_clock_pass(1000);
    assert_nothing_is_due();
    let_go(request);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    assert_body("third", WEB_CARRIER_WHOLE, BODY);
    close(first);
    close(second);
    close(third);
    budget_give_back(BUDGET_BYTES - COUNTED * BODY);
}

static void a_body_of_which_a_part_is_counted_waits_while_whole_requests_have_the_rest(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES - COUNTED * PART, SIZE_MAX));
    int peer = dial_with_part("body");
    send_rest(peer);
    assert_nothing_is_due();
    fake_clock_pass(4000);
    assert_nothing_is_due();
    budget_give_back(BUDGET_BYTES - COUNTED * PART);
    assert_body("body", WEB_CARRIER_WHOLE, BODY);
    close(peer);
}

static void a_body_that_fills_the_budget_goes_on_and_others_wait_until_its_request_is_done(void **state)
{
    (void)state;
    int first = dial_and_fill_budget("first");
    int second = dial_with_part("second");
    int third = dial_with_part("third");
    send_rest(third);
    send_rest(second);
    assert_nothing_is_due();
    send_body(first, PART);
    send_end(first);
    struct request *request = assert_next("first");
    assert_int_equal(request->body_state, WEB_CARRIER_WHOLE);
    assert_int_equal(request->body.length, FILLING);
    assert_true(request->counted > BUDGET_BYTES);
    fake_clock_pass(1000);
    assert_nothing_is_due();
    let_go(request);
    assert_body("second", WEB_CARRIER_WHOLE, BODY);
    assert_body("third", WEB_CARRIER_WHOLE, BODY);
    close(first);
    close(second);
    close(third);
}

/* The budget is used up by bodies that are coming, and none of them is whole. */
static void the_first_of_several_bodies_that_fill_the_budget_goes_on(void **state)
{
    const size_t little = 70000; /* counted, and leaves room for all but the last two parts */
    (void)state;
    int first = dial_for_body("first", "150000", "150000");
    send_body(first, little);
    assert_nothing_is_due();
    int filling = dial_and_fill_budget("filling");
    send_body(first, BODY - little);
    send_end(first);
    assert_body("first", WEB_CARRIER_WHOLE, BODY);
    assert_nothing_is_due();
    send_body(filling, PART); /* it is the first one now */
    send_end(filling);
    assert_body("filling", WEB_CARRIER_WHOLE, FILLING);
    close(first);
    close(filling);
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
    fake_clock_pass(4000);
    assert_nothing_is_due();
    budget_give_back(COUNTED * BODY);
    assert_nothing_is_due(); /* the first one goes on, and takes that */
    fake_clock_pass(1000);
    struct request *request = assert_next("second");
    assert_int_equal(request->body_state, WEB_CARRIER_CROWDED);
    assert_false(request->body_ended);
    let_go(request);
    send_rest(first);
    assert_body("first", WEB_CARRIER_WHOLE, BODY);
    close(first);
    close(second);
    budget_give_back(BUDGET_BYTES - COUNTED * BODY);
}

static void the_first_body_that_waits_is_crowded_after_five_seconds_like_any_other(void **state)
{
    (void)state;
    int filling = dial_and_fill_budget("filling");
    send_body(filling, PART);
    send_end(filling);
    struct request *request = assert_next("filling"); /* its handler takes long */
    int peer = dial_with_part("body");
    fake_clock_pass(5000);
    assert_body("body", WEB_CARRIER_CROWDED, PART);
    let_go(request);
    close(filling);
    close(peer);
}

static long count_sleeps(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

/* While a body waits for the budget, it is looked at a hundred times a second. */
static void when_no_body_waits_any_more_the_program_sleeps(void **state)
{
    struct sender s = {.bytes = request_of("other")};
    (void)state;
    assert_true(budget_take(BUDGET_BYTES, SIZE_MAX));
    int first = dial_with_part("first");
    int second = dial_with_part("second");
    fake_clock_pass(4000);
    budget_give_back(COUNTED * BODY); /* for the first one, which goes on */
    assert_nothing_is_due();
    fake_clock_pass(1000);
    assert_body("second", WEB_CARRIER_CROWDED, PART);
    s.peer = dial();
    assert_int_equal(pthread_create(&s.thread, NULL, send_soon, &s), 0);
    long before = count_sleeps();
    let_go(assert_next("other")); /* comes after 100 ms */
    assert_true(count_sleeps() - before <= 5);
    pthread_join(s.thread, NULL);
    send_rest(first);
    let_go(assert_next("first"));
    close(first);
    close(second);
    close(s.peer);
    buf_fini(&s.bytes);
    budget_give_back(BUDGET_BYTES - COUNTED * BODY);
}

static void the_first_body_is_cut_off_after_five_seconds_when_another_waits(void **state)
{
    (void)state;
    int first = dial_and_fill_budget("first");
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
}

/* The first one's bytes have been reported together with those of the second one, which makes it be
 * cut off. */
static void what_was_reported_of_a_connection_that_is_cut_off_is_not_used(void **state)
{
    struct buf bytes = request_of("new");
    (void)state;
    int first = dial_and_fill_budget("first");
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
    assert_true(budget_take(BUDGET_BYTES - COUNTED * BODY * COUNT(old), SIZE_MAX));
    for (size_t i = 0; i < 2; i++) {
        old[i] = dial_for_body("old", "200000", "200000");
        send_body(old[i], PART);
        assert_nothing_is_due();
        send_body(old[i], BODY - PART);
        assert_nothing_is_due();
    }
    fake_clock_pass(3000);
    for (size_t i = 0; i < 2; i++) {
        new[i] = dial_with_part("new");
        send_rest(new[i]);
    }
    assert_nothing_is_due();
    fake_clock_pass(3000);
    assert_body("new", WEB_CARRIER_WHOLE, BODY);
    assert_body("new", WEB_CARRIER_WHOLE, BODY);
    for (size_t i = 0; i < 2; i++) {
        assert_true(is_closed(old[i]));
        close(old[i]);
        close(new[i]);
    }
    budget_give_back(BUDGET_BYTES - COUNTED * BODY * COUNT(old));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_comes_with_its_request),
        TEST(bytes_behind_the_announced_length_are_dropped),
        TEST(a_body_that_is_shorter_than_announced_ends_where_it_ends),
        TEST(a_body_longer_than_its_limit_is_too_large_at_once),
        TEST(a_length_that_is_no_number_is_left_to_the_handler),
        TEST(a_body_that_no_handler_reads_is_dropped),
        TEST(an_endless_body_that_no_handler_reads_is_not_read_for_ever),
        TEST(a_missing_end_of_a_body_is_not_waited_for_much_longer),
        TEST(a_body_has_time_by_its_length_then_it_is_slow),
        TEST(the_time_of_a_body_begins_when_the_parameters_are_complete),
        TEST(a_body_breaks_off_when_the_peer_aborts_or_leaves),
        TEST(small_bodies_are_counted_while_many_of_them_are_coming),
        TEST(while_whole_requests_have_the_budget_bodies_wait_and_then_go_on_in_order),
        TEST(a_body_of_which_a_part_is_counted_waits_while_whole_requests_have_the_rest),
        TEST(a_body_that_fills_the_budget_goes_on_and_others_wait_until_its_request_is_done),
        TEST(the_first_of_several_bodies_that_fill_the_budget_goes_on),
        TEST(a_body_that_waits_goes_on_when_the_budget_is_free_again),
        TEST(a_body_that_waits_for_five_seconds_is_told_that_it_is_crowded),
        TEST(the_first_body_that_waits_is_crowded_after_five_seconds_like_any_other),
        TEST(when_no_body_waits_any_more_the_program_sleeps),
        TEST(the_first_body_is_cut_off_after_five_seconds_when_another_waits),
        TEST(what_was_reported_of_a_connection_that_is_cut_off_is_not_used),
        TEST(a_body_that_breaks_off_gives_its_part_of_the_budget_back),
        TEST(several_bodies_can_be_cut_off_at_once),
        TEST(what_has_come_in_time_is_read_before_a_peer_counts_as_too_slow),
        TEST(a_body_that_waited_for_the_budget_goes_on_though_it_is_late),
        TEST(all_of_a_large_body_is_counted),
        TEST(a_peer_that_leaves_behind_the_whole_body_has_sent_it),
    };
    return RUN(tests);
}
