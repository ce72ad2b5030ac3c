/* test_restore.c - backup and restore die at each step and at random moments; the database and its
 * copies stay complete. */
#include "fault_vfs.h"

#include <time.h>

enum { OLD = 7, NEW = 4, KILLS = 60 };

static char backup_path[500];

static int restore(const struct place *p)
{
    const struct store_options options = options_of(p);
    struct store_restored restored;
    struct err e = ERR_INIT;
    int result = store_restore(&options, backup_path, NULL, &restored, &e);
    if (result != 0) {
        fprintf(stderr, "restore: %d %s\n", (int)e.code, e.text);
    }
    return result;
}

static int backup(const struct place *p, const char *to)
{
    const struct store_options options = options_of(p);
    struct err e = ERR_INIT;
    int result = store_backup(&options, to, NULL, &e);
    if (result != 0) {
        fprintf(stderr, "backup: %d %s\n", (int)e.code, e.text);
    }
    return result;
}

/* Makes a database of OLD messages, and a backup of its first NEW messages. */
static void make_both(const struct place *p)
{
    remove_tree(p->folder);
    unlink(backup_path);
    fill(p, NEW);
    assert_int_equal(backup(p, backup_path), 0);
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = NEW + 1; i <= OLD; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "after the backup");
    }
    store_close(s);
}

static void assert_whole(const struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    int64_t head = count_contiguous(s, "lobby");
    assert_true(head == OLD || head == NEW);
    assert_stored(s, "one-more", "x");
    store_close(s);
    assert_int_equal(check_place(p), 0);
}

/* Checks the databases that restores have kept: at least that many, and the newest is complete. */
static void assert_kept(const struct place *p, int least)
{
    char path[500];
    assert_int_equal(find_files(p, "chat-restore", NULL, 0), 0);
    assert_true(find_files(p, "chat-before-restore-", path, sizeof path) >= least);
    assert_true(count_in_file(path, "lobby") >= NEW + 1);
}

static void restore_and_die(const struct place *p, int die_at)
{
    fault.changes = 0;
    fault.die_at = die_at;
    NEED(restore(p) == 0);
}

static void a_restore_that_dies_at_any_step_leaves_the_old_or_the_restored_database(void **state)
{
    struct place *p = *state;
    int status = 0;
    int round = 0;
    snprintf(backup_path, sizeof backup_path, "%s/b.db", p->root);
    do {
        round++;
        make_both(p);
        status = wait_child(start_child(restore_and_die, p, round));
        assert_whole(p);
        assert_int_equal(restore(p), 0);
        assert_kept(p, 1);
        assert_whole(p);
    } while (WEXITSTATUS(status) == 42);
    assert_int_equal(status, 0);
    assert_true(round > 5);
}

static void restore_once(const struct place *p, int argument)
{
    (void)argument;
    NEED(restore(p) == 0);
}

static void backup_once(const struct place *p, int argument)
{
    (void)argument;
    NEED(backup(p, in_place(p, "copy.db")) == 0);
}

static bool kill_soon(void (*run)(const struct place *p, int argument), const struct place *p, uint64_t *random)
{
    struct timespec moment = {.tv_nsec = (long)(support_random(random) % 16000000)};
    pid_t child = start_child(run, p, 0);
    nanosleep(&moment, NULL);
    kill(child, SIGKILL);
    return WIFSIGNALED(wait_child(child));
}

static void a_restore_killed_at_random_moments_leaves_the_old_or_the_restored_database(void **state)
{
    struct place *p = *state;
    uint64_t random = 20260214;
    snprintf(backup_path, sizeof backup_path, "%s/b.db", p->root);
    for (int round = 0; round < KILLS; round++) {
        make_both(p);
        kill_soon(restore_once, p, &random);
        assert_whole(p);
        assert_int_equal(restore(p), 0);
        assert_kept(p, 1);
        assert_whole(p);
    }
}

static void a_backup_is_complete_or_absent(void **state)
{
    struct place *p = *state;
    uint64_t random = 20260214;
    fill(p, OLD);
    for (int round = 0; round < KILLS; round++) {
        if (!kill_soon(backup_once, p, &random) || access(in_place(p, "copy.db"), F_OK) == 0) {
            assert_int_equal(count_in_file(in_place(p, "copy.db"), "lobby"), OLD);
            assert_int_equal(unlink(in_place(p, "copy.db")), 0);
        }
        /* Whatever the killed process has left. */
        assert_int_equal(backup(p, in_place(p, "copy.db")), 0);
        assert_int_equal(find_files(p, "copy.db", NULL, 0), 1);
        assert_int_equal(count_in_file(in_place(p, "copy.db"), "lobby"), OLD);
        assert_int_equal(unlink(in_place(p, "copy.db")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(a_restore_that_dies_at_any_step_leaves_the_old_or_the_restored_database),
        IN_BOTH_MODES(a_restore_killed_at_random_moments_leaves_the_old_or_the_restored_database),
        IN_BOTH_MODES(a_backup_is_complete_or_absent),
    };
    quiet_log();
    fault_install();
    return RUN(tests);
}
