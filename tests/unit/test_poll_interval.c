/* test_poll_interval.c - poll_interval.h: simulated clients in simulated time. */
#include "support.h"

#include "shared/poll_interval.h"

enum { LEAST = 2, MOST = 60, RATE = 50, CLIENTS_MAX = 5000 };

static const struct poll_interval_rules rules = {.least = LEAST, .most = MOST, .rate = RATE};

struct crowd {
    uint64_t round;
    int64_t now;
    int64_t next[CLIENTS_MAX]; /* when each client asks again */
    unsigned told_most;        /* since the last call of question() */
};

/* Simulates clients that ask as told for `ms`, each up to a tenth earlier or later, as the page
 * does. Returns the requests per second. */
static double question(struct crowd *c, size_t clients, int64_t ms, uint64_t *seed)
{
    size_t asked = 0;
    c->told_most = 0;
    for (int64_t end = c->now + ms; c->now < end; c->now += 10) {
        for (size_t i = 0; i < clients; i++) {
            if (c->next[i] > c->now) {
                continue;
            }
            c->round = poll_interval_next(c->round, c->now, true, &rules);
            unsigned told = poll_interval_told(c->round);
            c->next[i] = c->now + (int64_t)told * (int64_t)(900 + support_random(seed) % 200);
            c->told_most = told > c->told_most ? told : c->told_most;
            asked++;
        }
    }
    return (double)asked * 1000 / (double)ms;
}

static void arrive(struct crowd *c, size_t first, size_t clients, int64_t within_ms, uint64_t *seed)
{
    for (size_t i = first; i < clients; i++) {
        c->next[i] = c->now + (int64_t)(support_random(seed) % (uint64_t)within_ms);
    }
}

static void few_clients_are_told_the_shortest_pause(void **state)
{
    uint64_t seed = 1;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    c->now = 123456789;
    arrive(c, 0, 90, 2000, &seed);
    question(c, 90, 120000, &seed);
    assert_int_equal(c->told_most, LEAST);
    free(c);
}

static void any_number_of_clients_asks_at_the_rate(void **state)
{
    static const size_t sizes[] = {200, 600, 1000, 2500};
    uint64_t seed = 2;
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct crowd *c = calloc(1, sizeof *c);
        arrive(c, 0, sizes[i], 2000, &seed);
        question(c, sizes[i], 120000, &seed);
        double rate = question(c, sizes[i], 300000, &seed);
        assert_true(rate > RATE * 0.6 && rate < RATE * 1.2);
        assert_true(c->told_most <= 2 * sizes[i] / RATE);
        free(c);
    }
}

static void too_many_clients_are_told_the_longest_pause(void **state)
{
    uint64_t seed = 3;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    arrive(c, 0, CLIENTS_MAX, 2000, &seed);
    question(c, CLIENTS_MAX, 200000, &seed);
    assert_int_equal(c->told_most, MOST);
    free(c);
}

static void after_many_clients_have_left_the_others_are_told_shorter_pauses(void **state)
{
    uint64_t seed = 4;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    arrive(c, 0, 1000, 2000, &seed);
    question(c, 1000, 120000, &seed);
    question(c, 50, 120000, &seed); /* the other clients have left */
    question(c, 50, 30000, &seed);
    assert_int_equal(c->told_most, LEAST);
    c->now += 5000000000; /* the clock of the round overflows */
    question(c, 50, 1000, &seed);
    assert_int_equal(c->told_most, LEAST);
    free(c);
}

static void the_pause_does_not_oscillate_when_half_of_the_clients_leave(void **state)
{
    uint64_t seed = 5;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    arrive(c, 0, 1000, 2000, &seed);
    question(c, 1000, 120000, &seed);
    for (int s = 0; s < 60; s++) {
        assert_true(question(c, 500, 5000, &seed) < RATE * 2);
    }
    free(c);
}

static void a_client_that_asks_twice_in_a_round_changes_nothing(void **state)
{
    (void)state;
    uint64_t round = poll_interval_next(0, 1000, true, &rules);
    for (int64_t now = 1000; now < 100000; now += 10) {
        round = poll_interval_next(round, now, poll_interval_is_over(round, now), &rules);
    }
    assert_int_equal(poll_interval_told(round), LEAST);
    assert_int_equal(poll_interval_count(round), 1);
}

static void a_burst_is_told_longer_pauses_before_its_round_ends(void **state)
{
    (void)state;
    uint64_t round = 0;
    for (int i = 0; i < 10 * RATE; i++) {
        round = poll_interval_next(round, 1000 + i, true, &rules);
    }
    assert_int_equal(poll_interval_told(round), 10);
}

/* Many clients behind one address count as one, so the time that their polls take is used as
 * well. */
static void a_busy_round_is_followed_by_a_longer_one(void **state)
{
    struct poll_interval_rules busy = rules;
    (void)state;
    uint64_t round = poll_interval_next(0, 64000, true, &rules);
    int64_t over = 64000 + LEAST * 1000 + 64;
    busy.load = poll_interval_load(round, over, (uint64_t)(over - 64000) * 1000 * 3);
    assert_true(busy.load > 280 && busy.load < 320); /* a round is measured in ticks */
    busy.load = 300;
    round = poll_interval_next(round, over, true, &busy);
    assert_int_equal(poll_interval_told(round), 3 * LEAST);
    busy.load = 100000;
    round = poll_interval_next(round, over + 60000, true, &busy);
    assert_int_equal(poll_interval_told(round), POLL_INTERVAL_LOAD_MOST);
    busy.load = 100;
    round = poll_interval_next(round, over + 120000, true, &busy);
    assert_int_equal(poll_interval_told(round), LEAST);
}

static void a_slow_host_is_polled_less_often(void **state)
{
    (void)state;
    assert_int_equal(poll_interval_rate(0, RATE), RATE);
    assert_int_equal(poll_interval_rate(2000, RATE), RATE);
    assert_int_equal(poll_interval_rate(40000, RATE), 25);
    assert_int_equal(poll_interval_rate(500000, RATE), 2);
    assert_int_equal(poll_interval_rate(50000000, RATE), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_clients_are_told_the_shortest_pause),
        cmocka_unit_test(any_number_of_clients_asks_at_the_rate),
        cmocka_unit_test(too_many_clients_are_told_the_longest_pause),
        cmocka_unit_test(after_many_clients_have_left_the_others_are_told_shorter_pauses),
        cmocka_unit_test(the_pause_does_not_oscillate_when_half_of_the_clients_leave),
        cmocka_unit_test(a_client_that_asks_twice_in_a_round_changes_nothing),
        cmocka_unit_test(a_burst_is_told_longer_pauses_before_its_round_ends),
        cmocka_unit_test(a_busy_round_is_followed_by_a_longer_one),
        cmocka_unit_test(a_slow_host_is_polled_less_often),
    };
    return RUN(tests);
}
