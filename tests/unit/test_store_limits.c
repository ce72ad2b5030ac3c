/* test_store_limits.c - the store when other processes have the lock, after a killed writer, in
 * folders that can't be written, on a full disk. */
#include "sqlite_support.h"

#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>

/* ---- locked by others ---- */

static int64_t elapsed_since(int64_t start)
{
    return clock_mono_ms() - start;
}

/* Locks the database until its input ends. SQL: the lock it takes; NULL: the flock. */
struct holder {
    pid_t child;
    int release;
};

static struct holder hold(const struct place *p, const char *sql)
{
    int ready[2];
    int release[2];
    char byte = 0;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(release, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(release[1]);
        if (sql != NULL) {
            sqlite3 *db = NULL;
            NEED(sqlite3_open(in_place(p, "chat.db"), &db) == SQLITE_OK);
            NEED(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
        } else {
            NEED(flock(open(in_place(p, "chat.db-lock"), O_RDWR), LOCK_EX) == 0);
        }
        NEED(write(ready[1], "", 1) == 1);
        NEED(read(release[0], &byte, 1) == 0);
        _exit(0);
    }
    close(ready[1]);
    close(release[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return (struct holder){.child = child, .release = release[1]};
}

static void let_go(struct holder h)
{
    close(h.release);
    assert_int_equal(wait_child(h.child), 0);
}

static void a_locked_database_is_busy_after_the_time_limit(void **state)
{
    static const char *const locks[] = {"BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", NULL};
    struct place *p = *state;
    struct store_options options = options_of(p);
    fill(p, 1);
    options.busy_timeout_ms = 60;
    struct store *s = store_open(&options, STORE_WRITE, NULL);
    struct store *reader = store_open(&options, STORE_READ, NULL);
    struct store_room room;
    for (size_t i = 0; i < COUNT(locks); i++) {
        struct err e = ERR_INIT;
        char id[16];
        if (locks[i] == NULL && p->journal == STORE_JOURNAL_ROLLBACK) {
            continue; /* needs no flock */
        }
        struct holder h = hold(p, locks[i]);
        snprintf(id, sizeof id, "x%d", (int)i);
        int64_t start = clock_mono_ms();
        assert_int_equal(append(s, id, "x", NULL, &e), -1);
        assert_in_range(elapsed_since(start), 60, PATIENCE_MS);
        assert_int_equal(e.code, ERR_BUSY);
        bool readable = p->journal == STORE_JOURNAL_WAL || strcmp(locks[i], "BEGIN IMMEDIATE") == 0;
        err_clear(&e);
        assert_int_equal(store_room(reader, "lobby", &room, &e), readable ? 0 : -1);
        assert_int_equal(e.code, readable ? ERR_NONE : ERR_BUSY);
        let_go(h);
        assert_stored(s, id, "x");
        assert_int_equal(store_room(reader, "lobby", &room, NULL), 0);
    }
    store_close(reader);
    store_close(s);
}

static void *set_flag(void *flag)
{
    sched_yield();
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

static void stopping_ends_each_wait(void **state)
{
    static const char *const locks[] = {"BEGIN EXCLUSIVE", NULL};
    struct place *p = *state;
    struct store_options options = options_of(p);
    atomic_bool stopping = false;
    fill(p, 1);
    options.stopping = &stopping;
    options.busy_timeout_ms = 10 * PATIENCE_MS;
    struct store *s = store_open(&options, STORE_WRITE, NULL);
    for (size_t i = 0; i < COUNT(locks); i++) {
        pthread_t thread;
        if (locks[i] == NULL && p->journal == STORE_JOURNAL_ROLLBACK) {
            continue;
        }
        struct holder h = hold(p, locks[i]);
        for (int before = 0; before < 2; before++) {
            struct err e = ERR_INIT;
            int64_t start = clock_mono_ms();
            atomic_store(&stopping, before == 1);
            assert_int_equal(pthread_create(&thread, NULL, set_flag, &stopping), 0);
            assert_int_equal(append(s, "x", "x", NULL, &e), -1);
            assert_int_equal(e.code, ERR_BUSY);
            assert_in_range(elapsed_since(start), 0, PATIENCE_MS);
            pthread_join(thread, NULL);
            if (p->journal == STORE_JOURNAL_ROLLBACK) { /* store_open waits for the same lock */
                err_clear(&e);
                assert_null(store_open(&options, STORE_READ, &e));
                assert_int_equal(e.code, ERR_BUSY);
            }
        }
        let_go(h);
    }
    assert_stored(s, "x", "x"); /* stopping ends waits, but not the use of the store */
    store_close(s);
}

static void rollback_needs_no_flock(void **state)
{
    struct place *p = *state;
    fill(p, 1);
    struct holder h = hold(p, NULL);
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "x", "x");
    store_close(s);
    let_go(h);
}

/* ---- what a killed writer leaves ---- */

static int die_instead(int fd, off_t length)
{
    (void)fd, (void)length;
    _exit(7);
}

/* With a rollback journal the last step of a commit is to truncate the journal: the writer dies
 * there. */
static void die_in_commit(const struct place *p, int argument)
{
    (void)argument;
    struct store *s = open_store(p, STORE_WRITE);
    set_system_call("ftruncate", (sqlite3_syscall_ptr)die_instead);
    append(s, "killed", "never answered", NULL, NULL);
}

static void what_a_killed_writer_left_is_rolled_back_for_a_reader(void **state)
{
    struct place *p = *state;
    struct store_room room;
    fill(p, 3);
    struct store *old = open_store(p, STORE_READ);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_room(old, "lobby", &room, NULL), 0);
        assert_int_equal(WEXITSTATUS(wait_child(start_child(die_in_commit, p, 0))), 7);
        assert_true(size_of(p, "chat.db-journal") > 0);
        struct store *reader = round == 0 ? old : open_store(p, STORE_READ);
        assert_int_equal(count_contiguous(reader, "lobby"), 3);
        if (reader != old) {
            store_close(reader);
        }
    }
    store_close(old);
}

/* ---- folders without write permission ---- */

/* Root may write everywhere, so tests of refusals run as another user. */
static void become_nobody(void)
{
    if (geteuid() == 0) {
        NEED(setresgid(65534, 65534, 65534) == 0);
        NEED(setresuid(65534, 65534, 65534) == 0);
    }
}

static void set_rights(const struct place *p, mode_t folder, mode_t files)
{
    struct dirent **names = NULL;
    int count = scandir(p->folder, &names, NULL, NULL);
    assert_int_equal(chmod(p->root, 0755), 0);
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0) {
            assert_int_equal(chmod(in_place(p, names[i]->d_name), files), 0);
            assert_true(geteuid() != 0 || chown(in_place(p, names[i]->d_name), 65534, 65534) == 0);
        }
        free(names[i]);
    }
    free(names);
    assert_int_equal(chmod(p->folder, folder), 0);
    assert_true(geteuid() != 0 || chown(p->folder, 65534, 65534) == 0);
}

static void read_three_write_none(const struct place *p, int argument)
{
    (void)argument;
    struct err e = ERR_INIT;
    become_nobody();
    NEED(try_open(p, STORE_WRITE, &e) == NULL);
    NEED(e.code == ERR_READONLY);
    for (int i = 0; i < 2; i++) {
        struct store *s = try_open(p, STORE_READ, &e);
        NEED(s != NULL);
        NEED(count_contiguous(s, "lobby") == 3);
        NEED(store_check(s, stderr, &e) == 0);
        store_close(s);
    }
}

static void a_read_only_folder_can_be_read(void **state)
{
    struct place *p = *state;
    fill(p, 3);
    set_rights(p, 0500, 0400);
    run_child(read_three_write_none, p, 0);
    set_rights(p, 0700, 0400); /* the folder can be written, its files can't */
    run_child(read_three_write_none, p, 0);
    set_rights(p, 0700, 0600);
}

static void write_where_nothing_can_be_made(const struct place *p, int argument)
{
    (void)argument;
    struct err e = ERR_INIT;
    become_nobody();
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    NEED(append(s, "x", "x", NULL, &e) == STORE_STORED);
    NEED(count_contiguous(s, "lobby") == 4);
    store_close(s);
}

/* All files exist already, so a folder in which no further file can be made does no harm. */
static void reads_and_writes_go_on_where_no_file_can_be_made(void **state)
{
    struct place *p = *state;
    fill(p, 3);
    set_rights(p, 0500, 0600);
    run_child(write_where_nothing_can_be_made, p, 0);
    set_rights(p, 0700, 0600);
}

static void make_none(const struct place *p, int argument)
{
    (void)argument;
    become_nobody();
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        struct err e = ERR_INIT;
        NEED(try_open(p, (enum store_mode)mode, &e) == NULL);
        NEED(e.code == ERR_READONLY);
        NEED(strstr(e.text, "can't be") != NULL);
        NEED(!place_has_database(p));
    }
}

static void no_database_is_created_in_a_read_only_folder(void **state)
{
    struct place *p = *state;
    assert_int_equal(chmod(p->root, 0555), 0);
    run_child(make_none, p, 0); /* nor can the folder be made */
    assert_int_equal(chmod(p->root, 0755), 0);
    assert_int_equal(mkdir(p->folder, 0700), 0);
    set_rights(p, 0500, 0400);
    run_child(make_none, p, 0);
    remove_tree(p->folder);
}

static void read_none(const struct place *p, int argument)
{
    (void)argument;
    struct err e = ERR_INIT;
    become_nobody();
    NEED(try_open(p, STORE_READ, &e) == NULL);
    NEED(e.code == ERR_READONLY);
}

static void a_commit_that_cannot_be_rolled_back_is_not_read(void **state)
{
    struct place *p = *state;
    fill(p, 3);
    assert_int_equal(WEXITSTATUS(wait_child(start_child(die_in_commit, p, 0))), 7);
    set_rights(p, 0500, 0400);
    run_child(read_none, p, 0);
    set_rights(p, 0700, 0600);
}

/* ---- a full disk ---- */

/* Mounts a file system of at most `bytes`; false where that isn't allowed. In a child process: the
 * mount ends with it. */
static bool mount_small(const char *path, size_t bytes)
{
    char options[64];
    snprintf(options, sizeof options, "mode=0777,size=%zu", bytes);
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", path, "tmpfs", 0, options) == 0;
}

enum full { FULL_DISK, FULL_LIMIT };

struct small_disk {
    bool mounted;
    char ballast[300];
};

static struct small_disk small_disk(const struct place *p, enum full kind, size_t bytes)
{
    struct small_disk d = {.mounted = kind == FULL_DISK && mount_small(p->root, bytes * 2)};
    snprintf(d.ballast, sizeof d.ballast, "%s/ballast", p->root);
    if (d.mounted) {
        int fd = open(d.ballast, O_WRONLY | O_CREAT, 0600);
        NEED(fd >= 0 && posix_fallocate(fd, 0, (off_t)bytes) == 0);
        close(fd);
    } else {
        limit_files(bytes);
    }
    return d;
}

static void make_room(const struct small_disk *d)
{
    if (d->mounted) {
        NEED(unlink(d->ballast) == 0);
    } else {
        limit_files(RLIM_INFINITY);
    }
}

static void fill_the_disk(const struct place *p, int kind)
{
    struct err e = ERR_INIT;
    struct small_disk disk = small_disk(p, (enum full)kind, 700 * 1024);
    struct store *s = try_open(p, STORE_WRITE, &e);
    struct store *reader = try_open(p, STORE_READ, &e);
    char text[3000];
    char id[16];
    int stored = 0;
    int outcome = 0;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    NEED(s != NULL && reader != NULL);
    for (int i = 0, refused = 0; i < 1000 && refused < 3;
         i++) { /* a log that can't grow is restarted for the next message */
        snprintf(id, sizeof id, "%d", i);
        err_clear(&e);
        outcome = append(s, id, text, NULL, &e);
        stored += outcome == STORE_STORED;
        refused = outcome == STORE_STORED ? 0 : refused + 1;
    }
    NEED(outcome == -1 && e.code == ERR_FULL &&
         /* 60 messages: more than one such log has room for */
         stored > (kind == FULL_LIMIT ? 60 : 5));
    NEED(strstr(e.text, "full") != NULL);
    for (int i = 0; i < 5; i++) { /* later messages fail in the same way, without harm */
        err_clear(&e);
        outcome = append(s, id, text, NULL, &e);
        NEED(outcome == -1 && e.code == ERR_FULL);
        NEED(count_contiguous(reader, "lobby") == stored);
        NEED(count_contiguous(s, "lobby") == stored);
        struct store *other = try_open(p, STORE_READ, &e);
        NEED(other != NULL);
        NEED(count_contiguous(other, "lobby") == stored);
        store_close(other);
    }
    make_room(&disk);
    err_clear(&e);
    NEED(append(s, id, text, NULL, &e) == STORE_STORED);
    NEED(append(s, id, text, NULL, &e) == STORE_REPEATED);
    NEED(count_contiguous(reader, "lobby") == stored + 1);
    NEED(store_check(reader, stderr, &e) == 0);
    store_close(s);
    store_close(reader);
}

static void a_full_disk_refuses_sends_and_allows_reads(void **state)
{
    run_child(fill_the_disk, *state, FULL_DISK);
}

static void a_limit_of_file_sizes_is_treated_as_a_full_disk(void **state)
{
    run_child(fill_the_disk, *state, FULL_LIMIT);
}

/* With any small space: the database is made whole or not at all, and is made when there is
 * space. */
static void make_on_a_full_disk(const struct place *p, int kilobytes)
{
    struct err e = ERR_INIT;
    struct small_disk disk = small_disk(p, FULL_LIMIT, (size_t)kilobytes * 1024);
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL || e.code == ERR_FULL);
    store_close(s);
    make_room(&disk);
    s = try_open(p, STORE_READ, &e);
    NEED(s != NULL);
    NEED(strstr(store_describe(s), p->journal == STORE_JOURNAL_WAL ? "WAL" : "rollback") != NULL);
    NEED(store_check(s, stderr, &e) == 0);
    store_close(s);
}

static void a_database_is_created_once_there_is_space(void **state)
{
    struct place *p = *state;
    for (int kilobytes = 0; kilobytes < 160; kilobytes += kilobytes < 10 ? 1 : 14) {
        run_child(make_on_a_full_disk, p, kilobytes);
        remove_tree(p->folder);
    }
}

/* There is no log and no shared memory, and no room for either. */
static void read_on_a_full_disk(const struct place *p, int expected)
{
    struct err e = ERR_INIT;
    limit_files(4096);
    struct store *s = try_open(p, STORE_READ, &e);
    if (s == NULL) {
        fprintf(stderr, "open: %s\n", e.text);
    }
    NEED(s != NULL);
    NEED(count_contiguous(s, "lobby") == expected);
    NEED(count_contiguous(s, "lobby") == expected && !store_is_stale(s));
    store_close(s);
}

static void copy_log_and_remove_it(const struct place *p)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(in_place(p, "chat.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db); /* closes the last handle: both files go */
    assert_int_equal(size_of(p, "chat.db-wal"), -1);
}

static void a_full_disk_without_a_log_can_still_be_read(void **state)
{
    struct place *p = *state;
    fill(p, 3);
    copy_log_and_remove_it(p);
    run_child(read_on_a_full_disk, p, 3);
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "later", "text");
    run_child(read_on_a_full_disk, p, 4); /* with the writer's files, as usual */
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WAL(a_full_disk_without_a_log_can_still_be_read),
        IN_BOTH_MODES(a_locked_database_is_busy_after_the_time_limit),
        IN_BOTH_MODES(stopping_ends_each_wait),
        IN_ROLLBACK(rollback_needs_no_flock),
        IN_ROLLBACK(what_a_killed_writer_left_is_rolled_back_for_a_reader),
        IN_BOTH_MODES(a_read_only_folder_can_be_read),
        IN_BOTH_MODES(reads_and_writes_go_on_where_no_file_can_be_made),
        IN_BOTH_MODES(no_database_is_created_in_a_read_only_folder),
        IN_ROLLBACK(a_commit_that_cannot_be_rolled_back_is_not_read),
        IN_BOTH_MODES(a_full_disk_refuses_sends_and_allows_reads),
        IN_BOTH_MODES(a_limit_of_file_sizes_is_treated_as_a_full_disk),
        IN_BOTH_MODES(a_database_is_created_once_there_is_space),
    };
    quiet_log();
    return RUN(tests);
}
