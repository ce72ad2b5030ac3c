/* test_migrate.c - from one schema to the next: by several processes at once, killed in the middle, with a program that is older.
 *
 * Brings its own table of SQL files: the first one as it is, and a second and third that this program either knows or doesn't.
 */
#include "fault_vfs.h"

#include "../../cgi-bin/lib/sql_files.h"

enum { RACERS = 6, MESSAGES = 50 };

static char base[20000];
static char invariants[20000];
static char second[] = "ALTER TABLE room ADD COLUMN topic TEXT NOT NULL DEFAULT '';"
                       "CREATE TABLE counted (room_id INTEGER PRIMARY KEY, messages INTEGER NOT NULL) STRICT;"
                       "INSERT INTO counted SELECT room_id, count(*) FROM message GROUP BY room_id;";
static char third[] = "CREATE TABLE twice (x) STRICT;"; /* no type: an error */
static char second_name[32];
static char third_name[32];

const struct sql_file sql_files[] = {{"invariants.sql", invariants},
                                     {"sqlite/001-base.sql", base},
                                     {second_name, second},
                                     {third_name, third},
                                     {NULL, NULL}};

static void know(int schema)
{
    snprintf(second_name, sizeof second_name, "%s", schema >= 2 ? "sqlite/002-topic.sql" : "none");
    snprintf(third_name, sizeof third_name, "%s", "none");
}

static void load(const char *path, char *to, size_t size)
{
    char *text = support_read_file(path, NULL);
    assert_true(strlen(text) < size);
    memcpy(to, text, strlen(text) + 1);
    free(text);
}

static void ask(const struct place *p, const char *sql, char *out, size_t size)
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
    know(1);
    remove_tree(p->folder);
    fill(p, MESSAGES);
}

static void assert_new(const struct place *p)
{
    char counted[16];
    know(2);
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(s, "lobby"), MESSAGES);
    store_close(s);
    assert_int_equal(check_place(p), 0);
    ask(p, "SELECT messages FROM counted", counted, sizeof counted);
    assert_string_equal(counted, "50");
    ask(p, "PRAGMA user_version", counted, sizeof counted);
    assert_string_equal(counted, "2");
}

static void open_and_count(const struct place *p, int reader)
{
    struct err e = ERR_INIT;
    struct store *s = try_open(p, reader % 2 != 0 ? STORE_READ : STORE_WRITE, &e);
    if (s == NULL) {
        fprintf(stderr, "open: %d %s\n", (int)e.code, e.text);
        _exit(99);
    }
    NEED(count_contiguous(s, "lobby") == MESSAGES);
    store_close(s);
}

static void several_migrate_at_once(void **state)
{
    struct place *p = *state;
    for (int round = 0; round < 20; round++) {
        pid_t racers[RACERS];
        make_old(p);
        know(2);
        for (int i = 0; i < RACERS; i++) {
            racers[i] = start_child(open_and_count, p, i);
        }
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(wait_child(racers[i]), 0);
        }
        assert_new(p);
    }
}

static void open_and_die(const struct place *p, int die_at)
{
    fault.changes = 0;
    fault.die_at = die_at;
    open_and_count(p, 0);
}

static void killed_in_the_middle_the_next_one_does_it(void **state)
{
    struct place *p = *state;
    int status = 0;
    int rounds = 0;
    do {
        rounds++;
        make_old(p);
        know(2);
        status = wait_child(start_child(open_and_die, p, rounds));
        assert_new(p);
    } while (WEXITSTATUS(status) == 42);
    assert_int_equal(status, 0);
    assert_true(rounds > 5);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    char version[16];
    make_old(p);
    know(2);
    snprintf(third_name, sizeof third_name, "%s", "sqlite/003-twice.sql");
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    ask(p, "PRAGMA user_version", version, sizeof version);
    assert_string_equal(version, "1");
    know(1);
    open_and_count(p, 0);
    know(2);
    assert_new(p);
}

static void an_older_program_notices_and_is_refused(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_room room;
    make_old(p);
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    know(2);
    store_close(open_store(p, STORE_WRITE)); /* a newer program comes along */
    know(1);
    assert_int_equal(append(writer, "x", "x", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(store_room(reader, "lobby", &room, NULL), -1);
    assert_true(store_is_replaced(writer) && store_is_replaced(reader));
    store_close(writer);
    store_close(reader);
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_contains(e.text, "newer pollchat (schema 2)");
    assert_null(try_open(p, STORE_READ, &e));
    assert_new(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(several_migrate_at_once),
        IN_BOTH_MODES(killed_in_the_middle_the_next_one_does_it),
        IN_BOTH_MODES(a_migration_that_fails_changes_nothing),
        IN_BOTH_MODES(an_older_program_notices_and_is_refused),
    };
    quiet_log();
    fault_install();
    load("sql/sqlite/001-base.sql", base, sizeof base);
    load("sql/invariants.sql", invariants, sizeof invariants);
    return RUN(tests);
}
