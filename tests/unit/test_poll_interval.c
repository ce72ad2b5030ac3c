/* test_pace.c - poll_interval.h: crowds of made-up clients, in made-up time. */
#include "support.h"

#include "shared/poll_interval.h"

enum { LEAST = 2, MOST = 60, RATE = 50, CLIENTS_MAX = 5000 };

static const struct poll_interval_rules rules = {.least = LEAST, .most = MOST, .rate = RATE};

struct crowd {
    uint64_t round;
    int64_t now;
    int64_t next[CLIENTS_MAX]; /* when each asks again */
    unsigned told_most;        /* since the last look */
};

/* Lets so many clients ask as they are told, for so long; each a little sooner or later, as the page does. Returns how often they
 * asked, a second. */
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

static void few_are_told_the_least(void **state)
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

static void a_crowd_of_any_size_asks_at_the_rate(void **state)
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

static void more_than_fit_are_told_the_most(void **state)
{
    uint64_t seed = 3;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    arrive(c, 0, CLIENTS_MAX, 2000, &seed);
    question(c, CLIENTS_MAX, 200000, &seed);
    assert_int_equal(c->told_most, MOST);
    free(c);
}

static void who_is_left_of_a_crowd_is_soon_told_less(void **state)
{
    uint64_t seed = 4;
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    arrive(c, 0, 1000, 2000, &seed);
    question(c, 1000, 120000, &seed);
    question(c, 50, 120000, &seed); /* the others have left */
    question(c, 50, 30000, &seed);
    assert_int_equal(c->told_most, LEAST);
    c->now += 5000000000; /* the clock of the round goes round */
    question(c, 50, 1000, &seed);
    assert_int_equal(c->told_most, LEAST);
    free(c);
}

static void one_half_that_leaves_brings_no_swing(void **state)
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

static void one_who_has_asked_already_moves_nothing(void **state)
{
    (void)state;
    uint64_t round = poll_interval_next(0, 1000, true, &rules);
    for (int64_t now = 1000; now < 100000; now += 10) {
        round = poll_interval_next(round, now, poll_interval_is_over(round, now), &rules);
    }
    assert_int_equal(poll_interval_told(round), LEAST);
    assert_int_equal(poll_interval_count(round), 1);
}

static void a_burst_is_told_more_before_its_round_is_over(void **state)
{
    (void)state;
    uint64_t round = 0;
    for (int i = 0; i < 10 * RATE; i++) {
        round = poll_interval_next(round, 1000 + i, true, &rules);
    }
    assert_int_equal(poll_interval_told(round), 10);
}

/* As of many behind one address, who count as one: the time that their polls take tells. */
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

static void a_slow_host_is_asked_less(void **state)
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
        cmocka_unit_test(few_are_told_the_least),
        cmocka_unit_test(a_crowd_of_any_size_asks_at_the_rate),
        cmocka_unit_test(more_than_fit_are_told_the_most),
        cmocka_unit_test(who_is_left_of_a_crowd_is_soon_told_less),
        cmocka_unit_test(one_half_that_leaves_brings_no_swing),
        cmocka_unit_test(one_who_has_asked_already_moves_nothing),
        cmocka_unit_test(a_burst_is_told_more_before_its_round_is_over),
        cmocka_unit_test(a_busy_round_is_followed_by_a_longer_one),
        cmocka_unit_test(a_slow_host_is_asked_less),
    };
    return RUN(tests);
}
