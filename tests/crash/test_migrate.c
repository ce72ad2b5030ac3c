/* test_migrate.c - the upgrade from one schema to the next: by several processes at once,
 * interrupted by SIGKILL, and seen by an older program.
 *
 * The tests bring their own table of SQL files. Schema 1 is all real migrations together, as the
 * programs need their tables; 2 and 3 exist in this test alone. Each test sets which of them the
 * program knows.
 */
#include "fault_vfs.h"

#include "base/clock.h"
#include "store/sql_files.h"

#include <glob.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>

enum { RACERS = 6, MESSAGES = 20, KILLS = 25 };

static bool disk_is_full; /* read by statvfs() below, which replaces the C library's */

__attribute__((visibility("default"))) int statvfs(const char *path, struct statvfs *out)
{
    (void)path;
    memset(out, 0, sizeof *out);
    out->f_frsize = 4096;
    out->f_blocks = 1 << 20;
    out->f_bavail = disk_is_full ? 1 : 1 << 20;
    return 0;
}

static char base[200000];
static char invariants[20000];
static char second[] = "ALTER TABLE room ADD COLUMN topic TEXT NOT NULL DEFAULT '';"
                       "CREATE TABLE counted (room_id INTEGER PRIMARY KEY, messages INTEGER NOT NULL) STRICT;"
                       "INSERT INTO counted SELECT room_id, count(*) FROM message GROUP BY room_id;";
/* A column without a type is an error in a STRICT table. */
static char third[] = "CREATE TABLE twice (x) STRICT;";
/* Takes long enough to be interrupted, and more memory than SQLite's cache has. */
static char slow[] = "CREATE TABLE many (n INTEGER PRIMARY KEY) STRICT;"
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
                     "INSERT INTO many SELECT i FROM n;";
static char second_name[32];
static char third_name[32];
static char slow_name[32];

const struct sql_file sql_files[] = {{"sqlite/invariants.sql", invariants},
                                     {"sqlite/001-base.sql", base},
                                     {second_name, second},
                                     {third_name, third},
                                     {slow_name, slow},
                                     {NULL, NULL}};

static void set_known_schema(int schema)
{
    snprintf(second_name, sizeof second_name, "%s", schema >= 2 ? "sqlite/002-topic.sql" : "none");
    snprintf(third_name, sizeof third_name, "%s", "none");
    snprintf(slow_name, sizeof slow_name, "%s", "none");
}

/* All files of the pattern, one after the other. */
static void load(const char *pattern, char *to, size_t size)
{
    glob_t found;
    to[0] = '\0';
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text = support_read_file(found.gl_pathv[i], NULL);
        assert_true(strlen(to) + strlen(text) < size);
        strcat(to, text);
        free(text);
    }
    globfree(&found);
}

static void question(const struct place *p, const char *sql, char *out, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(in_place(p, "chat.db"), &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void make_old(const struct place *p)
{
    set_known_schema(1);
    remove_tree(p->folder);
    fill(p, MESSAGES);
}

static void assert_new(const struct place *p)
{
    char counted[16];
    set_known_schema(2);
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(s, "lobby"), MESSAGES);
    store_close(s);
    assert_int_equal(check_place(p), 0);
    question(p, "SELECT messages FROM counted WHERE room_id = 1", counted, sizeof counted);
    assert_int_equal(strtol(counted, NULL, 10), MESSAGES);
    question(p, "PRAGMA user_version", counted, sizeof counted);
    assert_string_equal(counted, "2");
    assert_int_equal(find_files(p, "chat-upgrade.new", NULL, 0), 0);
}

/* Checks the number of copies made before upgrades, and the newest: complete, of the old schema,
 * with another epoch, readable by the owner only. */
static void assert_copies(const struct place *p, int least, int most)
{
    char path[500];
    char found[64];
    char epoch[64];
    struct stat st;
    assert_in_range(find_files(p, "chat-before-schema-2-", path, sizeof path), least, most);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    ask_file(path, "PRAGMA user_version", found, sizeof found);
    assert_string_equal(found, "1");
    ask_file(path, "PRAGMA integrity_check", found, sizeof found);
    assert_string_equal(found, "ok");
    ask_file(path, "SELECT epoch FROM meta", found, sizeof found);
    question(p, "SELECT epoch FROM meta", epoch, sizeof epoch);
    assert_string_not_equal(found, epoch);
    assert_int_equal(count_in_file(path, "lobby"), MESSAGES);
}

static void open_and_count(const struct place *p, int reader)
{
    struct err e = ERR_INIT;
    struct store *s = NULL;
    do { /* an upgrade that takes longer answers ERR_BUSY: try again */
        s = try_open(p, reader % 2 != 0 ? STORE_READ : STORE_WRITE, &e);
    } while (s == NULL && e.code == ERR_BUSY && strstr(e.text, "being upgraded") != NULL);
    if (s == NULL) {
        fprintf(stderr, "open: %d %s\n", (int)e.code, e.text);
        _exit(99);
    }
    NEED(count_contiguous(s, "lobby") == MESSAGES);
    store_close(s);
}

static void several_processes_upgrade_at_once(void **state)
{
    struct place *p = *state;
    for (int round = 0; round < 20; round++) {
        pid_t racers[RACERS];
        make_old(p);
        set_known_schema(2);
        for (int i = 0; i < RACERS; i++) {
            racers[i] = start_child(open_and_count, p, i);
        }
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(wait_child(racers[i]), 0);
        }
        assert_new(p);
        assert_copies(p, 1, 1);
        assert_int_equal(find_files(p, "chat.upgrade", NULL, 0), 0);
    }
}

static void open_and_die(const struct place *p, int die_at)
{
    fault.changes = 0;
    fault.die_at = die_at;
    open_and_count(p, 0);
}

static void an_upgrade_killed_at_each_step_is_done_by_the_next_process(void **state)
{
    struct place *p = *state;
    int status = 0;
    int rounds = 0;
    do {
        rounds++;
        make_old(p);
        set_known_schema(2);
        status = wait_child(start_child(open_and_die, p, rounds));
        assert_new(p);
        assert_copies(p, 1, 2); /* the killed process may have left one as well */
    } while (WEXITSTATUS(status) == 42);
    assert_int_equal(status, 0);
    assert_true(rounds > 5);
}

/* Renaming and removing files are not seen by SQLite's file layer, so these moments are random. */
static void an_upgrade_killed_at_random_moments_is_done_by_the_next_process(void **state)
{
    struct place *p = *state;
    uint64_t random = 20260101;
    for (int round = 0; round < KILLS; round++) {
        struct timespec moment = {.tv_nsec = (long)(support_random(&random) % 8000000)};
        make_old(p);
        set_known_schema(2);
        pid_t child = start_child(open_and_count, p, 0);
        nanosleep(&moment, NULL);
        kill(child, SIGKILL);
        wait_child(child);
        assert_new(p);
        assert_copies(p, 1, 2);
    }
}

/* ---- the copy made before the upgrade ---- */

static void the_last_two_copies_are_kept(void **state)
{
    static const char *const others[] = {
        "chat-before-schema-2-20250101-000000.db", "chat-before-schema-7-20240101-000000.db",
        "chat-before-schema-2-20260101-000000.db", "chat-before-schema-2.db", "chat-before-restore-20200101-000000.db"};
    struct place *p = *state;
    make_old(p);
    for (size_t i = 0; i < COUNT(others); i++) {
        fault_put(in_place(p, others[i]), "x", 1);
    }
    set_known_schema(2);
    open_and_count(p, 0);
    assert_new(p);
    assert_int_equal(find_files(p, others[0], NULL, 0) + find_files(p, others[1], NULL, 0), 0);
    assert_int_equal(find_files(p, others[2], NULL, 0), 1);
    /* This name has no date, so it is no such copy. */
    assert_int_equal(find_files(p, others[3], NULL, 0), 1);
    assert_int_equal(find_files(p, others[4], NULL, 0), 1);
    assert_int_equal(find_files(p, "chat-before-schema-2-20", NULL, 0), 2);
}

static const struct place *upgraded;
static struct store *old_writer;
static struct store *old_reader;
static int told_copying;
static int told_changing;

static void the_new_copy_stays_even_if_others_have_a_later_date(void **state)
{
    static const char *const others[] = {"chat-before-schema-2-20990101-000000.db",
                                         "chat-before-schema-2-20990102-000000.db"};
    struct place *p = *state;
    make_old(p);
    for (size_t i = 0; i < COUNT(others); i++) { /* made while the clock was ahead */
        fault_put(in_place(p, others[i]), "x", 1);
    }
    set_known_schema(2);
    open_and_count(p, 0);
    assert_int_equal(find_files(p, "chat-before-schema-2-20990", NULL, 0), 2);
    assert_int_equal(find_files(p, "chat-before-schema-2-20", NULL, 0), 3);
}

/* Called before each change of the upgrading process, which waits for this function. */
static void ask_during_upgrade(void)
{
    struct err e = ERR_INIT;
    struct store_room room;
    struct stat st;
    bool copying = stat(in_place(upgraded, "chat-upgrade.new"), &st) == 0;
    bool changing = !copying && find_files(upgraded, "chat-before-schema-2-", NULL, 0) > 0;
    if ((copying ? told_copying : told_changing) > 2 || (!copying && !changing)) {
        return; /* each of these calls waits for half a second */
    }
    int64_t start = clock_mono_ms();
    struct store *s = try_open(upgraded, STORE_READ, &e);
    NEED(s == NULL && e.code == ERR_BUSY);
    NEED(strstr(e.text, copying ? " % are done" : "is being changed") != NULL);
    NEED(clock_mono_ms() - start < PATIENCE_MS / 2);
    set_known_schema(1); /* as in processes that opened the store before */
    err_clear(&e);
    NEED(append(old_writer, "meanwhile", "x", NULL, &e) == -1 && e.code == ERR_BUSY);
    NEED(strstr(e.text, "being upgraded") != NULL);
    NEED(!copying || store_room(old_reader, "lobby", &room, &e) == 0);
    set_known_schema(2);
    told_copying += copying;
    told_changing += changing;
}

static void a_request_during_an_upgrade_is_told_its_progress(void **state)
{
    struct place *p = *state;
    make_old(p);
    upgraded = p;
    told_copying = told_changing = 0;
    old_writer = open_store(p, STORE_WRITE);
    old_reader = open_store(p, STORE_READ);
    set_known_schema(2);
    fault.on_change = ask_during_upgrade;
    struct store *s = open_store(p, STORE_WRITE);
    fault.on_change = NULL;
    assert_true(told_copying > 0 && told_changing > 0);
    store_close(s);
    store_close(old_writer);
    store_close(old_reader);
    assert_new(p);
    assert_copies(p, 1, 1);
}

static void the_progress_of_a_killed_upgrade_is_ignored(void **state)
{
    static const char line[] = "copy   40                      \n";
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_options options = options_of(p);
    fill(p, 1);
    fault_put(in_place(p, "chat.upgrade"), line, strlen(line));
    int lock = open(in_place(p, "chat.db-lock"), O_RDWR | O_CLOEXEC);
    int said = open(in_place(p, "chat.upgrade"), O_RDWR | O_CLOEXEC);
    options.busy_timeout_ms = 50;
    struct store *s = store_open(&options, STORE_WRITE, NULL);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(append(s, "x", "x", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_without(e.text, "upgraded");
    assert_int_equal(flock(said, LOCK_EX), 0);
    err_clear(&e);
    assert_int_equal(append(s, "x", "x", NULL, &e), -1);
    assert_contains(e.text, "being upgraded: its database is copied before it is changed, 40 % are done");
    close(lock);
    close(said);
    store_close(s);
}

static void expect_no_space(const struct place *p)
{
    struct err e = ERR_INIT;
    NEED(try_open(p, STORE_WRITE, &e) == NULL);
    NEED(e.code == ERR_FULL && strstr(e.text, " MB in the data folder") != NULL);
    NEED(find_files(p, "chat-upgrade.new", NULL, 0) == 0 && find_files(p, "chat-before", NULL, 0) == 0);
}

static void upgrade_without_space(const struct place *p, int argument)
{
    const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    (void)argument;
    limit_files(40000); /* like a quota: a write fails */
    expect_no_space(p);
    fault.changes = 0;
    expect_no_space(p);
    NEED(fault.changes == 0); /* no new attempt at each request */
    NEED(utimensat(AT_FDCWD, in_place(p, "chat.upgrade"), long_ago, 0) == 0);
    expect_no_space(p);
    NEED(fault.changes > 0);
    limit_files(RLIM_INFINITY);
    NEED(utimensat(AT_FDCWD, in_place(p, "chat.upgrade"), long_ago, 0) == 0);
    disk_is_full = true; /* a full disk: its free space is checked first */
    fault.changes = 0;
    expect_no_space(p);
    NEED(fault.changes == 0);
    set_known_schema(1);
    open_and_count(p, 0); /* the old program can still be used */
    set_known_schema(2);
    disk_is_full = false;
    open_and_count(p, 0);
}

static void without_free_space_nothing_is_changed(void **state)
{
    struct place *p = *state;
    static char big[60000]; /* makes the database longer than SQLite's other files */
    make_old(p);
    struct store *s = open_store(p, STORE_WRITE);
    memset(big, 'x', sizeof big - 1);
    assert_int_equal(append_reply(s, "big", "ann", "big", big, 0, NULL, NULL), STORE_STORED);
    store_close(s);
    set_known_schema(2);
    run_child(upgrade_without_space, p, 0);
    assert_new(p);
    assert_copies(p, 1, 1);
}

static void a_process_that_ends_leaves_the_upgrade_to_the_next(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_options options = options_of(p);
    atomic_bool stopping = true;
    make_old(p);
    set_known_schema(2);
    options.stopping = &stopping;
    assert_null(store_open(&options, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_STOPPING);
    assert_int_equal(find_files(p, "chat-before", NULL, 0) + find_files(p, "chat-upgrade", NULL, 0), 0);
    open_and_count(p, 0);
    assert_new(p);
}

static atomic_bool stops;
static char noted[33];

static void stop_while_it_changes(void)
{
    FILE *note = find_files(upgraded, "chat-before-schema-3-", NULL, 0) > 0
                     ? fopen(in_place(upgraded, "chat.upgrade"), "r")
                     : NULL;
    char line[sizeof noted] = "";
    if (note != NULL && fgets(line, sizeof line, note) != NULL && strncmp(line, "change ", 7) == 0 &&
        strncmp(line, "change 0 ", 9) != 0) {
        memcpy(noted, line, sizeof noted);
        stops = true;
    }
    if (note != NULL) {
        fclose(note);
    }
}

static void a_process_that_ends_interrupts_the_change(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_options options = options_of(p);
    char version[16];
    make_old(p);
    set_known_schema(2);
    snprintf(slow_name, sizeof slow_name, "%s", "sqlite/003-slow.sql");
    options.stopping = &stops;
    upgraded = p;
    stops = false;
    noted[0] = '\0';
    fault.on_change = stop_while_it_changes;
    assert_null(store_open(&options, STORE_WRITE, &e));
    fault.on_change = NULL;
    assert_int_equal(e.code, ERR_STOPPING);
    assert_in_range(strtol(noted + 7, NULL, 10), 1, 100);
    question(p, "PRAGMA user_version", version, sizeof version);
    assert_string_equal(version, "1");
    assert_int_equal(find_files(p, "chat-before", NULL, 0) + find_files(p, "chat.upgrade", NULL, 0), 0);
    set_known_schema(2);
    open_and_count(p, 0);
    assert_new(p);
}

/* Each process of plain CGI reads the whole log once. */
static void an_upgrade_by_plain_cgi_leaves_a_short_log(void **state)
{
    struct place *p = *state;
    struct store_options options = options_of(p);
    make_old(p);
    set_known_schema(2);
    snprintf(slow_name, sizeof slow_name, "%s", "sqlite/003-slow.sql");
    options.short_lived = true;
    struct store *s = store_open(&options, STORE_WRITE, NULL);
    assert_non_null(s);
    assert_true(size_of(p, "chat.db") > 500 * 4096);
    assert_true(size_of(p, "chat.db-wal") < 200 * 4096);
    store_close(s);
}

/* The owner returns to the older program and restores the copy. */
static void the_copy_can_be_restored_by_the_older_program(void **state)
{
    struct place *p = *state;
    char path[500];
    struct err e = ERR_INIT;
    struct store_restored restored;
    const struct store_options options = options_of(p);
    make_old(p);
    set_known_schema(2);
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "after", "the upgrade");
    assert_copies(p, 1, 1);
    find_files(p, "chat-before-schema-2-", path, sizeof path);
    set_known_schema(1);
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(store_restore(&options, path, NULL, &restored, NULL), 0);
    open_and_count(p, 0);
    assert_int_equal(count_in_file(in_place(p, restored.kept), "lobby"), MESSAGES + 1);
    set_known_schema(2);
    assert_int_equal(append(s, "more", "x", NULL, &e), -1); /* a newer program that still runs */
    store_close(s);
    assert_new(p);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    char version[16];
    make_old(p);
    set_known_schema(2);
    snprintf(third_name, sizeof third_name, "%s", "sqlite/003-twice.sql");
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    question(p, "PRAGMA user_version", version, sizeof version);
    assert_string_equal(version, "1");
    assert_int_equal(find_files(p, "chat-before", NULL, 0) + find_files(p, "chat.upgrade", NULL, 0), 0);
    set_known_schema(1);
    open_and_count(p, 0);
    set_known_schema(2);
    assert_new(p);
}

static void an_older_program_notices_an_upgrade_and_is_refused(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_room room;
    make_old(p);
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    set_known_schema(2);
    store_close(open_store(p, STORE_WRITE)); /* a newer program upgrades it */
    set_known_schema(1);
    assert_int_equal(append(writer, "x", "x", NULL, &e), -1);
    assert_int_equal(e.code, ERR_NEWER);
    assert_int_equal(store_room(reader, "lobby", &room, NULL), -1);
    assert_true(store_is_stale(writer) && store_is_stale(reader));
    store_close(writer);
    store_close(reader);
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_NEWER);
    assert_contains(e.text, "newer pollchat (schema 2)");
    assert_null(try_open(p, STORE_READ, &e));
    assert_new(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(several_processes_upgrade_at_once),
        IN_BOTH_MODES(an_upgrade_killed_at_each_step_is_done_by_the_next_process),
        IN_BOTH_MODES(an_upgrade_killed_at_random_moments_is_done_by_the_next_process),
        IN_BOTH_MODES(the_last_two_copies_are_kept),
        IN_BOTH_MODES(the_new_copy_stays_even_if_others_have_a_later_date),
        IN_BOTH_MODES(a_request_during_an_upgrade_is_told_its_progress),
        IN_WAL(the_progress_of_a_killed_upgrade_is_ignored),
        IN_BOTH_MODES(without_free_space_nothing_is_changed),
        IN_BOTH_MODES(a_process_that_ends_leaves_the_upgrade_to_the_next),
        IN_BOTH_MODES(a_process_that_ends_interrupts_the_change),
        IN_WAL(an_upgrade_by_plain_cgi_leaves_a_short_log),
        IN_BOTH_MODES(the_copy_can_be_restored_by_the_older_program),
        IN_BOTH_MODES(a_migration_that_fails_changes_nothing),
        IN_BOTH_MODES(an_older_program_notices_an_upgrade_and_is_refused),
    };
    quiet_log();
    fault_install();
    load("sql/sqlite/[0-9]*.sql", base, sizeof base);
    load("sql/sqlite/invariants.sql", invariants, sizeof invariants);
    return RUN(tests);
}
