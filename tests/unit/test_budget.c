/* test_budget.c - how much memory requests may have in work at once. */
#include "support.h"

#include "system/budget.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void the_budget_can_be_taken_up_to_its_end_and_no_further(void **state)
{
    (void)state;
    assert_true(budget_take(BUDGET_BYTES - 10, 0));
    assert_false(budget_take(11, 0));
    assert_true(budget_take(10, 0));
    assert_false(budget_take(1, 0));
    assert_true(budget_take(0, 0));
    budget_give_back(5);
    assert_true(budget_take(5, 0));
    budget_give_back(BUDGET_BYTES);
    assert_true(budget_take(BUDGET_BYTES, 0));
    budget_give_back(BUDGET_BYTES);
}

static void a_request_that_is_alone_may_take_as_much_as_it_needs(void **state)
{
    const size_t much = (size_t)BUDGET_BYTES * 4;
    (void)state;
    assert_true(budget_take(much, 0));
    assert_true(budget_take(much, much)); /* and more, as everything that is taken is its own */
    assert_false(budget_take(1, 0));
    budget_give_back(much * 2);
    assert_true(budget_take(1, 0));
    assert_false(budget_take(much, 0)); /* not beside another request */
    budget_give_back(1);
}

static void no_large_request_begins_while_much_is_kept_for_slow_peers(void **state)
{
    (void)state;
    budget_keep(BUDGET_KEPT_MANY + 1);
    assert_true(budget_keeps_many());
    assert_false(budget_keeps_too_many());
    assert_false(budget_take(1, 0));
    budget_keep_no_more(BUDGET_KEPT_MANY + 1);
    assert_false(budget_keeps_many());
    assert_true(budget_take(1, 0));
    budget_give_back(1);
}

static void without_a_limit_of_the_address_space_there_is_always_room(void **state)
{
    (void)state;
    assert_true(budget_has_room());
    assert_int_equal(budget_part(1000), 1000);
    budget_trim();
}

/* Last: it can't be undone. */
static void a_limit_of_the_address_space_bounds_what_is_taken(void **state)
{
    struct rlimit limit;
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they map terabytes */
#endif
    const char *preload = getenv("LD_PRELOAD");
    if (preload != NULL && strstr(preload, "vgpreload") != NULL) {
        skip(); /* valgrind needs memory of its own and ends when it gets none */
    }
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = 64 * 1024 * 1024;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    budget_init();
    assert_true(budget_has_room());
    assert_true(budget_part(BUDGET_BYTES) <= 16 * 1024 * 1024);
    assert_true(budget_take(1, 0));
    assert_false(budget_take(16 * 1024 * 1024, 0));
    void *volatile last = NULL; /* volatile: or the compiler leaves the calls out */
    do {
        last = malloc(1 << 20);
    } while (last != NULL);
    assert_false(budget_has_room());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_can_be_taken_up_to_its_end_and_no_further),
        cmocka_unit_test(a_request_that_is_alone_may_take_as_much_as_it_needs),
        cmocka_unit_test(no_large_request_begins_while_much_is_kept_for_slow_peers),
        cmocka_unit_test(without_a_limit_of_the_address_space_there_is_always_room),
        cmocka_unit_test(a_limit_of_the_address_space_bounds_what_is_taken),
    };
    return RUN(tests);
}
