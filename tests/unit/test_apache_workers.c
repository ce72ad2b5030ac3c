/* test_apache_workers.c - this process plays a web server with threads; a socket pair is its
 * connection to the program. */
#include "support.h"

#include "base/blocking.h"
#include "base/clock.h"
#include "system/apache_workers.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 11 }; /* with the first thread 12: ten workers, one that accepts, and the first one itself */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[THREADS];

static void *idle(void *argument)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return argument;
}

static int start(void **state)
{
    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, idle, NULL);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

/* Sanitizers have threads of their own, and the same test may run in other children of the parent;
 * so the numbers have no upper bound. */
static void a_third_of_the_threads_at_the_other_end_may_be_kept_busy(void **state)
{
    int pair[2];
    int tokens[16];
    unsigned taken = 0;
    struct apache_workers *w = apache_workers_new();
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    unsigned seen = apache_workers_seen(w, pair[0]);
    assert_true(seen >= 10);
    for (; taken < COUNT(tokens) && (tokens[taken] = apache_workers_take(w, pair[0])) >= 0; taken++) {
    }
    assert_true(taken >= 3 && taken <= apache_workers_share(seen));
    assert_int_equal(apache_workers_take(w, pair[0]), -1);
    apache_workers_give_back(w, tokens[0]);
    assert_true(apache_workers_take(w, pair[0]) >= 0);
    close(pair[0]);
    close(pair[1]);
    apache_workers_free(w);
}

static unsigned waits;

static void count_wait(void)
{
    waits++;
}

static void a_thread_says_that_it_may_wait_only_when_it_looks_at_proc(void **state)
{
    int pair[2];
    struct apache_workers *w = apache_workers_new();
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    waits = 0;
    blocking_on(count_wait);
    int64_t began = clock_mono_ms();
    unsigned seen = apache_workers_seen(w, pair[0]);
    unsigned first = waits;
    assert_int_equal(apache_workers_seen(w, pair[0]), seen);
    assert_true(first > 0);
    assert_true(waits == first || clock_mono_ms() - began > 1000); /* the numbers are used for two seconds */
    blocking_on(NULL);
    close(pair[0]);
    close(pair[1]);
    apache_workers_free(w);
}

static void few_workers_are_kept_busy_where_none_can_be_seen(void **state)
{
    struct apache_workers *w = apache_workers_new();
    (void)state;
    assert_int_equal(apache_workers_seen(w, -1), 0);
    for (int i = 0; i < APACHE_WORKERS_UNSEEN; i++) {
        assert_true(apache_workers_take(w, -1) >= 0);
    }
    assert_int_equal(apache_workers_take(w, -1), -1);
    apache_workers_free(w);
}

static void two_thirds_of_the_workers_stay_free(void **state)
{
    (void)state;
    for (unsigned n = 2; n < 1000; n++) {
        assert_true(apache_workers_share(n) >= 1 && (n < 3 || apache_workers_share(n) * 3 <= n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_third_of_the_threads_at_the_other_end_may_be_kept_busy, start, stop),
        cmocka_unit_test(a_thread_says_that_it_may_wait_only_when_it_looks_at_proc),
        cmocka_unit_test(few_workers_are_kept_busy_where_none_can_be_seen),
        cmocka_unit_test(two_thirds_of_the_workers_stay_free),
    };
    return RUN(tests);
}
