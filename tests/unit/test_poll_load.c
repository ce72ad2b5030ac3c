/* test_poll_load.c - clients on a timer and how long their polls take, counted by all processes of
 * a site. */
#include "bell_support.h"

#include "base/clock.h"
#include "shared/poll_interval.h"
#include "shared/poll_load.h"

static void clients_on_a_timer_are_counted_for_all_processes_together(void **state)
{
    static const struct poll_interval_rules rules = {.least = 1, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-2");
    struct bell *other = open_bell("of-its-own-2");
    (void)state;
    unsigned told = poll_load_next(b, 1, 0, &rules);
    assert_int_equal(told, 1);
    /* On a slow machine a round may end among the 30. */
    for (int round = 0; told == 1 && round < 20; round++) {
        for (int i = 0; i < 30; i++) {
            told = poll_load_next(i % 2 == 0 ? b : other, (uint16_t)(2 + i), 0, &rules);
        }
    }
    assert_true(told > 1);
    bell_close(b);
    bell_close(other);
}

static void one_client_counts_once_a_round_however_often_it_asks(void **state)
{
    static const struct poll_interval_rules rules = {.least = 1, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-3");
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(poll_load_next(b, 7, 0, &rules), 1);
    }
    unsigned told = 0;
    for (int round = 0; told <= 1 && round < 20; round++) {
        for (uint16_t client = 1; client <= 40; client++) {
            told = poll_load_next(b, client, 0, &rules);
        }
    }
    assert_true(told > 1 && told <= 8);
    bell_close(b);
}

static void unknown_clients_count_by_the_time_they_take_or_else_each_time(void **state)
{
    static const struct poll_interval_rules rules = {.least = 1, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-8");
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(poll_load_next(b, 0, 1, &rules), 1);
    }
    unsigned told = 0;
    for (int i = 0; i < 1000; i++) {
        told = poll_load_next(b, 0, 0, &rules);
    }
    assert_true(told > 1);
    bell_close(b);
}

static void the_average_follows_how_long_polls_take(void **state)
{
    struct bell *b = open_bell("of-its-own-6");
    (void)state;
    assert_int_equal(poll_load_took(b, 1000), 1000);
    for (int i = 0; i < 100; i++) {
        poll_load_took(b, 100000);
    }
    unsigned average = poll_load_took(b, 100000);
    assert_true(average > 95000 && average <= 100000);
    bell_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_on_a_timer_are_counted_for_all_processes_together),
        cmocka_unit_test(one_client_counts_once_a_round_however_often_it_asks),
        cmocka_unit_test(unknown_clients_count_by_the_time_they_take_or_else_each_time),
        cmocka_unit_test(the_average_follows_how_long_polls_take),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
