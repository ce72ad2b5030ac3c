/* test_park.c - requests that wait for one thread: who is answered when, with what, and what each costs. */
#include "fake_web.h"

#include "clock.h"
#include "err.h"
#include "park.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* ---- a carrier whose connection is one end of a socket pair ---- */

struct waiter_end {
    int peer; /* the web server's end */
};

static int next_connection;
static uint16_t next_id;

static struct held pair_hold(struct web_exchange *x)
{
    const struct held h = {.connection = next_connection, .id = next_id};
    web_exchange_fini(x);
    free(x);
    return h;
}

static ssize_t pair_read(struct web_exchange *x, char *to, size_t size)
{
    (void)x;
    (void)to;
    (void)size;
    return 0;
}

static const struct web_carrier pair_carrier = {.read = pair_read, .hold = pair_hold, .body_has_end = true};

/* ---- the store of the tests: one head; news is what is above since ---- */

static _Atomic uint64_t head;
static atomic_int renders;
static size_t body_size;

static int render(void *context, const struct query *q, bool final, struct web_reply *r)
{
    (void)context;
    atomic_fetch_add(&renders, 1);
    if (!final && q->rooms[0].since >= atomic_load(&head)) {
        return 0;
    }
    buf_addf(&r->body, "[%s %llu %llu]", q->rooms[0].name, (unsigned long long)q->rooms[0].since,
             (unsigned long long)atomic_load(&head));
    for (size_t i = 0; i < body_size; i++) {
        buf_addc(&r->body, 'x');
    }
    return 1;
}

static atomic_int left_tokens;

static void left(void *context, int token)
{
    (void)context;
    atomic_fetch_add(&left_tokens, token);
}

static struct park *make_park(unsigned most, unsigned most_per_client)
{
    const struct park_options options = {
        .render = render, .left = left, .most = most, .most_per_client = most_per_client};
    struct err e = ERR_INIT;
    struct park *p = park_new(&options, &e);
    assert_non_null(p);
    atomic_store(&head, 0);
    atomic_store(&renders, 0);
    atomic_store(&left_tokens, 0);
    body_size = 0;
    next_id = 1;
    return p;
}

static bool add(struct park *p, const char *room, uint64_t since, unsigned wait, int token, const char *address,
                struct waiter_end *end)
{
    const char *environment[2] = {address, NULL};
    struct query q;
    int pair[2];
    memset(&q, 0, sizeof q);
    q.count = 1;
    q.limit = 100;
    q.wait = wait;
    q.rooms[0].since = since;
    snprintf(q.rooms[0].name, sizeof q.rooms[0].name, "%s", room);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct web_exchange *x = calloc(1, sizeof *x);
    assert_non_null(x);
    web_exchange_init(x, &pair_carrier, environment);
    next_connection = pair[0];
    end->peer = pair[1];
    if (park_add(p, x, &q, token)) {
        return true;
    }
    web_exchange_fini(x);
    free(x);
    close(pair[0]);
    close(pair[1]);
    return false;
}

/* Everything up to the end of the connection; the output of its records, without their heads. */
static void read_all(const struct waiter_end *end, struct buf *out)
{
    struct buf raw;
    buf_init(&raw, BUF_UNLIMITED);
    for (;;) {
        size_t room = 0;
        char *to = buf_room(&raw, 65536, &room);
        ssize_t count = read(end->peer, to, room);
        if (count <= 0) {
            break;
        }
        buf_grew(&raw, (size_t)count);
    }
    buf_init(out, BUF_UNLIMITED);
    for (size_t at = 0; at + 8 <= raw.length;) {
        const unsigned char *record = (const unsigned char *)raw.bytes + at;
        size_t length = (size_t)record[4] << 8 | record[5];
        if (record[1] == 6) {
            buf_add(out, record + 8, length);
        }
        at += 8 + length + record[6];
    }
    close(end->peer);
    buf_fini(&raw);
}

static void assert_answer(const struct waiter_end *end, const char *expected)
{
    struct buf out;
    read_all(end, &out);
    assert_contains(buf_text(&out), "Status: 200 OK\r\n");
    assert_contains(buf_text(&out), expected);
    buf_fini(&out);
}

static bool has_answer(const struct waiter_end *end)
{
    struct pollfd p = {.fd = end->peer, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void wait_for_count(const struct park *p, size_t count)
{
    for (int64_t limit = clock_mono_ms() + 20000; park_count(p) != count; clock_sleep_ms(2)) {
        if (clock_mono_ms() > limit) {
            fail_msg("%zu are parked, not %zu", park_count(p), count);
        }
    }
}

static void end_park(struct park *p)
{
    park_stop(p);
    assert_int_equal(park_count(p), 0);
    park_free(p);
}

/* ---- the tests ---- */

static void news_is_rendered_once_for_all_who_wait_for_the_same(void **state)
{
    enum { MANY = 200 };
    static struct waiter_end ends[MANY];
    struct park *p = make_park(1000, 1000);
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        assert_true(add(p, "lobby", 0, 60, -1, NULL, &ends[i]));
    }
    /* Everyone is looked at once when it takes its seat. */
    for (int64_t limit = clock_mono_ms() + 20000; atomic_load(&renders) < MANY; clock_sleep_ms(2)) {
        assert_true(clock_mono_ms() < limit);
    }
    atomic_store(&head, 3);
    park_ring(p);
    for (size_t i = 0; i < MANY; i++) {
        assert_answer(&ends[i], "[lobby 0 3]");
    }
    assert_int_equal(atomic_load(&renders), MANY + 1);
    end_park(p);
}

static void who_asks_for_something_else_waits_on(void **state)
{
    struct waiter_end behind;
    struct waiter_end ahead;
    struct park *p = make_park(10, 10);
    (void)state;
    assert_true(add(p, "lobby", 4, 60, -1, NULL, &behind));
    assert_true(add(p, "lobby", 9, 60, -1, NULL, &ahead));
    atomic_store(&head, 5);
    park_ring(p);
    assert_answer(&behind, "[lobby 4 5]");
    wait_for_count(p, 1);
    assert_false(has_answer(&ahead));
    atomic_store(&head, 10);
    park_ring(p);
    assert_answer(&ahead, "[lobby 9 10]");
    end_park(p);
}

static void news_from_before_the_seat_was_taken_is_not_missed(void **state)
{
    struct waiter_end end;
    struct park *p = make_park(10, 10);
    (void)state;
    atomic_store(&head, 1); /* committed and rung after the handler's look, before park_add: nobody rings again */
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &end));
    assert_answer(&end, "[lobby 0 1]");
    end_park(p);
}

static void time_is_up_with_an_answer_and_not_much_early(void **state)
{
    struct waiter_end end;
    struct park *p = make_park(10, 10);
    int64_t begin = clock_mono_ms();
    (void)state;
    assert_true(add(p, "lobby", 7, 1, -1, NULL, &end));
    assert_answer(&end, "[lobby 7 0]");
    assert_true(clock_mono_ms() - begin >= 890); /* at most a tenth early */
    end_park(p);
}

static void a_peer_that_hangs_up_frees_its_place(void **state)
{
    struct waiter_end ends[3];
    struct park *p = make_park(3, 10);
    struct waiter_end none;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(add(p, "lobby", 0, 60, 1 << i, NULL, &ends[i]));
    }
    assert_false(add(p, "lobby", 0, 60, -1, NULL, &none));
    close(ends[1].peer);
    wait_for_count(p, 2);
    assert_int_equal(atomic_load(&left_tokens), 2); /* its token, and no other */
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &ends[1]));
    park_stop(p);
    for (size_t i = 0; i < 3; i++) {
        assert_answer(&ends[i], "[lobby 0 0]");
    }
    assert_int_equal(atomic_load(&left_tokens), 7);
    park_free(p);
}

static void one_address_has_a_limit_of_its_own_and_a_proxy_on_this_host_has_not(void **state)
{
    struct waiter_end ends[8];
    struct waiter_end none;
    struct park *p = make_park(100, 2);
    (void)state;
    assert_true(add(p, "a", 0, 60, -1, "REMOTE_ADDR=192.0.2.1", &ends[0]));
    assert_true(add(p, "b", 0, 60, -1, "REMOTE_ADDR=192.0.2.1", &ends[1]));
    assert_false(add(p, "c", 0, 60, -1, "REMOTE_ADDR=192.0.2.1", &none));
    assert_true(add(p, "c", 0, 60, -1, "REMOTE_ADDR=192.0.2.2", &ends[2]));
    for (size_t i = 3; i < 8; i++) {
        assert_true(add(p, "d", 0, 60, -1, i % 2 == 0 ? "REMOTE_ADDR=127.0.0.1" : "REMOTE_ADDR=::1", &ends[i]));
    }
    close(ends[0].peer);
    wait_for_count(p, 7);
    assert_true(add(p, "c", 0, 60, -1, "REMOTE_ADDR=192.0.2.1", &ends[0]));
    park_stop(p);
    for (size_t i = 0; i < 8; i++) {
        assert_answer(&ends[i], " 0 0]");
    }
    park_free(p);
}

static void a_peer_that_reads_slowly_holds_up_nobody_and_gets_everything(void **state)
{
    struct waiter_end slow;
    struct waiter_end quick;
    struct buf out;
    struct park *p = make_park(10, 10);
    (void)state;
    body_size = 3000000; /* more than a socket holds */
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &slow));
    wait_for_count(p, 1);
    atomic_store(&head, 1);
    park_ring(p);
    while (!has_answer(&slow)) {
        clock_sleep_ms(1);
    }
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &quick)); /* answered while the slow one has not read a byte */
    read_all(&quick, &out);
    assert_true(out.length > body_size);
    buf_fini(&out);
    read_all(&slow, &out);
    assert_true(out.length > body_size);
    assert_int_equal(out.bytes[out.length - 1], 'x');
    buf_fini(&out);
    end_park(p);
}

static void requests_with_other_numbers_get_records_with_theirs(void **state)
{
    struct waiter_end one;
    struct waiter_end other;
    unsigned char header[8];
    struct park *p = make_park(10, 10);
    (void)state;
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &one));
    wait_for_count(p, 1);
    next_id = 0x1234;
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &other));
    park_stop(p);
    assert_int_equal(read(other.peer, header, sizeof header), sizeof header);
    assert_int_equal(header[2], 0x12);
    assert_int_equal(header[3], 0x34);
    close(other.peer);
    assert_int_equal(read(one.peer, header, sizeof header), sizeof header);
    assert_int_equal(header[2], 0);
    assert_int_equal(header[3], 1);
    close(one.peer);
    park_free(p);
}

static void stopping_answers_everyone_and_takes_nobody_more(void **state)
{
    enum { MANY = 300 };
    static struct waiter_end ends[MANY];
    struct waiter_end late;
    struct park *p = make_park(1000, 1000);
    char room[16];
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(room, sizeof room, "r%zu", i % 7);
        assert_true(add(p, room, i, 60, -1, NULL, &ends[i]));
    }
    park_stop(p);
    assert_int_equal(park_count(p), 0);
    assert_false(add(p, "lobby", 0, 60, -1, NULL, &late));
    for (size_t i = 0; i < MANY; i++) {
        snprintf(room, sizeof room, "[r%zu %zu 0]", i % 7, i);
        assert_answer(&ends[i], room);
    }
    park_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_is_rendered_once_for_all_who_wait_for_the_same),
        cmocka_unit_test(who_asks_for_something_else_waits_on),
        cmocka_unit_test(news_from_before_the_seat_was_taken_is_not_missed),
        cmocka_unit_test(time_is_up_with_an_answer_and_not_much_early),
        cmocka_unit_test(a_peer_that_hangs_up_frees_its_place),
        cmocka_unit_test(one_address_has_a_limit_of_its_own_and_a_proxy_on_this_host_has_not),
        cmocka_unit_test(a_peer_that_reads_slowly_holds_up_nobody_and_gets_everything),
        cmocka_unit_test(requests_with_other_numbers_get_records_with_theirs),
        cmocka_unit_test(stopping_answers_everyone_and_takes_nobody_more),
    };
    return RUN(tests);
}
