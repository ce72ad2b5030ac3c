/* test_room_heads.c - which heads may be used without asking the database, and when none may. */
#include "bell_support.h"

#include "shared/slots.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

static void a_head_is_known_only_after_a_process_has_read_it(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    assert_false(room_heads_look(b, "lobby", &head, &oldest));
    learn(b, "lobby", 7);
    assert_true(knows(b, "lobby", 7));
    assert_false(room_heads_look(b, "dev", &head, &oldest));
    commit(b, "lobby", 8);
    assert_true(knows(b, "lobby", 8));
    bell_close(b);
}

static void what_one_process_records_all_others_know(void **state)
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

static void no_head_is_known_during_a_commit(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "busy", 1);
    int token = room_heads_begin_commit(b);
    assert_false(room_heads_look(b, "busy", &head, &oldest));
    room_heads_raise(b, "busy", 2);
    assert_false(room_heads_look(b, "busy", &head, &oldest));
    room_heads_end_commit(b, token);
    assert_true(knows(b, "busy", 2));
    bell_close(b);
}

static void a_late_reader_does_not_lower_a_head(void **state)
{
    struct bell *b = open_bell(EPOCH);
    (void)state;
    uint64_t moment = room_heads_moment(b);
    commit(b, "race", 6); /* after the reader has read 5 */
    room_heads_learned(b, moment, "race", 5, 1);
    assert_true(knows(b, "race", 6));
    moment = room_heads_moment(b);
    room_heads_forget(b);
    room_heads_learned(b, moment, "race", 99, 1); /* from before the heads were forgotten */
    assert_false(knows(b, "race", 99));
    bell_close(b);
}

/* The child dies between its commit and its report. */
static void a_writer_that_dies_during_its_commit_makes_heads_unknown_and_wakes_sleepers(void **state)
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
        room_heads_begin_commit(b);
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(room_heads_look(b, "grave", &head, &oldest)); /* its mark is still set */
    assert_int_equal(bell_wait(b, seen, 20000), 1);            /* the next waiter finds and clears the mark */
    assert_false(room_heads_look(b, "grave", &head, &oldest)); /* and 10 is not trusted any more */
    learn(b, "grave", 11);
    assert_true(knows(b, "grave", 11));
    bell_close(b);
}

/* The process id of the mark belongs to a running process, which is not the writer. */
static void the_mark_of_a_running_process_that_does_not_write_expires(void **state)
{
    struct bell *b = open_bell(EPOCH);
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "reused", 10);
    uint32_t seen = bell_seen(b);
    int token = room_heads_begin_commit(b); /* this process runs, and never reports the end */
    assert_false(room_heads_look(b, "reused", &head, &oldest));
    /* After some seconds, not at the end of the wait. */
    assert_int_equal(bell_wait(b, seen, 60000), 1);
    assert_false(room_heads_has_writer(b));
    learn(b, "reused", 11);
    assert_true(knows(b, "reused", 11));
    seen = bell_seen(b);
    room_heads_raise(b, "reused", 12); /* a slow writer's report still counts */
    room_heads_end_commit(b, token);
    assert_int_equal(bell_wait(b, seen, 0), 1);
    assert_true(knows(b, "reused", 12));
    bell_close(b);
}

static void more_writers_than_marks_only_make_heads_unknown(void **state)
{
    struct bell *b = open_bell(EPOCH);
    int tokens[80];
    uint64_t head = 0;
    uint64_t oldest = 0;
    (void)state;
    learn(b, "crowd", 1);
    for (size_t i = 0; i < 80; i++) {
        tokens[i] = room_heads_begin_commit(b);
    }
    assert_int_equal(tokens[79], -1);
    for (size_t i = 80; i-- > 0;) {
        room_heads_raise(b, "crowd", 81 - i);
        room_heads_end_commit(b, tokens[i]);
    }
    /* The head may be unknown, but it is never an old one. */
    assert_true(!room_heads_look(b, "crowd", &head, &oldest) || head == 81);
    bell_close(b);
}

static void a_full_table_makes_heads_unknown_never_wrong(void **state)
{
    struct bell *b = open_bell(EPOCH);
    char room[32];
    size_t known = 0;
    (void)state;
    for (unsigned i = 0; i < ROOM_HEADS_MOST * 2; i++) {
        snprintf(room, sizeof room, "full-%u", i);
        commit(b, room, 1);
        learn(b, room, i + 1);
    }
    for (unsigned i = 0; i < ROOM_HEADS_MOST * 2; i++) {
        uint64_t head = 0;
        uint64_t oldest = 0;
        snprintf(room, sizeof room, "full-%u", i);
        if (room_heads_look(b, room, &head, &oldest)) {
            assert_int_equal(head, i + 1);
            known++;
        }
    }
    assert_true(known > 0 && known <= ROOM_HEADS_MOST);
    bell_close(b);
}

static int count_absent(struct bell *b, const char *room)
{
    char name[80];
    int count = 0;
    for (size_t i = 0; i < ROOM_HEADS_ABSENT; i++) {
        count += room_heads_absent(b, i, name, sizeof name) && strcmp(name, room) == 0;
    }
    return count;
}

static void the_absence_of_a_room_is_known_until_a_writer_makes_the_room(void **state)
{
    struct bell *b = open_bell("of-its-own");
    struct bell *other = open_bell("of-its-own");
    (void)state;
    uint64_t head = 0;
    uint64_t oldest = 0;
    assert_false(room_heads_look(b, "nowhere", &head, &oldest));
    learn(b, "nowhere", 0);
    assert_true(knows(b, "nowhere", 0));
    assert_int_equal(count_absent(b, "nowhere"), 1);
    assert_false(knows(other, "nowhere", 0)); /* requested names take no entry in the file */
    assert_false(room_heads_look(b, "elsewhere", &head, &oldest));
    int token = room_heads_begin_commit(other);
    assert_false(room_heads_look(b, "nowhere", &head, &oldest));
    room_heads_raise(other, "nowhere", 1);
    room_heads_end_commit(other, token);
    assert_false(knows(b, "nowhere", 0));
    learn(b, "elsewhere", 0);
    assert_int_equal(count_absent(b, "elsewhere"), 1);
    room_heads_forget(other);
    assert_false(room_heads_look(b, "elsewhere", &head, &oldest));
    assert_int_equal(count_absent(b, "elsewhere"), 0);
    bell_close(b);
    bell_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_known_only_after_a_process_has_read_it),
        cmocka_unit_test(what_one_process_records_all_others_know),
        cmocka_unit_test(no_head_is_known_during_a_commit),
        cmocka_unit_test(a_late_reader_does_not_lower_a_head),
        cmocka_unit_test(a_writer_that_dies_during_its_commit_makes_heads_unknown_and_wakes_sleepers),
        cmocka_unit_test(the_mark_of_a_running_process_that_does_not_write_expires),
        cmocka_unit_test(more_writers_than_marks_only_make_heads_unknown),
        cmocka_unit_test(a_full_table_makes_heads_unknown_never_wrong),
        cmocka_unit_test(the_absence_of_a_room_is_known_until_a_writer_makes_the_room),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
