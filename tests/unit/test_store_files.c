/* test_store_files.c - SQLite's files: rights, foreign, damaged and replaced ones, the journal. */
#include "sqlite_support.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

/* ---- a file system with fewer features: these replace flock and statfs of the C library ---- */

static bool no_flock;
static bool on_nfs;

__attribute__((visibility("default"))) int flock(int fd, int operation)
{
    if (no_flock) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

__attribute__((visibility("default"))) int statfs(const char *path, struct statfs *out)
{
    int result = (int)syscall(SYS_statfs, path, out);
    if (result == 0 && on_nfs) {
        out->f_type = 0x6969;
    }
    return result;
}

/* ---- helpers ---- */

static void raw_sql(const struct place *p, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(in_place(p, "chat.db"), &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    sqlite3_close(db);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 07777U : 0;
}

static int count_files(const struct place *p)
{
    struct dirent **names = NULL;
    int count = scandir(p->folder, &names, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return count - 2;
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

/* ---- permissions ---- */

static void folder_and_files_are_private_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0277};
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        mode_t was = umask(masks[i]);
        fill(p, 2);
        umask(was);
        assert_int_equal(mode_of(p->folder), 0700);
        assert_int_equal(mode_of(in_place(p, "chat.db")), 0600);
        assert_int_equal(mode_of(in_place(p, "chat.db-lock")), 0600);
        if (p->journal == STORE_JOURNAL_WAL) {
            assert_int_equal(mode_of(in_place(p, "chat.db-wal")), 0600);
            assert_int_equal(mode_of(in_place(p, "chat.db-shm")), 0600);
        } else {
            assert_int_equal(mode_of(in_place(p, "chat.db-journal")), 0600);
        }
        assert_true(size_of(p, ".htaccess") > 0);
        remove_tree(p->folder);
    }
}

/* Also when the last handle is closed: so it can be read where no file can be made. */
static void the_log_stays_after_closing(void **state)
{
    struct place *p = *state;
    fill(p, 2);
    assert_true(size_of(p, "chat.db-wal") > 0);
    assert_true(size_of(p, "chat.db-shm") > 0);
}

/* ---- files that are not, or no longer, the chat's ---- */

static void assert_refused(const struct place *p, enum err_code code, const char *words)
{
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        struct err e = ERR_INIT;
        assert_null(try_open(p, (enum store_mode)mode, &e));
        assert_int_equal(e.code, code);
        assert_contains(e.text, words);
        assert_without(e.text, p->root);
    }
}

/* Opening is refused, and changes no byte and no file. */
static void assert_left_alone(const struct place *p, enum err_code code, const char *words)
{
    size_t before_length = 0;
    size_t after_length = 0;
    int files = count_files(p);
    char *before = support_read_file(in_place(p, "chat.db"), &before_length);
    assert_refused(p, code, words);
    char *after = support_read_file(in_place(p, "chat.db"), &after_length);
    assert_int_equal(after_length, before_length);
    assert_memory_equal(after, before, before_length);
    assert_int_equal(count_files(p), files);
    free(before);
    free(after);
}

static void a_file_that_is_not_a_database_is_not_changed(void **state)
{
    static const size_t lengths[] = {2, 15, 99, 100, 4096, 5000, 100000};
    struct place *p = *state;
    char *junk = malloc(100000);
    uint64_t random = 3;
    assert_non_null(junk);
    for (size_t i = 0; i < 100000; i++) {
        junk[i] = (char)support_random(&random);
    }
    assert_int_equal(mkdir(p->folder, 0700), 0);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        write_file(in_place(p, "chat.db"), junk, lengths[i]);
        assert_left_alone(p, ERR_CORRUPT, "not a database of pollchat");
    }
    /* Looks like step 2 of make.c, interrupted. */
    write_file(in_place(p, "chat.db-journal"), junk, 600);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        write_file(in_place(p, "chat.db"), junk, lengths[i]);
        assert_refused(p, ERR_CORRUPT, "");
        assert_int_equal(size_of(p, "chat.db"), lengths[i]);
    }
    free(junk);
    remove_tree(p->folder);
}

static void a_database_of_another_program_is_left_alone(void **state)
{
    static const char *const theirs[] = {
        "CREATE TABLE message (x); INSERT INTO message VALUES (1)", "PRAGMA journal_mode = WAL; CREATE TABLE meta (x)",
        "PRAGMA user_version = 1; CREATE TABLE meta (one, epoch, created_ms, schema)",
        "PRAGMA application_id = 252006673; CREATE TABLE room (x)", /* of fossil */
    };
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(theirs); i++) {
        assert_int_equal(mkdir(p->folder, 0700), 0);
        raw_sql(p, theirs[i]);
        assert_left_alone(p, ERR_CORRUPT, "not a database of pollchat");
        remove_tree(p->folder);
    }
}

static void a_newer_database_is_not_changed(void **state)
{
    struct place *p = *state;
    char known[16];
    char back[40];
    fill(p, 3);
    ask_file(in_place(p, "chat.db"), "PRAGMA user_version", known, sizeof known);
    raw_sql(p, "PRAGMA user_version = 99");
    assert_left_alone(p, ERR_NEWER, "this program is older");
    snprintf(back, sizeof back, "PRAGMA user_version = %s", known);
    raw_sql(p, back);
}

static void a_folder_in_place_of_the_database_is_refused(void **state)
{
    struct place *p = *state;
    assert_int_equal(mkdir(p->folder, 0700), 0);
    assert_int_equal(mkdir(in_place(p, "chat.db"), 0700), 0);
    assert_refused(p, ERR_CORRUPT, "");
    assert_int_equal(count_files(p), 1);
    remove_tree(p->folder);
}

static void a_missing_parent_is_a_wrong_setting(void **state)
{
    struct place *p = *state;
    struct place deeper = *p;
    struct err e = ERR_INIT;
    snprintf(deeper.folder, sizeof deeper.folder, "%.180s/no/data", p->root);
    assert_null(try_open(&deeper, STORE_WRITE, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_false(place_has_database(&deeper));
}

static void a_damaged_header_is_refused(void **state)
{
    struct place *p = *state;
    fill(p, 3);
    int fd = open(in_place(p, "chat.db"), O_WRONLY);
    assert_int_equal(pwrite(fd, "XXXXXXXX", 8, 0), 8);
    close(fd);
    assert_refused(p, ERR_CORRUPT, "not a database of pollchat");
    remove_tree(p->folder);
}

static void damage_inside_is_reported_and_survived(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_page page;
    int failed = 0;
    fill(p, 400);
    raw_sql(p, "PRAGMA wal_checkpoint(TRUNCATE)");
    int fd = open(in_place(p, "chat.db"), O_WRONLY);
    char junk[4096];
    char root[32];
    memset(junk, 0xa5, sizeof junk);
    ask_file(in_place(p, "chat.db"), "SELECT rootpage FROM sqlite_schema WHERE name = 'message'", root, sizeof root);
    assert_int_equal(pwrite(fd, junk, sizeof junk, (strtol(root, NULL, 10) - 1) * 4096), sizeof junk);
    close(fd);
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 0; i < 3; i++) {
        err_clear(&e);
        failed += read_room(s, "lobby", 0, &page, &e) != 0;
        assert_true(page.count == 0);
        assert_int_equal(e.code, ERR_CORRUPT);
        assert_contains(e.text, "pollchat check");
        err_clear(&e);
        assert_int_equal(append(s, "new", "x", NULL, &e), -1);
        assert_int_equal(e.code, ERR_CORRUPT);
    }
    assert_int_equal(failed, 3);
    FILE *sink = fopen("/dev/null", "w");
    err_clear(&e);
    assert_true(store_check(s, sink, &e) > 0);
    fclose(sink);
    store_close(s);
    remove_tree(p->folder);
}

static void missing_tables_and_rows_are_damage(void **state)
{
    static const char *const damage[] = {"DROP TABLE message", "DELETE FROM meta", "DROP TABLE meta",
                                         "PRAGMA ignore_check_constraints = ON; UPDATE meta SET epoch = 'short'"};
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(damage); i++) {
        fill(p, 3);
        raw_sql(p, damage[i]);
        assert_refused(p, ERR_CORRUPT, "damaged");
        remove_tree(p->folder);
    }
}

/* ---- the greatest numbers ---- */

static void a_room_ends_at_its_greatest_number_and_reaches_no_other_room(void **state)
{
    const uint64_t greatest = ((uint64_t)1 << 36) - 1;
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store_job job;
    struct store_page page;
    fill(p, 1);
    raw_sql(p, "UPDATE message SET message_id = message_id + 68719476733;"
               "UPDATE room SET head = 68719476734, oldest = 68719476734");
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append_reply(s, "next", "ann", "1", "next", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append(s, "last", "last", &job, NULL), STORE_STORED);
    assert_int_equal(job.seq, greatest);
    assert_int_equal(append(s, "more", "x", NULL, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_contains(e.text, "no number left for a further message");
    assert_int_equal(append(s, "last", "last", NULL, NULL), STORE_REPEATED);
    assert_int_equal(read_room(s, "lobby", greatest - 1, &page, NULL), 0);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.messages[0].text, "last");
    store_page_fini(&page);
    assert_int_equal(read_room(s, "lobby", greatest, &page, NULL), 0);
    assert_int_equal(page.count, 0);
    assert_int_equal(count_contiguous(s, "next"), 1);
    store_close(s);
    assert_int_equal(check_place(p), 0);
}

static void a_room_without_a_number_is_refused(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    fill(p, 1);
    raw_sql(p, "INSERT INTO room (room_id, name, head, oldest, created_ms) VALUES (134217727, 'last', 0, 1, 1)");
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append_reply(s, "last", "ann", "1", "hi", 0, NULL, NULL), STORE_STORED);
    assert_int_equal(append_reply(s, "one-more", "ann", "1", "hi", 0, NULL, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_contains(e.text, "no number left for a further room");
    assert_int_equal(count_contiguous(s, "last"), 1);
    assert_stored(s, "2", "two");
    store_close(s);
    assert_int_equal(check_place(p), 0);
}

/* Only another program can give a room such a number. 268435457 << 36 has the bits of 1 << 36. */
static void a_room_with_an_invalid_number_is_damage_and_reaches_no_other_room(void **state)
{
    static const char *const numbers[] = {"0", "-1", "134217728", "268435457"};
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct err e = ERR_INIT;
        struct store_room room;
        char sql[160];
        snprintf(sql, sizeof sql,
                 "INSERT INTO room (room_id, name, head, oldest, created_ms) VALUES (%s, 'far', 2, 1, 1)", numbers[i]);
        fill(p, 2);
        raw_sql(p, sql);
        struct store *s = open_store(p, STORE_WRITE);
        assert_int_equal(append_reply(s, "far", "ann", "9", "hi", 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_CORRUPT);
        assert_int_equal(store_room(s, "far", &room, NULL), -1);
        assert_stored(s, "3", "three");
        assert_int_equal(count_contiguous(s, "lobby"), 3);
        store_close(s);
        remove_tree(p->folder);
    }
}

/* ---- what store_check finds ---- */

static void check_finds_each_kind_of_damage(void **state)
{
#define LOOSE                                                                                       \
    "CREATE TABLE m AS SELECT * FROM message; DROP TABLE message; ALTER TABLE m RENAME TO message;" \
    "PRAGMA ignore_check_constraints = ON;"
#define UNCHECKED "PRAGMA ignore_check_constraints = ON;"
#define PERSON "INSERT INTO person (person_id, mark, first_ms, seen_ms) VALUES (1, 1, 1, 1);"
    static const struct {
        const char *damage;
        const char *found;
    } cases[] = {
        {"DELETE FROM message WHERE seq = 3",
         "seqs are missing after this one, or it is there twice: room_id=1 seq=2 next=4"},
        {"DELETE FROM message WHERE seq = 5",
         "head isn't the greatest seq of its messages: name=lobby head=5 greatest=4"},
        {"DELETE FROM message WHERE seq = 1",
         "oldest isn't the smallest seq of its messages: name=lobby oldest=1 smallest=2"},
        {"DELETE FROM message", "a room has no message where oldest and head say"},
        {"UPDATE room SET head = 9", "head isn't the greatest seq"},
        {"UPDATE room SET head = 4", "head isn't the greatest seq"},
        {"UPDATE room SET oldest = 6", "oldest isn't the smallest seq"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE room SET oldest = 0", "isn't a valid number"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE room SET head = -1", "isn't a valid number"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE room SET name = 'Lobby'", "a room has an invalid name"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE room SET name = ''", "a room has an invalid name"},
        {"DELETE FROM room", "a message belongs to no room: room_id=1 messages=5"},
        {"DELETE FROM room", "a reference leads nowhere"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE message SET reply_to = 3 WHERE seq = 3", "wasn't there yet"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE message SET reply_to = 0 WHERE seq = 3", "wasn't there yet"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE message SET type = 9 WHERE seq = 3", "a field of a wrong kind"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE message SET name = '' WHERE seq = 3",
         "invalid name, id or text"},
        {"PRAGMA ignore_check_constraints = ON; UPDATE message SET id = 'a b' WHERE seq = 3",
         "invalid name, id or text"},
        {"UPDATE message SET text = 'a' || char(0) || 'b' WHERE seq = 3", "invalid name, id or text"},
        {LOOSE "UPDATE message SET id = '1'", "an id was stored twice: room_id=1 name=ann id=1 messages=5"},
        {LOOSE "UPDATE message SET message_id = message_id - 1 WHERE seq = 3",
         "or it is there twice: room_id=1 seq=2 next=2"},
        {LOOSE "UPDATE message SET message_id = 'two' WHERE seq = 2", "a field of a wrong kind"},
        {LOOSE "UPDATE message SET id_sent = 2 WHERE seq = 2", "a field of a wrong kind"},
        {"UPDATE message SET id_sent = 0 WHERE seq = 2", "an id that was made here doesn't end in the message's seq"},
        {"UPDATE room SET room_id = 134217728", "a room has a number that its messages can't have"},
        {LOOSE "UPDATE message SET text = x'41' WHERE seq = 2", "a field of a wrong kind"},
        {LOOSE "UPDATE message SET time_ms = NULL WHERE seq = 2", "a field of a wrong kind"},
        {LOOSE "UPDATE message SET reply_to = 'x' WHERE seq = 2", "wasn't there yet"},
        {UNCHECKED "UPDATE room SET kind = 5", "a room has an invalid mode"},
        {"UPDATE room SET bare = 6", "a room has an invalid mode"},
        {UNCHECKED "UPDATE message SET type = 2, text = '', target = 3 WHERE seq = 3", "has no message before it"},
        {"UPDATE message SET target = 1 WHERE seq = 3", "or a message has a target"},
        {"UPDATE message SET type = 2, target = 1 WHERE seq = 3", "a change has a text of its own"},
        {"UPDATE message SET type = 3, target = 1, text = '1-2, 4' WHERE seq = 5", "a change has a text of its own"},
        {"UPDATE message SET state = 1 WHERE seq = 3", "an erased message still has its text: room_id=1 seq=3"},
        {"UPDATE message SET edited = 3 WHERE seq = 3", "an invalid state, last edit, sender or network"},
        {UNCHECKED "UPDATE message SET network = x'00' WHERE seq = 3",
         "an invalid state, last edit, sender or network"},
        {UNCHECKED PERSON "UPDATE person SET role = 7", "a person has an invalid role or mark"},
        {UNCHECKED PERSON "INSERT INTO key VALUES (x'00', 1, 1)", "a key's hash is invalid"},
        {PERSON "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms) VALUES ('a', 'a', 'a', 2, 1, 1)",
         "a reference leads nowhere"},
        {UNCHECKED PERSON "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms)"
                          " VALUES ('', 'a', 'a', 1, 1, 1)",
         "a name is empty"},
        {UNCHECKED "INSERT INTO network_secret VALUES (1, x'00', 1)", "a secret of networks is invalid"},
        {"INSERT INTO ban (kind, title, reason, made_ms) VALUES (1, 't', 'r', 1)", "a ban is of nobody, or of several"},
        {"INSERT INTO held (room, made_ms, name, id, text, why) VALUES ('a', 1, 'n', 'a b', 't', 'w')",
         "a message that waits for a moderator has an invalid name or id"},
        {"UPDATE meta SET schema = 77", "of its pollchat database"},
    };
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = NULL;
        size_t length = 0;
        struct err e = ERR_INIT;
        fill(p, 5);
        struct store *s = open_store(p, STORE_READ);
        /* This damage must not be seen before the check. */
        bool after = strstr(cases[i].damage, "UPDATE meta") == NULL;
        assert_int_equal(store_check(s, stderr, &e), 0);
        raw_sql(p, cases[i].damage);
        if (after) {
            FILE *out = open_memstream(&text, &length);
            int found = store_check(s, out, &e);
            fclose(out);
            if (found <= 0) {
                fail_msg("nothing found (%s) after: %s", e.text, cases[i].damage);
            }
            assert_contains(text, cases[i].found);
            /* The handle sees another schema; the next handle is refused or migrates. */
        } else {
            assert_int_equal(store_check(s, stderr, &e), -1);
            assert_true(store_is_stale(s));
        }
        free(text);
        store_close(s);
        remove_tree(p->folder);
    }
}

static void check_shortens_a_long_list(void **state)
{
    struct place *p = *state;
    char *text = NULL;
    size_t length = 0;
    fill(p, 100);
    raw_sql(p, "DELETE FROM message WHERE seq % 2 = 0");
    struct store *s = open_store(p, STORE_READ);
    FILE *out = open_memstream(&text, &length);
    assert_int_equal(store_check(s, out, NULL), 49 + 1); /* gaps and the head */
    fclose(out);
    assert_contains(text, ": 29 more\n");
    free(text);
    store_close(s);
    remove_tree(p->folder);
}

/* ---- replaced under an open handle ---- */

static void a_replaced_file_is_noticed(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "a");
    assert_false(store_is_stale(s));
    assert_int_equal(rename(in_place(p, "chat.db"), in_place(p, "old.db")), 0);
    assert_true(store_is_stale(s));
    store_close(s);
    assert_int_equal(rename(in_place(p, "old.db"), in_place(p, "chat.db")), 0);
}

static void another_database_in_the_same_file_is_noticed(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    struct store_room room;
    assert_stored(writer, "1", "a");
    /* As a restore with SQLite's backup tool would. */
    raw_sql(p, "UPDATE meta SET epoch = 'AAAAAAAAAAAAAAAAAAAAAA'");
    assert_int_equal(append(writer, "2", "b", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(store_room(reader, "lobby", &room, NULL), -1);
    assert_true(store_is_stale(writer) && store_is_stale(reader));
    store_close(writer);
    store_close(reader);
    writer = open_store(p, STORE_WRITE);
    assert_string_equal(store_epoch(writer), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_stored(writer, "2", "b");
    store_close(writer);
}

/* ---- the stamp of the files ---- */

/* A file system's clock may stand still between two commits: here it always says the same. */
static void each_commit_has_its_own_stamp(void **state)
{
    const struct place *p = *state;
    static const char *const names[] = {"chat.db", "chat.db-wal", "chat.db-lock"};
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    const struct store_options options = options_of(p);
    struct store *s = open_store(p, STORE_WRITE);
    uint64_t before = 0;
    for (int i = 0; i < 200; i++) { /* also when the log restarts within its length */
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "text");
        for (size_t k = 0; k < COUNT(names); k++) {
            assert_int_equal(utimensat(AT_FDCWD, in_place(p, names[k]), times, 0), 0);
        }
        uint64_t now = store_stamp(&options);
        assert_true(now != 0 && now != before);
        before = now;
    }
    store_close(s);
}

/* ---- which journal ---- */

static void an_existing_database_keeps_its_journal(void **state)
{
    struct place *p = *state;
    char description[64];
    struct store *s = open_store(p, STORE_WRITE);
    snprintf(description, sizeof description, "%s", store_describe(s));
    assert_stored(s, "1", "a");
    store_close(s);
    enum store_journal was = p->journal;
    p->journal = was == STORE_JOURNAL_WAL ? STORE_JOURNAL_ROLLBACK : STORE_JOURNAL_WAL;
    s = open_store(p, STORE_WRITE);
    assert_string_equal(store_describe(s), description);
    assert_stored(s, "2", "b");
    store_close(s);
    p->journal = was;
}

static void auto_is_wal_on_a_local_disk_and_rollback_on_a_network_disk(void **state)
{
    struct place *p = *state;
    p->journal = STORE_JOURNAL_AUTO;
    struct store *s = open_store(p, STORE_WRITE);
    assert_contains(store_describe(s), ", WAL");
    store_close(s);
    remove_tree(p->folder);
    on_nfs = true;
    s = open_store(p, STORE_WRITE);
    on_nfs = false;
    assert_contains(store_describe(s), ", rollback journal");
    assert_stored(s, "1", "a");
    store_close(s);
}

static void on_a_network_commits_are_learned_of_by_a_timer(void **state)
{
    struct place *p = *state;
    const struct store_options options = options_of(p);
    fill(p, 1);
    assert_int_equal(store_news_by(&options), STORE_NEWS_BELL);
    assert_true(store_stamp(&options) != 0);
    on_nfs = true;
    enum store_news news = store_news_by(&options);
    uint64_t stamp = store_stamp(&options);
    on_nfs = false;
    assert_int_equal(news, STORE_NEWS_TIMER);
    assert_true(stamp == 0);
}

static void without_flock_the_journal_is_rollback(void **state)
{
    struct place *p = *state; /* in turn with WAL and a rollback journal asked for */
    struct err e = ERR_INIT;
    no_flock = true;
    struct store *s = open_store(p, STORE_WRITE);
    assert_contains(store_describe(s), ", rollback journal");
    assert_int_equal(append(s, "1", "a", NULL, &e), STORE_STORED);
    store_close(s);
    no_flock = false;
}

static void a_wal_database_without_flock_is_read_but_not_written(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    fill(p, 3);
    no_flock = true;
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append(s, "4", "a", NULL, &e), -1);
    assert_int_equal(e.code, ERR_READONLY);
    assert_contains(e.text, "flock");
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    no_flock = false;
    assert_stored(s, "4", "a");
    store_close(s);
}

static void *no_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    (void)at, (void)length, (void)protection, (void)flags, (void)fd, (void)offset;
    errno = ENODEV;
    return MAP_FAILED;
}

static void if_sqlite_cannot_use_wal_the_journal_is_rollback(void **state)
{
    struct place *p = *state;
    set_system_call("mmap", (sqlite3_syscall_ptr)no_mmap);
    struct store *s = open_store(p, STORE_WRITE);
    assert_contains(store_describe(s), ", rollback journal");
    assert_stored(s, "1", "a");
    assert_int_equal(append(s, "1", "a", NULL, NULL), STORE_REPEATED);
    store_close(s);
    set_system_call("mmap", NULL);
    /* .htaccess, database, journal, lock: the trial leaves no file */
    assert_int_equal(count_files(p), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(folder_and_files_are_private_whatever_the_umask),
        IN_WAL(the_log_stays_after_closing),
        IN_BOTH_MODES(a_file_that_is_not_a_database_is_not_changed),
        IN_BOTH_MODES(a_database_of_another_program_is_left_alone),
        IN_BOTH_MODES(a_newer_database_is_not_changed),
        IN_BOTH_MODES(a_folder_in_place_of_the_database_is_refused),
        IN_BOTH_MODES(a_missing_parent_is_a_wrong_setting),
        IN_BOTH_MODES(a_damaged_header_is_refused),
        IN_BOTH_MODES(damage_inside_is_reported_and_survived),
        IN_BOTH_MODES(missing_tables_and_rows_are_damage),
        IN_BOTH_MODES(a_room_ends_at_its_greatest_number_and_reaches_no_other_room),
        IN_BOTH_MODES(a_room_without_a_number_is_refused),
        IN_BOTH_MODES(a_room_with_an_invalid_number_is_damage_and_reaches_no_other_room),
        IN_BOTH_MODES(check_finds_each_kind_of_damage),
        IN_BOTH_MODES(check_shortens_a_long_list),
        IN_BOTH_MODES(a_replaced_file_is_noticed),
        IN_BOTH_MODES(another_database_in_the_same_file_is_noticed),
        IN_WAL(each_commit_has_its_own_stamp),
        IN_BOTH_MODES(an_existing_database_keeps_its_journal),
        IN_WAL(auto_is_wal_on_a_local_disk_and_rollback_on_a_network_disk),
        IN_BOTH_MODES(on_a_network_commits_are_learned_of_by_a_timer),
        IN_BOTH_MODES(without_flock_the_journal_is_rollback),
        IN_WAL(a_wal_database_without_flock_is_read_but_not_written),
        IN_BOTH_MODES(if_sqlite_cannot_use_wal_the_journal_is_rollback),
    };
    quiet_log();
    return RUN(tests);
}
