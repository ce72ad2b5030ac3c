/* test_slots.c - slots of waiting requests and the processes of a site, counted by all of them. */
#include "bell_support.h"

#include "base/clock.h"
#include "shared/poll_interval.h"
#include "shared/poll_load.h"
#include "shared/slots.h"

#include <signal.h>
#include <sys/wait.h>

static void slots_are_counted_over_all_processes_and_become_free_again(void **state)
{
    static const struct slots_request two = {.most = 2};
    static const struct slots_request none = {.most = 0};
    struct bell *b = open_bell("of-its-own-7");
    (void)state;
    int first = slots_take(b, &two, 60);
    assert_true(first >= 0);
    pid_t child = fork();
    if (child == 0) {
        int own = slots_take(b, &two, 60);
        int more = slots_take(b, &two, 60);
        _exit(own >= 0 && more < 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    int second = slots_take(b, &two, 60); /* the slot of the child, which has ended */
    assert_true(second >= 0 && second != first);
    assert_int_equal(slots_take(b, &two, 60), -1);
    slots_release(b, first);
    assert_int_equal(slots_take(b, &two, 60), first);
    assert_int_equal(slots_take(b, &none, 60), -1);
    slots_release(b, -1);
    bell_close(b);
}

static void one_client_gets_only_its_share_of_the_slots(void **state)
{
    const struct slots_request one = {.client = 7, .most = 6, .most_per_client = 1};
    const struct slots_request other = {.client = 8, .most = 6, .most_per_client = 1};
    const struct slots_request unknown = {.client = 0, .most = 6, .most_per_client = 1};
    struct bell *b = open_bell("of-its-own-1");
    (void)state;
    int token = slots_take(b, &one, 60);
    assert_true(token >= 0);
    assert_false(slots_are_free(b, &one));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(slots_take(b, &one, 60), -1);
    }
    assert_true(slots_are_free(b, &other));
    assert_true(slots_take(b, &other, 60) >= 0);
    for (int i = 0; i < 4; i++) {
        assert_true(slots_take(b, &unknown, 60) >= 0); /* a proxy: it may have many clients */
    }
    assert_false(slots_are_free(b, &unknown));
    slots_release(b, token);
    assert_true(slots_take(b, &one, 60) >= 0);
    bell_close(b);
}

static void processes_are_counted_while_they_run_and_leave_one_by_one(void **state)
{
    struct bell *b = open_bell("of-its-own-4");
    int status = 0;
    (void)state;
    int first = slots_join(b, 60);
    assert_true(first >= 0);
    assert_true(slots_stay(b, first, 60));
    assert_int_equal(slots_count(b).there, 1);
    assert_false(slots_count(b).has_sender);
    pid_t child = fork();
    if (child == 0) {
        int own = slots_join(b, 60);
        bool good = own >= 0 && own != first && slots_count(b).there == 2 && !slots_stay(b, first, 60);
        room_heads_end_commit(b, room_heads_begin_commit(b));
        _exit(good && slots_count(b).has_sender ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(slots_count(b).there, 1); /* the child has ended */
    assert_false(slots_count(b).has_sender);
    int second = slots_join(b, 60);
    assert_true(slots_leave(b, second, 600000));
    assert_false(slots_leave(b, first, 600000));
    assert_int_equal(slots_count(b).there, 1);
    bell_close(b);
}

static void after_each_trial_without_success_the_pause_is_longer(void **state)
{
    static const struct poll_interval_rules rules = {.least = 60, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-5");
    (void)state;
    assert_true(slots_try(b, 3, 0, 0, 60)); /* no pause before the first */
    assert_true(slots_try(b, 3, 0, 0, 60));
    assert_true(slots_try(b, 4, 0, 1, 60));
    assert_false(slots_try(b, 4, 0, 1, 60)); /* within the pause */
    clock_sleep_ms(1050);
    poll_load_next(b, 1, 0, &rules);
    poll_load_next(b, 2, 0, &rules); /* two clients are on the timer */
    /* No process has started since, so the next pause is 2 s. */
    assert_true(slots_try(b, 4, 0, 1, 60));
    clock_sleep_ms(1050);
    assert_false(slots_try(b, 4, 0, 1, 60));
    bell_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_counted_over_all_processes_and_become_free_again),
        cmocka_unit_test(one_client_gets_only_its_share_of_the_slots),
        cmocka_unit_test(processes_are_counted_while_they_run_and_leave_one_by_one),
        cmocka_unit_test(after_each_trial_without_success_the_pause_is_longer),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
