/* test_blocking.c - the thread that is about to wait says so, if there is a listener. */
#include "support.h"

#include "base/blocking.h"

static unsigned calls;

static void count(void)
{
    calls++;
}

static void nothing_happens_without_a_hook(void **state)
{
    (void)state;
    calls = 0;
    blocking_expected();
    assert_int_equal(calls, 0);
}

static void the_hook_is_called_each_time_until_it_is_removed(void **state)
{
    (void)state;
    calls = 0;
    blocking_on(count);
    blocking_expected();
    blocking_expected();
    assert_int_equal(calls, 2);
    blocking_on(NULL);
    blocking_expected();
    assert_int_equal(calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_without_a_hook),
        cmocka_unit_test(the_hook_is_called_each_time_until_it_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
