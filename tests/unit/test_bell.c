/* test_bell.c - bell.h: no process misses a wake-up, and a bell that cannot be trusted is
 * replaced. */
#include "bell_support.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void write_file(const void *bytes, size_t length)
{
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    fclose(f);
}

static void a_file_of_another_kind_is_replaced(void **state)
{
    static char garbage[700000];
    static const size_t sizes[] = {0, 1, 4096, 528383, 528384, 528385, sizeof garbage};
    (void)state;
    memset(garbage, 0xA5, sizeof garbage);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_file(garbage, sizes[i]);
        struct bell *b = open_bell(EPOCH);
        learn(b, "new", 1);
        assert_true(knows(b, "new", 1));
        bell_close(b);
    }
}

static void a_bell_of_another_database_is_replaced_and_reports_itself_as_lost(void **state)
{
    struct bell *old = open_bell(EPOCH);
    (void)state;
    learn(old, "lobby", 5);
    assert_false(bell_is_replaced(old));
    struct bell *next = open_bell("ANOTHERANOTHERANOTHERA");
    assert_true(bell_is_replaced(old));
    assert_false(knows(next, "lobby", 5));
    assert_string_equal(bell_epoch(next), "ANOTHERANOTHERANOTHERA");
    bell_close(old);
    bell_close(next);
}

static void a_bell_whose_file_was_removed_reports_itself_as_lost(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    bell_abolish(path);
    assert_true(bell_is_replaced(b));
    bell_close(b);
}

/* Numbers come in any order: of several commits, from other hosts, from a look at the database that
 * is over by now. An outdated one must not be taken for the database's, also after the true one was
 * forgotten. */
static void the_rules_number_only_rises_and_is_not_believed_while_it_is_unknown(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    assert_int_equal(bell_rules(b), 0);
    assert_false(bell_raise_rules(b, 2));
    assert_int_equal(bell_rules(b), 0);
    bell_swap_rules(b, 0, 2 << BELL_RULES_FLAGS | 1);
    assert_true(bell_raise_rules(b, 2));
    assert_int_equal(bell_rules(b), 2 << BELL_RULES_FLAGS | 1);
    assert_true(bell_raise_rules(b, 4));
    assert_true(bell_raise_rules(b, 3));
    assert_int_equal(bell_rules(b), 4 << BELL_RULES_FLAGS);
    bell_swap_rules(b, 2 << BELL_RULES_FLAGS | 1, 3 << BELL_RULES_FLAGS);
    assert_int_equal(bell_rules(b), 4 << BELL_RULES_FLAGS);
    room_heads_forget(b);
    assert_false(bell_raise_rules(b, 3));
    assert_int_equal(bell_rules(b), 0);
    bell_close(b);
}

/* All processes must hear each ring: a process with its own file would miss the rings of the
 * others. */
static void processes_that_open_at_the_same_moment_share_one_bell(void **state)
{
    atomic_int *ready = mmap(NULL, sizeof *ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(ready, MAP_FAILED);
    for (int round = 0; round < 200; round++) {
        pid_t children[8];
        unlink(path);
        if (round % 2 == 1) { /* an unusable file is there: of another database, or too short */
            bell_close(open_bell("OTHEROTHEROTHEROTHERO"));
            assert_true(round % 4 == 1 || truncate(path, 100) == 0);
        }
        atomic_store(ready, 0);
        for (size_t i = 0; i < 8; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                atomic_fetch_add(ready, 1);
                while (atomic_load(ready) < 8) {
                    usleep(10);
                }
                struct bell *b = bell_open(path, EPOCH, NULL);
                if (b == NULL) {
                    _exit(1);
                }
                commit(b, "start", i + 1);
                _exit(0);
            }
        }
        for (size_t i = 0; i < 8; i++) {
            int status = 0;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        struct bell *b = open_bell(EPOCH);
        assert_int_equal(bell_seen(b), 8);
        bell_close(b);
    }
    munmap(ready, sizeof *ready);
}

static void a_wait_without_a_ring_ends_when_its_time_is_up(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    int64_t begin = clock_mono_ms();
    assert_int_equal(bell_wait(b, bell_seen(b), 50), 0);
    assert_true(clock_mono_ms() - begin >= 50);
    /* It has rung since, so there is no sleep. */
    assert_int_equal(bell_wait(b, bell_seen(b) - 1, 60000), 1);
    bell_close(b);
}

/* No wake-up is lost. `truth` stands for the database: writers raise it and ring. A waiter takes
 * bell_seen, then looks, and sleeps only if nothing is new. If a ring between its look and its
 * sleep were lost, the waiter would sleep past the last message, for a minute. */
struct shared {
    _Atomic uint64_t truth;
};

enum { WRITERS = 3, EACH = 3000 };

static void run_writer(struct shared *s)
{
    struct bell *b = bell_open(path, EPOCH, NULL);
    for (int i = 0; i < EACH && b != NULL; i++) {
        int token = room_heads_begin_commit(b);
        uint64_t head = atomic_fetch_add(&s->truth, 1) + 1;
        room_heads_raise(b, "storm", head);
        room_heads_end_commit(b, token);
    }
    _exit(b != NULL ? 0 : 1);
}

static void no_waiter_misses_a_commit(void **state)
{
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct bell *b = open_bell(EPOCH);
    pid_t children[WRITERS];
    uint64_t known = 0;
    (void)state;
    assert_ptr_not_equal(s, MAP_FAILED);
    for (size_t i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            run_writer(s);
        }
    }
    while (known < WRITERS * EACH) {
        uint32_t seen = bell_seen(b);
        uint64_t head = 0;
        uint64_t oldest = 0;
        uint64_t moment = room_heads_moment(b);
        /* A known head is never lower than an earlier one of this waiter, and never ahead of the
         * truth. */
        if (room_heads_look(b, "storm", &head, &oldest)) {
            assert_true(head >= known);
            assert_true(head <= atomic_load(&s->truth));
        } else {
            head = atomic_load(&s->truth);
            room_heads_learned(b, moment, "storm", head, 1);
        }
        if (head == known) {
            assert_int_equal(bell_wait(b, seen, 60000), 1);
        }
        known = head;
    }
    for (size_t i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    munmap(s, sizeof *s);
    bell_close(b);
}

/* The same as a model, with every interleaving of a writer's steps (commit, ring) and a waiter's
 * steps (take the counter, look, sleep if nothing is new). A waiter is lost if it sleeps although
 * there is a commit and no ring will follow. */
struct model {
    bool committed;
    int rings;
    int seen;
    bool saw;
};

static void step_writer(struct model *m, int step)
{
    if (step == 0) {
        m->committed = true;
    } else {
        m->rings++;
    }
}

static void step_waiter(struct model *m, int step, bool counter_first)
{
    if (step == (counter_first ? 0 : 1)) {
        m->seen = m->rings;
    } else if (step == (counter_first ? 1 : 0)) {
        m->saw = m->committed;
    }
}

static bool sleeps_for_ever(const struct model *m)
{
    return !m->saw && m->seen == m->rings && m->committed && m->rings == 1;
}

/* An order is four bits, one for each step: 1 is a step of the writer. Each has two steps, so there
 * are six orders. */
static bool some_order_loses(bool counter_first, size_t *orders)
{
    bool lost = false;
    *orders = 0;
    for (unsigned order = 0; order < 16; order++) {
        struct model m = {0};
        int writer = 0;
        int waiter = 0;
        for (unsigned step = 0; step < 4; step++) {
            if ((order >> step & 1U) != 0) {
                step_writer(&m, writer++);
            } else {
                step_waiter(&m, waiter++, counter_first);
            }
        }
        if (writer == 2 && waiter == 2) {
            ++*orders;
            lost = lost || sleeps_for_ever(&m);
        }
    }
    return lost;
}

static void taking_the_counter_before_looking_loses_no_wake_up_in_any_order(void **state)
{
    size_t orders = 0;
    (void)state;
    assert_false(some_order_loses(true, &orders));
    assert_int_equal(orders, 6);
    /* The model works: with the other order a wake-up can be lost. */
    assert_true(some_order_loses(false, &orders));
}

static void a_truncated_file_ends_no_process_and_makes_heads_unknown(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    learn(b, "lobby", 7);
    assert_true(knows(b, "lobby", 7));
    assert_int_equal(truncate(path, 0), 0);
    uint32_t seen = bell_seen(b);
    assert_true(bell_is_replaced(b));
    learn(b, "lobby", 7);
    assert_false(knows(b, "lobby", 7)); /* other processes use another file */
    int token = room_heads_begin_commit(b);
    room_heads_raise(b, "lobby", 8);
    room_heads_end_commit(b, token);
    assert_int_not_equal(bell_seen(b), seen);
    bell_close(b);
    b = open_bell(EPOCH); /* a new one */
    assert_false(bell_is_replaced(b));
    learn(b, "lobby", 8);
    assert_true(knows(b, "lobby", 8));
    bell_close(b);
}

static void a_file_that_other_users_may_write_to_is_refused(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    bell_close(open_bell(EPOCH));
    assert_int_equal(chmod(path, 0622), 0);
    assert_null(bell_open(path, EPOCH, &e));
    assert_int_equal(e.code, ERR_EXPOSED);
    assert_contains(e.text, "(permissions 622)");
    assert_null(bell_open_as_it_is(path));
    assert_int_equal(chmod(path, 0600), 0);
    bell_close(open_bell(EPOCH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_other_users_may_write_to_is_refused),
        cmocka_unit_test(a_file_of_another_kind_is_replaced),
        cmocka_unit_test(a_bell_of_another_database_is_replaced_and_reports_itself_as_lost),
        cmocka_unit_test(a_bell_whose_file_was_removed_reports_itself_as_lost),
        cmocka_unit_test(the_rules_number_only_rises_and_is_not_believed_while_it_is_unknown),
        cmocka_unit_test(processes_that_open_at_the_same_moment_share_one_bell),
        cmocka_unit_test(a_truncated_file_ends_no_process_and_makes_heads_unknown),
        cmocka_unit_test(a_wait_without_a_ring_ends_when_its_time_is_up),
        cmocka_unit_test(no_waiter_misses_a_commit),
        cmocka_unit_test(taking_the_counter_before_looking_loses_no_wake_up_in_any_order),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
