/* test_handles.c - handles.h: how often the files of the database are looked at.
 *
 * The store is a fake: a look at a handle waits at a gate, as on a disk that stalls.
 */
#include "fake_clock.h"
#include "support.h"

#include "base/ck.h"
#include "site/handles.h"

#include <pthread.h>
#include <stdatomic.h>

static char handle; /* its address is what counts */
static atomic_int looks;
static atomic_int inside;
static atomic_bool is_gate_closed;
static atomic_bool is_stale;

bool store_is_stale(struct store *s)
{
    CK(s == (struct store *)&handle);
    atomic_fetch_add(&looks, 1);
    atomic_fetch_add(&inside, 1);
    while (atomic_load(&is_gate_closed)) {
        clock_sleep_ms(1);
    }
    atomic_fetch_sub(&inside, 1);
    return atomic_load(&is_stale);
}

uint64_t store_identity(const struct store *s)
{
    (void)s;
    return 7;
}

void store_close(struct store *s)
{
    (void)s;
}

static struct handles *make(void)
{
    struct handles *all = handles_new(STORE_READ);
    atomic_store(&is_stale, false);
    assert_true(handles_give_back(all, (struct store *)&handle));
    assert_true(handles_are_current(all));
    atomic_store(&looks, 0);
    return all;
}

static void a_hundred_milliseconds_pass_between_two_looks(void **state)
{
    int64_t began = clock_mono_ms();
    struct handles *all = make();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_true(handles_are_current(all));
    }
    assert_in_range(atomic_load(&looks), 0, (uint64_t)(clock_mono_ms() - began) / 100);
    fake_clock_pass(100);
    atomic_store(&is_stale, true);
    assert_false(handles_are_current(all));
    assert_false(handles_are_current(all));
    handles_free(all);
}

static void *ask(void *all)
{
    return handles_are_current(all) ? all : NULL;
}

static void a_look_that_a_disk_delays_holds_up_one_thread_for_a_second(void **state)
{
    struct handles *all = make();
    pthread_t thread;
    void *answer = NULL;
    (void)state;
    fake_clock_pass(100);
    atomic_store(&is_gate_closed, true);
    assert_int_equal(pthread_create(&thread, NULL, ask, all), 0);
    while (atomic_load(&inside) == 0) {
        clock_sleep_ms(1);
    }
    for (int i = 0; i < 10; i++) {
        assert_true(handles_are_current(all));
    }
    assert_int_equal(atomic_load(&looks), 1);
    fake_clock_pass(900);
    assert_false(handles_are_current(all)); /* its handle is in use: the store has to be asked */
    atomic_store(&is_gate_closed, false);
    pthread_join(thread, &answer);
    assert_ptr_equal(answer, all);
    fake_clock_pass(1000);
    assert_true(handles_are_current(all));
    assert_int_equal(atomic_load(&looks), 2);
    handles_free(all);
}

static void one_more_than_the_most_waits_for_a_handle_to_come_back(void **state)
{
    struct handles *all = handles_new(STORE_READ);
    bool may_open = false;
    (void)state;
    atomic_store(&is_stale, false);
    assert_null(handles_take(all, 2, 0, &may_open));
    assert_true(may_open);
    assert_null(handles_take(all, 2, 0, &may_open));
    assert_true(may_open);
    assert_null(handles_take(all, 2, 20, &may_open));
    assert_false(may_open);
    handles_not_opened(all); /* one of the two could not be opened */
    assert_null(handles_take(all, 2, 0, &may_open));
    assert_true(may_open);
    assert_true(handles_give_back(all, (struct store *)&handle));
    assert_ptr_equal(handles_take(all, 2, 0, &may_open), &handle);
    assert_false(may_open);
    atomic_store(&is_stale, true);
    assert_true(handles_give_back(all, (struct store *)&handle)); /* a reader's is looked at when it is taken */
    assert_null(handles_take(all, 2, 0, &may_open));
    assert_true(may_open); /* the stale one was closed */
    atomic_store(&is_stale, false);
    handles_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_milliseconds_pass_between_two_looks),
        cmocka_unit_test(one_more_than_the_most_waits_for_a_handle_to_come_back),
        cmocka_unit_test(a_look_that_a_disk_delays_holds_up_one_thread_for_a_second),
    };
    return RUN(tests);
}
