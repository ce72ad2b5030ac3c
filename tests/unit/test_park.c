/* test_park.c - requests that wait in a park: which are answered when, and with what. */
#include "fake_request.h"

#include "base/clock.h"
#include "base/err.h"
#include "chat/query.h"
#include "wait/private/park.h"
#include "web/reply.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* ---- a carrier whose connection is one end of a socket pair ---- */

/* The web server's side of a request that waits. */
struct waiter_end {
    int peer;
};

static int next_connection;
static uint16_t next_id;

static struct fcgi_request pair_detach(struct request *request)
{
    const struct fcgi_request h = {.connection = next_connection, .id = next_id};
    web_carrier_fini(request);
    free(request);
    return h;
}

static const struct web_carrier pair_carrier = {.detach = pair_detach};

/* ---- the store of the tests: one head; all above `since` is news ---- */

static _Atomic uint64_t head;
static atomic_int renders;
static size_t body_size;

static int render(void *context, const struct query *q, bool final, struct reply *r)
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

/* Streams: one event "(since+1)" for each call, so a stream that is behind catches up step by step.
 * No event is above the head. */
static size_t event_size;
static atomic_int tellings;

static enum news_found events(void *context, struct query *q, struct buf *out)
{
    (void)context;
    uint64_t now = atomic_load(&head);
    if (strcmp(q->rooms[0].name, "gone") == 0 && now > 0) {
        return NEWS_END;
    }
    if (q->rooms[0].since >= now) {
        return NEWS_NONE;
    }
    atomic_fetch_add(&tellings, 1);
    buf_addf(out, "(%llu", (unsigned long long)++q->rooms[0].since);
    for (size_t i = 0; i < event_size; i++) {
        buf_addc(out, '.');
    }
    buf_addc(out, ')');
    return q->rooms[0].since < now ? NEWS_MORE : NEWS_SOME;
}

static void heartbeat(void *context, const struct query *q, struct buf *out)
{
    (void)context;
    (void)q;
    buf_addc(out, '~');
}

static atomic_int left_tokens;

static void left(void *context, bool stream, int token)
{
    (void)context;
    (void)stream;
    atomic_fetch_add(&left_tokens, token >= 0 ? token : 0);
}

static atomic_size_t told_count;

static void told(void *context, size_t count)
{
    (void)context;
    assert_true(count >= 1 && count <= 64);
    atomic_fetch_add(&told_count, count);
}

static struct park *make_park(unsigned most, unsigned most_per_client)
{
    const struct park_options options = {.news = {.render = render, .events = events, .heartbeat = heartbeat},
                                         .heartbeat_ms = 200,
                                         .left = left,
                                         .told = told,
                                         .most = most,
                                         .most_per_client = most_per_client};
    struct err e = ERR_INIT;
    struct park *p = park_new(&options, &e);
    assert_non_null(p);
    atomic_store(&head, 0);
    atomic_store(&renders, 0);
    atomic_store(&left_tokens, 0);
    atomic_store(&tellings, 0);
    atomic_store(&told_count, 0);
    body_size = 0;
    event_size = 0;
    next_id = 1;
    return p;
}

static bool add_one(struct park *p, const struct query *q, int token, const char *address, unsigned stream_seconds,
                    struct waiter_end *end)
{
    const char *environment[2] = {address, NULL};
    struct reply opening;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct request *request = calloc(1, sizeof *request);
    assert_non_null(request);
    size_t count = 0;
    struct variable *variables = web_carrier_variables(environment, &count);
    web_carrier_init(request, &pair_carrier, variables, count);
    request->body_state = WEB_CARRIER_WHOLE;
    request->body_ended = true;
    next_connection = pair[0];
    end->peer = pair[1];
    reply_init(&opening, 200);
    buf_adds(&opening.body, "<");
    bool taken = q->stream ? park_stream(p, request, q, &opening, stream_seconds, token)
                           : park_add(p, request, q, token);
    reply_fini(&opening);
    if (!taken) {
        web_carrier_fini(request);
        free(request);
        close(pair[0]);
        close(pair[1]);
    }
    return taken;
}

static struct query query_of(const char *room, uint64_t since)
{
    struct query q;
    memset(&q, 0, sizeof q);
    q.count = 1;
    q.limit = 100;
    q.rooms[0].since = since;
    snprintf(q.rooms[0].name, sizeof q.rooms[0].name, "%s", room);
    return q;
}

static bool add(struct park *p, const char *room, uint64_t since, unsigned wait, int token, const char *address,
                struct waiter_end *end)
{
    struct query q = query_of(room, since);
    q.wait = wait;
    return add_one(p, &q, token, address, 0, end);
}

static void add_stream(struct park *p, const char *room, uint64_t since, unsigned seconds, struct waiter_end *end)
{
    struct query q = query_of(room, since);
    q.stream = true;
    assert_true(add_one(p, &q, -1, NULL, seconds, end));
}

/* Adds the output in the records of *raw to *out. True when the end of the request is there. */
static bool unframe(const struct buf *raw, struct buf *out)
{
    bool ended = false;
    for (size_t at = 0; at + 8 <= raw->length;) {
        const unsigned char *record = (const unsigned char *)raw->bytes + at;
        size_t length = (size_t)record[4] << 8 | record[5];
        if (record[1] == 6 && at + 8 + length <= raw->length) {
            buf_add(out, record + 8, length);
        }
        ended = ended || record[1] == 3;
        at += 8 + length + record[6];
    }
    return ended;
}

/* Reads up to the end of the connection; *out is the output of all records. */
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
    unframe(&raw, out);
    close(end->peer);
    buf_fini(&raw);
}

/* Reads until the stream's body without heartbeats is `expected`, and with `ends` until the end of
 * the request. */
static void assert_stream(const struct waiter_end *end, struct buf *raw, const char *expected, bool ends)
{
    for (;;) {
        struct buf out;
        buf_init(&out, BUF_UNLIMITED);
        bool ended = unframe(raw, &out);
        const char *body = strstr(buf_text(&out), "\r\n\r\n");
        char kept[4096] = "";
        size_t length = 0;
        for (body = body != NULL ? body + 4 : ""; *body != '\0' && length < sizeof kept - 1; body++) {
            if (*body != '~' && *body != '.') {
                kept[length++] = *body;
            }
        }
        bool done = strcmp(kept, expected) == 0 && ended == ends;
        if (!done && (ended || length > strlen(expected))) {
            fail_msg("%s instead of %s", kept, expected);
        }
        buf_fini(&out);
        if (done) {
            return;
        }
        size_t room = 0;
        char *to = buf_room(raw, 65536, &room);
        ssize_t count = read(end->peer, to, room);
        if (count <= 0) {
            fail_msg("broke off after %s, not %s", kept, expected);
        }
        buf_grew(raw, (size_t)count);
    }
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
            fail_msg("%zu requests wait, not %zu", park_count(p), count);
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

static void news_is_rendered_once_for_all_polls_that_ask_the_same(void **state)
{
    enum { MANY = 200 };
    static struct waiter_end ends[MANY];
    struct park *p = make_park(1000, 1000);
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        assert_true(add(p, "lobby", 0, 60, -1, NULL, &ends[i]));
    }
    /* The question is looked at once for each newcomer. */
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
    assert_int_equal(atomic_load(&told_count), MANY); /* each answer because of a ring was reported */
}

static void a_poll_with_another_question_waits_on(void **state)
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

static void news_from_before_the_poll_was_parked_is_not_missed(void **state)
{
    struct waiter_end end;
    struct park *p = make_park(10, 10);
    (void)state;
    atomic_store(&head,
                 1); /* committed and rung after the handler's look and before park_add: there is no other ring */
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &end));
    assert_answer(&end, "[lobby 0 1]");
    end_park(p);
}

static void a_wait_ends_with_an_answer_and_at_most_a_tenth_early(void **state)
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

static void a_peer_that_hangs_up_makes_room_for_another(void **state)
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

static void one_address_has_its_own_limit_and_a_proxy_on_this_host_has_none(void **state)
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

static void a_peer_that_reads_slowly_delays_no_other_and_gets_everything(void **state)
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
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &quick)); /* answered while the slow peer has not read a byte */
    read_all(&quick, &out);
    assert_true(out.length > body_size);
    buf_fini(&out);
    read_all(&slow, &out);
    assert_true(out.length > body_size);
    assert_int_equal(out.bytes[out.length - 1], 'x');
    buf_fini(&out);
    end_park(p);
}

static void a_request_with_another_number_gets_records_with_that_number(void **state)
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

static void stopping_answers_every_poll_and_takes_no_more(void **state)
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

/* ---- streams ---- */

static void streams_at_the_same_position_share_the_rendering_and_each_gets_all_events(void **state)
{
    enum { MANY = 100 };
    static struct waiter_end ends[MANY];
    static struct buf raw[MANY];
    struct park *p = make_park(1000, 1000);
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        buf_init(&raw[i], BUF_UNLIMITED);
        add_stream(p, "lobby", 0, 60, &ends[i]);
        assert_stream(&ends[i], &raw[i], "<", false);
    }
    for (uint64_t news = 1; news <= 3; news++) {
        atomic_store(&head, news);
        park_ring(p);
        for (size_t i = 0; i < MANY; i++) {
            assert_stream(&ends[i], &raw[i], news == 1 ? "<(1)" : news == 2 ? "<(1)(2)" : "<(1)(2)(3)", false);
        }
        assert_int_equal(atomic_load(&tellings), news);
    }
    assert_int_equal(park_count(p), MANY);
    park_stop(p);
    for (size_t i = 0; i < MANY; i++) {
        assert_stream(&ends[i], &raw[i], "<(1)(2)(3)", true);
        close(ends[i].peer);
        buf_fini(&raw[i]);
    }
    park_free(p);
}

static void a_stream_that_begins_behind_catches_up_and_then_shares_with_the_others(void **state)
{
    struct waiter_end early;
    struct waiter_end late;
    struct buf raws[2];
    struct park *p = make_park(10, 10);
    (void)state;
    buf_init(&raws[0], BUF_UNLIMITED);
    buf_init(&raws[1], BUF_UNLIMITED);
    atomic_store(&head, 3);
    add_stream(p, "lobby", 3, 60, &early);
    assert_stream(&early, &raws[0], "<", false);
    add_stream(p, "lobby", 0, 60, &late);
    assert_stream(&late, &raws[1], "<(1)(2)(3)", false); /* without a ring */
    assert_int_equal(atomic_load(&tellings), 3);
    atomic_store(&head, 4);
    park_ring(p);
    assert_stream(&early, &raws[0], "<(4)", false);
    assert_stream(&late, &raws[1], "<(1)(2)(3)(4)", false);
    assert_int_equal(atomic_load(&tellings), 4);
    end_park(p);
    close(early.peer);
    close(late.peer);
    buf_fini(&raws[0]);
    buf_fini(&raws[1]);
}

static void a_stream_that_is_read_slowly_delays_no_other_and_misses_nothing(void **state)
{
    struct waiter_end slow;
    struct waiter_end quick;
    struct buf raws[2];
    char expected[1024] = "<";
    struct park *p = make_park(10, 10);
    (void)state;
    buf_init(&raws[0], BUF_UNLIMITED);
    buf_init(&raws[1], BUF_UNLIMITED);
    event_size = 100000; /* a few of them fill a socket */
    add_stream(p, "lobby", 0, 60, &slow);
    add_stream(p, "lobby", 0, 60, &quick);
    for (uint64_t news = 1; news <= 20; news++) {
        atomic_store(&head, news);
        park_ring(p);
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "(%llu)", (unsigned long long)news);
        assert_stream(&quick, &raws[0], expected, false); /* while the slow peer has read nothing */
    }
    assert_stream(&slow, &raws[1], expected, false);
    end_park(p);
    close(slow.peer);
    close(quick.peer);
    buf_fini(&raws[0]);
    buf_fini(&raws[1]);
}

static void a_silent_stream_gets_heartbeats_and_its_end_in_time(void **state)
{
    struct waiter_end end;
    struct buf out;
    struct park *p = make_park(10, 10);
    int64_t begin = clock_mono_ms();
    (void)state;
    add_stream(p, "lobby", 0, 3, &end);
    read_all(&end, &out);
    assert_true(clock_mono_ms() - begin >= 2600);
    assert_contains(buf_text(&out), "\r\n\r\n<~~~"); /* one each 200 ms, or later */
    assert_contains(buf_text(&out), "Status: 200 OK\r\n");
    assert_false(support_contains(buf_text(&out), "Content-Length"));
    buf_fini(&out);
    end_park(p);
}

static void a_lost_ring_delays_news_to_the_next_heartbeat_at_most(void **state)
{
    struct waiter_end end;
    struct buf raw;
    struct park *p = make_park(10, 10);
    (void)state;
    buf_init(&raw, BUF_UNLIMITED);
    add_stream(p, "lobby", 0, 60, &end);
    assert_stream(&end, &raw, "<", false);
    atomic_store(&head, 1);
    assert_stream(&end, &raw, "<(1)", false);
    end_park(p);
    close(end.peer);
    buf_fini(&raw);
}

static void a_stream_that_cannot_go_on_ends_and_the_others_do_not(void **state)
{
    struct waiter_end gone;
    struct waiter_end other;
    struct buf out;
    struct buf raw;
    struct park *p = make_park(10, 10);
    (void)state;
    buf_init(&raw, BUF_UNLIMITED);
    add_stream(p, "gone", 0, 60, &gone);
    add_stream(p, "lobby", 0, 60, &other);
    wait_for_count(p, 2);
    atomic_store(&head, 1);
    park_ring(p);
    read_all(&gone, &out);
    assert_string_equal(strstr(buf_text(&out), "\r\n\r\n") + 4, "<");
    buf_fini(&out);
    assert_stream(&other, &raw, "<(1)", false);
    wait_for_count(p, 1);
    end_park(p);
    close(other.peer);
    buf_fini(&raw);
}

static void streams_and_polls_share_one_limit_and_hang_ups_make_room(void **state)
{
    struct waiter_end ends[3];
    struct waiter_end none;
    struct park *p = make_park(2, 10);
    (void)state;
    add_stream(p, "lobby", 0, 60, &ends[0]);
    assert_true(add(p, "lobby", 0, 60, -1, NULL, &ends[1]));
    assert_false(add(p, "lobby", 0, 60, -1, NULL, &none));
    close(ends[0].peer);
    wait_for_count(p, 1);
    add_stream(p, "lobby", 0, 60, &ends[2]);
    close(ends[1].peer);
    close(ends[2].peer);
    wait_for_count(p, 0);
    assert_int_equal(park_unanswered(p), 0);
    end_park(p);
}

/* Streams at random positions, with peers that read or hang up at random times. */
static void in_a_random_mix_each_stream_gets_each_event_once_and_in_order(void **state)
{
    enum { MANY = 40, NEWS = 60 };
    static struct waiter_end ends[MANY];
    static struct buf raw[MANY];
    static bool open[MANY];
    static uint64_t from[MANY];
    uint64_t random = 88172645463325252ULL;
    struct park *p = make_park(1000, 1000);
    (void)state;
    event_size = 20000;
    for (uint64_t news = 1; news <= NEWS; news++) {
        size_t i = support_random(&random) % MANY;
        if (open[i] && support_random(&random) % 3 == 0) {
            close(ends[i].peer);
            buf_fini(&raw[i]);
            open[i] = false;
        } else if (!open[i]) {
            from[i] = support_random(&random) % news;
            buf_init(&raw[i], BUF_UNLIMITED);
            add_stream(p, "lobby", from[i], 60, &ends[i]);
            open[i] = true;
        }
        atomic_store(&head, news);
        park_ring(p);
    }
    for (size_t i = 0; i < MANY; i++) {
        char expected[1024] = "<";
        for (uint64_t seq = from[i] + 1; open[i] && seq <= NEWS; seq++) {
            snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "(%llu)",
                     (unsigned long long)seq);
        }
        if (open[i]) {
            assert_stream(&ends[i], &raw[i], expected, false);
            close(ends[i].peer);
            buf_fini(&raw[i]);
        }
    }
    wait_for_count(p, 0);
    end_park(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_at_the_same_position_share_the_rendering_and_each_gets_all_events),
        cmocka_unit_test(a_stream_that_begins_behind_catches_up_and_then_shares_with_the_others),
        cmocka_unit_test(a_stream_that_is_read_slowly_delays_no_other_and_misses_nothing),
        cmocka_unit_test(a_silent_stream_gets_heartbeats_and_its_end_in_time),
        cmocka_unit_test(a_lost_ring_delays_news_to_the_next_heartbeat_at_most),
        cmocka_unit_test(a_stream_that_cannot_go_on_ends_and_the_others_do_not),
        cmocka_unit_test(streams_and_polls_share_one_limit_and_hang_ups_make_room),
        cmocka_unit_test(in_a_random_mix_each_stream_gets_each_event_once_and_in_order),
        cmocka_unit_test(news_is_rendered_once_for_all_polls_that_ask_the_same),
        cmocka_unit_test(a_poll_with_another_question_waits_on),
        cmocka_unit_test(news_from_before_the_poll_was_parked_is_not_missed),
        cmocka_unit_test(a_wait_ends_with_an_answer_and_at_most_a_tenth_early),
        cmocka_unit_test(a_peer_that_hangs_up_makes_room_for_another),
        cmocka_unit_test(one_address_has_its_own_limit_and_a_proxy_on_this_host_has_none),
        cmocka_unit_test(a_peer_that_reads_slowly_delays_no_other_and_gets_everything),
        cmocka_unit_test(a_request_with_another_number_gets_records_with_that_number),
        cmocka_unit_test(stopping_answers_every_poll_and_takes_no_more),
    };
    return RUN(tests);
}
