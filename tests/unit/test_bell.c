/* test_bell.c - wake-ups and known heads across processes: what may be trusted, and what must never be missed. */
#include "support.h"

#include "base/clock.h"
#include "base/err.h"
#include "shared/bell.h"
#include "shared/poll_interval.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EPOCH "EPOCHEPOCHEPOCHEPOCHEP"

static char folder[64];
static char path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-bell-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chat.bell", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct bell *open_bell(const char *epoch)
{
    struct err e = ERR_INIT;
    struct bell *b = bell_open(path, epoch, &e);
    if (b == NULL) {
        fail_msg("%s", e.text);
    }
    return b;
}

static bool knows(struct bell *b, const char *room, uint64_t head)
{
    uint64_t found = 0;
    uint64_t oldest = 0;
    return bell_look(b, room, &found, &oldest) && found == head && oldest == 1;
}

static void learn(struct bell *b, const char *room, uint64_t head)
{
    bell_learned(b, bell_moment(b), room, head, 1);
}

static void commit(struct bell *b, const char *room, uint64_t head)
{
    int token = bell_writing(b);
    bell_wrote(b, room, head);
    bell_done(b, token);
}

static void a_head_is_known_only_after_somebody_has_read_it(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    assert_false(bell_look(b, "lobby", &head, &oldest));
    learn(b, "lobby", 7);
    assert_true(knows(b, "lobby", 7));
    assert_false(bell_look(b, "dev", &head, &oldest));
    commit(b, "lobby", 8);
    assert_true(knows(b, "lobby", 8));
    bell_close(b);
}

static void what_one_process_tells_all_others_know(void **state)
{
    struct bell *a = open_bell(EPOCH);
    struct bell *b = open_bell(EPOCH);
    (void)state;
    learn(a, "shared", 3);
    assert_true(knows(b, "shared", 3));
    uint32_t seen = bell_seen(b);
    commit(a, "shared", 4);
    assert_int_equal(bell_wait(b, seen, 10000), 1);
    assert_true(knows(b, "shared", 4));
    bell_close(a);
    bell_close(b);
}

static void while_somebody_writes_nothing_is_known(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "busy", 1);
    int token = bell_writing(b);
    assert_false(bell_look(b, "busy", &head, &oldest));
    bell_wrote(b, "busy", 2);
    assert_false(bell_look(b, "busy", &head, &oldest));
    bell_done(b, token);
    assert_true(knows(b, "busy", 2));
    bell_close(b);
}

static void a_reader_who_was_overtaken_does_not_set_a_head_back(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    uint64_t moment = bell_moment(b);
    commit(b, "race", 6); /* after the reader has read 5 */
    bell_learned(b, moment, "race", 5, 1);
    assert_true(knows(b, "race", 6));
    moment = bell_moment(b);
    bell_forget(b);
    bell_learned(b, moment, "race", 99, 1); /* of before it was forgotten */
    assert_false(knows(b, "race", 99));
    bell_close(b);
}

/* The child dies between its commit and telling of it. */
static void a_writer_that_dies_in_between_makes_all_forget_and_wakes(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "grave", 10);
    uint32_t seen = bell_seen(b);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bell_writing(b);
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(bell_look(b, "grave", &head, &oldest)); /* its mark stands */
    assert_int_equal(bell_wait(b, seen, 20000), 1);      /* found and buried by whoever waits */
    assert_false(bell_look(b, "grave", &head, &oldest)); /* and 10 isn't trusted any more */
    learn(b, "grave", 11);
    assert_true(knows(b, "grave", 11));
    bell_close(b);
}

/* Its number is that of a process that lives, and has nothing to do with it. */
static void a_mark_whose_process_lives_but_does_not_write_ends_as_well(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "reused", 10);
    uint32_t seen = bell_seen(b);
    int token = bell_writing(b); /* this process lives, and never says that it has done */
    assert_false(bell_look(b, "reused", &head, &oldest));
    assert_int_equal(bell_wait(b, seen, 60000), 1); /* after some seconds, not at the end */
    assert_false(bell_has_writer(b));
    learn(b, "reused", 11);
    assert_true(knows(b, "reused", 11));
    seen = bell_seen(b);
    bell_wrote(b, "reused", 12); /* a slow one is heard all the same */
    bell_done(b, token);
    assert_int_equal(bell_wait(b, seen, 0), 1);
    assert_true(knows(b, "reused", 12));
    bell_close(b);
}

static void more_writers_than_places_only_cost_what_is_known(void **state)
{
    struct bell *b = open_bell(EPOCH);
    int tokens[80];
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "crowd", 1);
    for (size_t i = 0; i < 80; i++) {
        tokens[i] = bell_writing(b);
    }
    assert_int_equal(tokens[79], -1);
    for (size_t i = 80; i-- > 0;) {
        bell_wrote(b, "crowd", 81 - i);
        bell_done(b, tokens[i]);
    }
    /* Known or not, it is never an old one. */
    assert_true(!bell_look(b, "crowd", &head, &oldest) || head == 81);
    bell_close(b);
}

static void a_full_table_costs_knowledge_not_truth(void **state)
{
    struct bell *b = open_bell(EPOCH);
    char room[32];
    size_t known = 0;
    (void)state;
    for (unsigned i = 0; i < BELL_ROOMS * 2; i++) {
        snprintf(room, sizeof room, "full-%u", i);
        commit(b, room, 1);
        learn(b, room, i + 1);
    }
    for (unsigned i = 0; i < BELL_ROOMS * 2; i++) {
        uint64_t head = 0;
        uint64_t oldest = 0;
        snprintf(room, sizeof room, "full-%u", i);
        if (bell_look(b, room, &head, &oldest)) {
            assert_int_equal(head, i + 1);
            known++;
        }
    }
    assert_true(known > 0 && known <= BELL_ROOMS);
    bell_close(b);
}

static void write_file(const void *bytes, size_t length)
{
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    fclose(f);
}

static void a_file_that_is_not_ours_is_made_anew(void **state)
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

static void heads_of_another_database_are_forgotten_and_the_old_bell_says_so(void **state)
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

static void a_bell_that_is_taken_away_says_so(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    bell_abolish(path);
    assert_true(bell_is_replaced(b));
    bell_close(b);
}

/* A ring is heard by all: who had a file of his own would sleep through those of the others. */
static void many_who_open_at_once_get_one_bell(void **state)
{
    atomic_int *ready = mmap(NULL, sizeof *ready, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(ready, MAP_FAILED);
    for (int round = 0; round < 200; round++) {
        pid_t children[8];
        unlink(path);
        if (round % 2 == 1) { /* there is one already, which all find wrong: of another database, or too short */
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

static void places_are_counted_over_all_processes_and_come_back(void **state)
{
    static const struct bell_for two = {.most = 2};
    static const struct bell_for none = {.most = 0};
    struct bell *b = open_bell("of-its-own-7");
    (void)state;
    int first = bell_hold(b, &two, 60);
    assert_true(first >= 0);
    pid_t child = fork();
    if (child == 0) {
        int own = bell_hold(b, &two, 60);
        int more = bell_hold(b, &two, 60);
        _exit(own >= 0 && more < 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    int second = bell_hold(b, &two, 60); /* the child's place: it is gone */
    assert_true(second >= 0 && second != first);
    assert_int_equal(bell_hold(b, &two, 60), -1);
    bell_release(b, first);
    assert_int_equal(bell_hold(b, &two, 60), first);
    assert_int_equal(bell_hold(b, &none, 60), -1);
    bell_release(b, -1);
    bell_close(b);
}

static void one_client_has_its_share_of_the_places_and_leaves_the_others(void **state)
{
    const struct bell_for one = {.client = 7, .most = 6, .most_per_client = 1};
    const struct bell_for other = {.client = 8, .most = 6, .most_per_client = 1};
    const struct bell_for unknown = {.client = 0, .most = 6, .most_per_client = 1};
    struct bell *b = open_bell("of-its-own-1");
    (void)state;
    int token = bell_hold(b, &one, 60);
    assert_true(token >= 0);
    assert_false(bell_can_hold(b, &one));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(bell_hold(b, &one, 60), -1);
    }
    assert_true(bell_can_hold(b, &other));
    assert_true(bell_hold(b, &other, 60) >= 0);
    for (int i = 0; i < 4; i++) {
        assert_true(bell_hold(b, &unknown, 60) >= 0); /* a proxy: nobody knows how many clients */
    }
    assert_false(bell_can_hold(b, &unknown));
    bell_release(b, token);
    assert_true(bell_hold(b, &one, 60) >= 0);
    bell_close(b);
}

static void time_is_up_without_a_ring(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    int64_t begin = clock_mono_ms();
    assert_int_equal(bell_wait(b, bell_seen(b), 50), 0);
    assert_true(clock_mono_ms() - begin >= 50);
    assert_int_equal(bell_wait(b, bell_seen(b) - 1, 60000), 1); /* rung already: no sleep */
    bell_close(b);
}

/* No lost wake-up. `truth` stands for the database: writers raise it and ring; a waiter takes bell_seen, then looks, and sleeps
 * only if it saw nothing new. If a ring could be missed between its look and its sleep, the waiter would sleep past the last
 * message, for a minute. */
struct shared {
    _Atomic uint64_t truth;
};

enum { WRITERS = 3, EACH = 3000 };

static void run_writer(struct shared *s)
{
    struct bell *b = bell_open(path, EPOCH, NULL);
    for (int i = 0; i < EACH && b != NULL; i++) {
        int token = bell_writing(b);
        uint64_t head = atomic_fetch_add(&s->truth, 1) + 1;
        bell_wrote(b, "storm", head);
        bell_done(b, token);
    }
    _exit(b != NULL ? 0 : 1);
}

static void nobody_sleeps_past_news(void **state)
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
        uint64_t moment = bell_moment(b);
        /* What is known is at least what this waiter has been told before, and never ahead of the truth. */
        if (bell_look(b, "storm", &head, &oldest)) {
            assert_true(head >= known);
            assert_true(head <= atomic_load(&s->truth));
        } else {
            head = atomic_load(&s->truth);
            bell_learned(b, moment, "storm", head, 1);
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

/* The same as a model, exhaustively: every interleaving of a writer's steps (commit, ring) with a waiter's (take the counter, look,
 * then sleep if there was nothing). A waiter is lost when it sleeps although the commit is there and no ring is to come. */
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

/* An order is four bits, one a step: 1 is the writer's. Two of each, so there are six. */
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

static void counter_before_look_loses_nothing_in_any_order(void **state)
{
    size_t orders = 0;
    (void)state;
    assert_false(some_order_loses(true, &orders));
    assert_int_equal(orders, 6);
    assert_true(some_order_loses(false, &orders)); /* the model can tell: the other order does lose */
}

static void a_room_that_is_not_there_is_remembered_until_somebody_makes_it(void **state)
{
    struct bell *b = open_bell(EPOCH);
    struct bell *other = open_bell(EPOCH);
    (void)state;
    uint64_t head = 0;
    uint64_t oldest = 0;
    assert_false(bell_look(b, "nowhere", &head, &oldest));
    learn(b, "nowhere", 0);
    assert_true(knows(b, "nowhere", 0));
    assert_false(knows(other, "nowhere", 0)); /* names that strangers ask for take no place in the file */
    assert_false(bell_look(b, "elsewhere", &head, &oldest));
    int token = bell_writing(other);
    assert_false(bell_look(b, "nowhere", &head, &oldest));
    bell_wrote(other, "nowhere", 1);
    bell_done(other, token);
    assert_false(knows(b, "nowhere", 0));
    learn(b, "elsewhere", 0);
    bell_forget(other);
    assert_false(bell_look(b, "elsewhere", &head, &oldest));
    bell_close(b);
    bell_close(other);
}

static void a_file_that_is_cut_short_ends_nobody_and_knows_nothing(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    learn(b, "lobby", 7);
    assert_true(knows(b, "lobby", 7));
    assert_int_equal(truncate(path, 0), 0);
    uint32_t seen = bell_seen(b);
    assert_true(bell_is_replaced(b));
    learn(b, "lobby", 7);
    assert_false(knows(b, "lobby", 7)); /* others write elsewhere */
    int token = bell_writing(b);
    bell_wrote(b, "lobby", 8);
    bell_done(b, token);
    assert_int_not_equal(bell_seen(b), seen);
    bell_close(b);
    b = open_bell(EPOCH); /* a new one */
    assert_false(bell_is_replaced(b));
    learn(b, "lobby", 8);
    assert_true(knows(b, "lobby", 8));
    bell_close(b);
}

static void who_asks_on_a_timer_is_counted_for_all_processes(void **state)
{
    static const struct poll_interval_rules rules = {.least = 1, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-2");
    struct bell *other = open_bell("of-its-own-2");
    (void)state;
    unsigned told = bell_poll_interval(b, 1, 0, &rules);
    assert_int_equal(told, 1);
    for (int round = 0; told == 1 && round < 20; round++) { /* on a slow machine one may end among the 30 */
        for (int i = 0; i < 30; i++) {
            told = bell_poll_interval(i % 2 == 0 ? b : other, (uint16_t)(2 + i), 0, &rules);
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
        assert_int_equal(bell_poll_interval(b, 7, 0, &rules), 1);
    }
    unsigned told = 0;
    for (int round = 0; told <= 1 && round < 20; round++) {
        for (uint16_t client = 1; client <= 40; client++) {
            told = bell_poll_interval(b, client, 0, &rules);
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
        assert_int_equal(bell_poll_interval(b, 0, 1, &rules), 1);
    }
    unsigned told = 0;
    for (int i = 0; i < 1000; i++) {
        told = bell_poll_interval(b, 0, 0, &rules);
    }
    assert_true(told > 1);
    bell_close(b);
}

static void processes_are_counted_while_they_live_and_leave_one_by_one(void **state)
{
    struct bell *b = open_bell("of-its-own-4");
    int status = 0;
    (void)state;
    int first = bell_join(b, 60);
    assert_true(first >= 0);
    assert_true(bell_stay(b, first, 60));
    assert_int_equal(bell_crew(b).there, 1);
    assert_false(bell_crew(b).has_sender);
    pid_t child = fork();
    if (child == 0) {
        int own = bell_join(b, 60);
        bool good = own >= 0 && own != first && bell_crew(b).there == 2 && !bell_stay(b, first, 60);
        bell_done(b, bell_writing(b));
        _exit(good && bell_crew(b).has_sender ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(bell_crew(b).there, 1); /* the child is gone */
    assert_false(bell_crew(b).has_sender);
    int second = bell_join(b, 60);
    assert_true(bell_leave(b, second, 600000));
    assert_false(bell_leave(b, first, 600000));
    assert_int_equal(bell_crew(b).there, 1);
    bell_close(b);
}

static void a_trial_in_vain_is_repeated_later_each_time(void **state)
{
    static const struct poll_interval_rules rules = {.least = 60, .most = 60, .rate = 10};
    struct bell *b = open_bell("of-its-own-5");
    (void)state;
    assert_true(bell_try(b, 3, 0, 0, 60)); /* no pause */
    assert_true(bell_try(b, 3, 0, 0, 60));
    assert_true(bell_try(b, 4, 0, 1, 60));
    assert_false(bell_try(b, 4, 0, 1, 60)); /* within the pause */
    clock_sleep_ms(1050);
    bell_poll_interval(b, 1, 0, &rules);
    bell_poll_interval(b, 2, 0, &rules);   /* two wait for their turn */
    assert_true(bell_try(b, 4, 0, 1, 60)); /* and no process has come since: 2 s now */
    clock_sleep_ms(1050);
    assert_false(bell_try(b, 4, 0, 1, 60));
    bell_close(b);
}

static void the_average_follows_what_polls_cost(void **state)
{
    struct bell *b = open_bell("of-its-own-6");
    (void)state;
    assert_int_equal(bell_took(b, 1000), 1000);
    for (int i = 0; i < 100; i++) {
        bell_took(b, 100000);
    }
    unsigned average = bell_took(b, 100000);
    assert_true(average > 95000 && average <= 100000);
    bell_close(b);
}

static void a_file_that_others_may_write_to_is_no_bell(void **state)
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
        cmocka_unit_test(a_head_is_known_only_after_somebody_has_read_it),
        cmocka_unit_test(a_file_that_others_may_write_to_is_no_bell),
        cmocka_unit_test(what_one_process_tells_all_others_know),
        cmocka_unit_test(while_somebody_writes_nothing_is_known),
        cmocka_unit_test(a_reader_who_was_overtaken_does_not_set_a_head_back),
        cmocka_unit_test(a_writer_that_dies_in_between_makes_all_forget_and_wakes),
        cmocka_unit_test(a_mark_whose_process_lives_but_does_not_write_ends_as_well),
        cmocka_unit_test(more_writers_than_places_only_cost_what_is_known),
        cmocka_unit_test(a_full_table_costs_knowledge_not_truth),
        cmocka_unit_test(a_file_that_is_not_ours_is_made_anew),
        cmocka_unit_test(heads_of_another_database_are_forgotten_and_the_old_bell_says_so),
        cmocka_unit_test(a_bell_that_is_taken_away_says_so),
        cmocka_unit_test(many_who_open_at_once_get_one_bell),
        cmocka_unit_test(places_are_counted_over_all_processes_and_come_back),
        cmocka_unit_test(one_client_has_its_share_of_the_places_and_leaves_the_others),
        cmocka_unit_test(one_client_counts_once_a_round_however_often_it_asks),
        cmocka_unit_test(unknown_clients_count_by_the_time_they_take_or_else_each_time),
        cmocka_unit_test(processes_are_counted_while_they_live_and_leave_one_by_one),
        cmocka_unit_test(a_trial_in_vain_is_repeated_later_each_time),
        cmocka_unit_test(the_average_follows_what_polls_cost),
        cmocka_unit_test(who_asks_on_a_timer_is_counted_for_all_processes),
        cmocka_unit_test(a_room_that_is_not_there_is_remembered_until_somebody_makes_it),
        cmocka_unit_test(a_file_that_is_cut_short_ends_nobody_and_knows_nothing),
        cmocka_unit_test(time_is_up_without_a_ring),
        cmocka_unit_test(nobody_sleeps_past_news),
        cmocka_unit_test(counter_before_look_loses_nothing_in_any_order),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
