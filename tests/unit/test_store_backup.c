/* test_store_backup.c - store_backup and store_restore: results, refusals, and other processes that
 * write meanwhile. */
#include "sqlite_support.h"

#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/wait.h>

static int backup(const struct place *p, const char *to, struct err *e)
{
    const struct store_options options = options_of(p);
    return store_backup(&options, to, NULL, e);
}

static int restore(const struct place *p, const char *from, struct store_restored *out, struct err *e)
{
    const struct store_options options = options_of(p);
    return store_restore(&options, from, NULL, out, e);
}

/* In the folder that holds the data folder. */
static const char *beside(const struct place *p, const char *name)
{
    static _Thread_local char paths[4][500];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", p->root, name);
    return path;
}

static long disk_size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void put(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

static void raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    sqlite3_close(db);
}

static void assert_head(const struct place *p, int64_t head)
{
    struct store *s = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(s, "lobby"), head);
    store_close(s);
}

/* ---- backup ---- */

static void count_up(void *context, unsigned percent)
{
    int *last = context;
    assert_true(percent <= 100);
    *last = (int)percent;
}

static void a_backup_is_one_private_file_with_all_messages(void **state)
{
    struct place *p = *state;
    struct stat st;
    char found[64];
    int last = -1;
    const struct store_options options = options_of(p);
    const struct store_progress progress = {.tell = count_up, .context = &last};
    fill(p, 9);
    mode_t was = umask(0);
    assert_int_equal(store_backup(&options, beside(p, "b? 100%.db"), &progress, NULL), 0);
    umask(was);
    assert_int_equal(last, 100);
    assert_int_equal(stat(beside(p, "b? 100%.db"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(rename(beside(p, "b? 100%.db"), beside(p, "b.db")), 0);
    assert_int_equal(count_in_file(beside(p, "b.db"), "lobby"), 9);
    ask_file(beside(p, "b.db"), "SELECT epoch FROM meta", found, sizeof found);
    struct store *s = open_store(p, STORE_READ);
    /* An owner who restores it by hand turns the heads back. */
    assert_string_not_equal(found, store_epoch(s));
    assert_int_equal(strlen(found), strlen(store_epoch(s)));
    store_close(s);
    assert_int_equal(access(beside(p, "b.db-wal"), F_OK), -1);
    assert_int_equal(access(beside(p, "b? 100%.db.pollchat-new"), F_OK), -1);
}

static void a_backup_overwrites_no_file(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    fill(p, 1);
    put(beside(p, "b.db"), "mine", 4);
    assert_int_equal(backup(p, beside(p, "b.db"), &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_int_equal(disk_size_of(beside(p, "b.db")), 4);
    err_clear(&e);
    assert_int_equal(backup(p, in_place(p, "chat.db"), &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    err_clear(&e);
    assert_int_equal(backup(p, beside(p, "none/b.db"), &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
}

static void a_backup_without_a_database_makes_no_file(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    assert_int_equal(backup(p, beside(p, "b.db"), &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    assert_false(place_has_database(p));
    assert_int_equal(mkdir(p->folder, 0700), 0);
    put(in_place(p, "chat.db"),
        "no database at all, but long enough to be taken for one if one doesn't look at its "
        "first bytes, which say it all",
        110);
    err_clear(&e);
    assert_int_equal(backup(p, beside(p, "b.db"), &e), -1);
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_int_equal(access(beside(p, "b.db"), F_OK), -1);
    remove_tree(p->folder);
}

static void a_killed_backups_file_is_taken_over_and_a_running_ones_is_not(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    fill(p, 3);
    put(beside(p, "b.db.pollchat-new"), "half of a file", 14);
    put(beside(p, "b.db.pollchat-new-journal"), "half of a file", 14);
    int fd = open(beside(p, "b.db.pollchat-new"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(backup(p, beside(p, "b.db"), &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    close(fd);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    assert_int_equal(count_in_file(beside(p, "b.db"), "lobby"), 3);
    assert_int_equal(access(beside(p, "b.db.pollchat-new-journal"), F_OK), -1);
}

/* Without a shell: the owner deletes the old files and renames the copy. */
static void a_backup_renamed_to_chat_db_by_hand_works(void **state)
{
    static const char *const files[] = {"chat.db", "chat.db-wal", "chat.db-shm", "chat.db-journal"};
    struct place *p = *state;
    char found[64];
    fill(p, 5);
    assert_int_equal(backup(p, in_place(p, "b.db"), NULL), 0);
    ask_file(in_place(p, "b.db"), "SELECT epoch FROM meta", found, sizeof found);
    for (size_t i = 0; i < COUNT(files); i++) {
        unlink(in_place(p, files[i]));
    }
    assert_int_equal(rename(in_place(p, "b.db"), in_place(p, "chat.db")), 0);
    struct store *s = open_store(p, STORE_WRITE);
    assert_string_equal(store_epoch(s), found);
    assert_contains(store_describe(s), p->journal == STORE_JOURNAL_WAL ? "WAL" : "rollback");
    assert_stored(s, "6", "x");
    assert_int_equal(count_contiguous(s, "lobby"), 6);
    store_close(s);
}

/* ---- restore ---- */

static void a_restore_brings_back_the_messages_under_another_epoch(void **state)
{
    struct place *p = *state;
    struct store_restored restored;
    struct err e = ERR_INIT;
    struct store_room room;
    char epoch[32];
    fill(p, 5);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    struct store *writer = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(writer));
    assert_stored(writer, "6", "after the backup");
    assert_int_equal(store_room(reader, "lobby", &room, NULL), 0);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_int_equal(append(writer, "7", "into the void?", NULL, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_true(store_is_stale(writer) && store_is_stale(reader));
    store_close(reader);
    struct store *now = open_store(p, STORE_WRITE);
    assert_string_equal(store_epoch(now), restored.epoch);
    assert_string_not_equal(restored.epoch, epoch);
    assert_contains(store_describe(now), p->journal == STORE_JOURNAL_WAL ? "WAL" : "rollback");
    assert_int_equal(count_contiguous(now, "lobby"), 5);
    assert_stored(now, "6", "another sixth one");
    store_close(writer); /* the old handle is closed last: it must not touch the new log */
    assert_stored(now, "7", "and one more");
    store_close(now);
    assert_head(p, 7);
    assert_int_equal(strncmp(restored.kept, "chat-before-restore-", 20), 0);
    assert_int_equal(count_in_file(in_place(p, restored.kept), "lobby"), 6);
    assert_int_equal(find_files(p, "chat-restore", NULL, 0), 0);
    /* Restore the backup, then what was before it. */
    assert_int_equal(restore(p, in_place(p, restored.kept), &restored, NULL), 0);
    assert_head(p, 6);
    assert_int_equal(find_files(p, "chat-before-restore-", NULL, 0), 2);
}

static void a_restore_creates_missing_files(void **state)
{
    struct place *p = *state;
    struct store_restored restored;
    fill(p, 4);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    /* A journal left here belongs to no database. */
    assert_int_equal(unlink(in_place(p, "chat.db")), 0);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_string_equal(restored.kept, "");
    assert_head(p, 4);
    remove_tree(p->folder);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_head(p, 4);
}

/* A log that was copied along with chat.db counts. */
static void a_plain_copy_with_its_log_is_accepted_as_a_backup(void **state)
{
    struct place *p = *state;
    struct store_restored restored;
    struct place other = *p;
    snprintf(other.folder, sizeof other.folder, "%s/other", p->root);
    fill(&other, 6);
    assert_true(size_of(&other, "chat.db-wal") > 0);
    fill(p, 1);
    assert_int_equal(restore(p, in_place(&other, "chat.db"), &restored, NULL), 0);
    assert_head(p, 6);
    assert_head(&other, 6);
}

static void assert_refused(const struct place *p, const char *from, enum err_code code, const char *words)
{
    struct store_restored restored;
    struct err e = ERR_INIT;
    assert_int_equal(restore(p, from, &restored, &e), -1);
    if (e.code != code) {
        fail_msg("%s: %d %s", from, (int)e.code, e.text);
    }
    assert_contains(e.text, words);
    assert_without(e.text, p->root);
    assert_int_equal(find_files(p, "chat-", NULL, 0), 0);
    assert_head(p, 2);
}

static void a_file_that_is_no_backup_is_refused(void **state)
{
    struct place *p = *state;
    static char page[20000];
    fill(p, 2);
    assert_refused(p, beside(p, "none.db"), ERR_ABSENT, "no such file");
    assert_refused(p, in_place(p, "chat.db"), ERR_CONFLICT, "itself");
    put(beside(p, "empty.db"), "", 0);
    assert_refused(p, beside(p, "empty.db"), ERR_CORRUPT, "not a database of pollchat");
    put(beside(p, "zeros.db"), page, sizeof page);
    assert_refused(p, beside(p, "zeros.db"), ERR_CORRUPT, "not a database of pollchat");
    raw_sql(beside(p, "foreign.db"), "CREATE TABLE message (x)");
    assert_refused(p, beside(p, "foreign.db"), ERR_CORRUPT, "not a database of pollchat");
    raw_sql(beside(p, "begun.db"), "PRAGMA application_id = 0x70636874");
    assert_refused(p, beside(p, "begun.db"), ERR_CORRUPT, "unfinished");
    assert_int_equal(backup(p, beside(p, "newer.db"), NULL), 0);
    raw_sql(beside(p, "newer.db"), "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99");
    assert_refused(p, beside(p, "newer.db"), ERR_NEWER, "newer pollchat (schema 99)");
    assert_int_equal(backup(p, beside(p, "torn.db"), NULL), 0);
    assert_int_equal(truncate(beside(p, "torn.db"), 3 * 4096), 0);
    assert_refused(p, beside(p, "torn.db"), ERR_CORRUPT, "damaged");
    assert_refused(p, p->root, ERR_CORRUPT, "");
}

static void a_damaged_database_is_kept_unchanged_with_its_log(void **state)
{
    struct place *p = *state;
    struct store_restored restored;
    char path[500];
    char kept[600];
    fill(p, 3);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    put(in_place(p, "chat.db"), "garbage", 7);
    const char *log = p->journal == STORE_JOURNAL_WAL ? "-wal" : "-journal";
    snprintf(path, sizeof path, "%s%s", in_place(p, "chat.db"), log);
    put(path, "a log that would be played into the new one", 43);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_head(p, 3);
    snprintf(kept, sizeof kept, "%s%s", in_place(p, restored.kept), log);
    assert_int_equal(disk_size_of(in_place(p, restored.kept)), 7);
    assert_int_equal(disk_size_of(kept), 43);
}

static void the_files_of_a_killed_restore_are_removed(void **state)
{
    struct place *p = *state;
    struct store_restored restored;
    fill(p, 3);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    put(in_place(p, "chat-restore.new"), "half", 4);
    /* Killed before its last step. */
    assert_int_equal(link(in_place(p, "chat.db"), in_place(p, "chat-restore.old")), 0);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_int_equal(find_files(p, "chat-before-restore-", NULL, 0), 1);
    put(in_place(p, "chat-restore.old"), "after it", 8);
    assert_int_equal(restore(p, beside(p, "b.db"), &restored, NULL), 0);
    assert_int_equal(find_files(p, "chat-before-restore-", NULL, 0), 3);
    assert_int_equal(find_files(p, "chat-restore", NULL, 0), 0);
    assert_head(p, 3);
}

/* ---- requested by a file's name ---- */

static void a_backup_named_chat_restore_db_is_restored_at_the_next_use(void **state)
{
    struct place *p = *state;
    char kept[500];
    struct err e = ERR_INIT;
    fill(p, 5);
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(backup(p, in_place(p, "b.db"), NULL), 0);
    assert_stored(s, "6", "gone");
    assert_false(store_is_stale(s));
    assert_int_equal(rename(in_place(p, "b.db"), in_place(p, "chat-restore.db")), 0);
    assert_true(store_is_stale(s)); /* so that running programs open the database again */
    struct store *now = open_store(p, STORE_READ);
    assert_int_equal(count_contiguous(now, "lobby"), 5);
    assert_int_equal(append(s, "7", "into the void?", NULL, &e), -1);
    store_close(s);
    assert_false(store_is_stale(now));
    store_close(now);
    assert_int_equal(find_files(p, "chat-restore", NULL, 0), 0);
    assert_int_equal(find_files(p, "chat-before-restore-", kept, sizeof kept), 1);
    assert_int_equal(count_in_file(kept, "lobby"), 6);
}

static void another_file_named_chat_restore_db_is_renamed(void **state)
{
    struct place *p = *state;
    fill(p, 2);
    put(in_place(p, "chat-restore.db"), "none", 4);
    assert_head(p, 2);
    assert_int_equal(find_files(p, "chat-restore-refused.db", NULL, 0), 1);
    assert_int_equal(find_files(p, "chat-", NULL, 0), 1);
}

static void a_backup_that_other_users_may_write_to_is_not_restored(void **state)
{
    struct place *p = *state;
    fill(p, 5);
    assert_int_equal(backup(p, in_place(p, "chat-restore.db"), NULL), 0);
    assert_int_equal(chmod(in_place(p, "chat-restore.db"), 0666), 0);
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "6", "goes on");
    store_close(s);
    assert_head(p, 6);
    assert_int_equal(find_files(p, "chat-restore-refused.db", NULL, 0), 1);
}

static void a_folder_or_database_that_other_users_may_write_to_is_not_opened(void **state)
{
    struct place *p = *state;
    struct err e = ERR_INIT;
    fill(p, 2);
    assert_int_equal(chmod(p->folder, 0777), 0);
    assert_null(try_open(p, STORE_READ, &e));
    assert_int_equal(e.code, ERR_EXPOSED);
    err_clear(&e);
    assert_int_equal(backup(p, beside(p, "b.db"), &e), -1);
    assert_int_equal(e.code, ERR_EXPOSED);
    err_clear(&e);
    assert_int_equal(chmod(p->folder, 0700), 0);
    assert_int_equal(chmod(in_place(p, "chat.db"), 0666), 0);
    assert_null(try_open(p, STORE_WRITE, &e));
    assert_contains(e.text, "chat.db (permissions 666)");
    assert_int_equal(chmod(in_place(p, "chat.db"), 0600), 0);
    assert_head(p, 2);
}

static void open_until_it_is_done(const struct place *p, int number)
{
    struct err e = ERR_INIT;
    struct store *s = NULL;
    do {
        s = try_open(p, number % 2 == 0 ? STORE_READ : STORE_WRITE, &e);
        NEED(s != NULL || e.code == ERR_BUSY);
    } while (s == NULL);
    NEED(count_contiguous(s, "lobby") == 3);
    store_close(s);
}

static void several_processes_restore_it_once(void **state)
{
    enum { OPENERS = 6, TIMES = 8 };
    struct place *p = *state;
    fill(p, 3);
    for (int i = 1; i <= TIMES; i++) {
        pid_t openers[OPENERS];
        assert_int_equal(backup(p, in_place(p, "chat-restore.db"), NULL), 0);
        for (int k = 0; k < OPENERS; k++) {
            openers[k] = start_child(open_until_it_is_done, p, k);
        }
        for (int k = 0; k < OPENERS; k++) {
            assert_int_equal(wait_child(openers[k]), 0);
        }
        assert_int_equal(find_files(p, "chat-restore", NULL, 0), 0);
        assert_int_equal(find_files(p, "chat-before-restore-", NULL, 0), i);
    }
}

/* ---- while others write ---- */

enum { WRITERS = 2, ROUNDS = 6, EPOCH_LENGTH = 22 };

/* A file and no pipe: writers never wait for room, however long a restore waits for them. */
static int acks;
static int stop[2];

/* Appends to its own room until told to stop, and reports for each message the epoch that has
 * it. */
static void write_and_tell(const struct place *p, int writer)
{
    struct pollfd told = {.fd = stop[0], .events = POLLIN};
    struct store *s = NULL;
    struct err e = ERR_INIT;
    close(stop[1]);
    for (int i = 0; poll(&told, 1, 0) == 0; i++) {
        char id[32];
        snprintf(id, sizeof id, "%d-%d", writer, i);
        if (s == NULL || store_is_stale(s)) {
            store_close(s);
            s = try_open(p, STORE_WRITE, &e);
            if (s == NULL) {
                NEED(e.code == ERR_BUSY);
                continue;
            }
        }
        err_clear(&e);
        if (append_reply(s, "busy", "ann", id, id, 0, NULL, &e) == STORE_STORED) {
            NEED(write(acks, store_epoch(s), EPOCH_LENGTH) == EPOCH_LENGTH);
        } else {
            NEED(e.code == ERR_BUSY);
        }
    }
    store_close(s);
}

static void start_writers(const struct place *p, pid_t *writers)
{
    acks = open(beside(p, "acks"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    assert_true(acks >= 0);
    assert_int_equal(pipe(stop), 0);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = start_child(write_and_tell, p, i);
    }
}

static void stop_writers(const pid_t *writers)
{
    close(stop[1]);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(wait_child(writers[i]), 0);
    }
    close(stop[0]);
}

static void a_backup_during_writes_is_of_one_moment(void **state)
{
    struct place *p = *state;
    pid_t writers[WRITERS];
    char found[64];
    int before = 0;
    fill(p, 1);
    struct store *s = open_store(p, STORE_WRITE);
    static char text[200000]; /* so that the copy takes more than one step */
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 10; i++) {
        snprintf(found, sizeof found, "big-%d", i);
        assert_int_equal(append_reply(s, "big", "ann", found, text, 0, NULL, NULL), STORE_STORED);
    }
    store_close(s);
    start_writers(p, writers);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
        ask_file(beside(p, "b.db"), "PRAGMA integrity_check", found, sizeof found);
        assert_string_equal(found, "ok");
        ask_file(beside(p, "b.db"), "SELECT ifnull((SELECT head FROM room WHERE name = 'busy'), 0)", found,
                 sizeof found);
        int now = count_in_file(beside(p, "b.db"), "busy");
        assert_int_equal(now, strtol(found, NULL, 10));
        assert_true(now >= before);
        before = now;
        unlink(beside(p, "b.db"));
    }
    stop_writers(writers);
    close(acks);
}

/* Every answered message is in the database that its answer named: the replaced one or the new
 * one. */
static void a_restore_during_writes_loses_no_answered_message(void **state)
{
    struct place *p = *state;
    pid_t writers[WRITERS];
    char epochs[ROUNDS + 1][EPOCH_LENGTH + 1];
    char files[ROUNDS + 1][500];
    int answered[ROUNDS + 1] = {0};
    char epoch[EPOCH_LENGTH + 1] = "";
    fill(p, 1);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    struct store *s = open_store(p, STORE_READ);
    snprintf(epochs[0], sizeof epochs[0], "%s", store_epoch(s));
    store_close(s);
    start_writers(p, writers);
    for (int i = 0; i < ROUNDS; i++) {
        struct store_restored restored;
        struct err e = ERR_INIT;
        /* Both writers have stored messages. */
        while (disk_size_of(beside(p, "acks")) < 200L * EPOCH_LENGTH / 10 * (i + 1)) {
            assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* and are alive */
            sched_yield();
        }
        if (restore(p, beside(p, "b.db"), &restored, &e) != 0) {
            fail_msg("restore: %s", e.text);
        }
        snprintf(files[i], sizeof files[i], "%s", in_place(p, restored.kept));
        snprintf(epochs[i + 1], sizeof epochs[i + 1], "%s", restored.epoch);
    }
    stop_writers(writers);
    snprintf(files[ROUNDS], sizeof files[ROUNDS], "%s", in_place(p, "chat.db"));
    assert_int_equal(lseek(acks, 0, SEEK_SET), 0);
    while (read(acks, epoch, EPOCH_LENGTH) == EPOCH_LENGTH) {
        int i = 0;
        while (i <= ROUNDS && strcmp(epochs[i], epoch) != 0) {
            i++;
        }
        assert_true(i <= ROUNDS);
        answered[i]++;
    }
    close(acks);
    for (int i = 0; i <= ROUNDS; i++) {
        assert_int_equal(count_in_file(files[i], "busy"), answered[i]);
    }
}

/* ---- no space ---- */

static void copy_without_room(const struct place *p, int argument)
{
    struct store_restored restored;
    struct err e = ERR_INIT;
    (void)argument;
    limit_files(40000);
    NEED(backup(p, beside(p, "c.db"), &e) == -1 && e.code == ERR_FULL);
    NEED(access(beside(p, "c.db"), F_OK) != 0 && access(beside(p, "c.db.pollchat-new"), F_OK) != 0);
    err_clear(&e);
    NEED(restore(p, beside(p, "b.db"), &restored, &e) == -1 && e.code == ERR_FULL);
    NEED(find_files(p, "chat-", NULL, 0) == 0);
    assert_head(p, 2);
    limit_files(RLIM_INFINITY);
    NEED(restore(p, beside(p, "b.db"), &restored, &e) == 0);
}

static void without_space_nothing_is_changed(void **state)
{
    static char text[60000];
    struct place *p = *state;
    memset(text, 'x', sizeof text - 1);
    fill(p, 2);
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(append_reply(s, "big", "ann", "1", text, 0, NULL, NULL), STORE_STORED);
    store_close(s);
    assert_int_equal(backup(p, beside(p, "b.db"), NULL), 0);
    run_child(copy_without_room, p, 0);
    assert_head(p, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(a_backup_is_one_private_file_with_all_messages),
        IN_BOTH_MODES(a_backup_overwrites_no_file),
        IN_WAL(a_backup_without_a_database_makes_no_file),
        IN_BOTH_MODES(a_killed_backups_file_is_taken_over_and_a_running_ones_is_not),
        IN_BOTH_MODES(a_backup_renamed_to_chat_db_by_hand_works),
        IN_BOTH_MODES(a_restore_brings_back_the_messages_under_another_epoch),
        IN_BOTH_MODES(a_restore_creates_missing_files),
        IN_WAL(a_plain_copy_with_its_log_is_accepted_as_a_backup),
        IN_BOTH_MODES(a_file_that_is_no_backup_is_refused),
        IN_BOTH_MODES(a_damaged_database_is_kept_unchanged_with_its_log),
        IN_BOTH_MODES(the_files_of_a_killed_restore_are_removed),
        IN_BOTH_MODES(a_backup_named_chat_restore_db_is_restored_at_the_next_use),
        IN_BOTH_MODES(another_file_named_chat_restore_db_is_renamed),
        IN_BOTH_MODES(a_backup_that_other_users_may_write_to_is_not_restored),
        IN_BOTH_MODES(a_folder_or_database_that_other_users_may_write_to_is_not_opened),
        IN_BOTH_MODES(several_processes_restore_it_once),
        IN_BOTH_MODES(a_backup_during_writes_is_of_one_moment),
        IN_BOTH_MODES(a_restore_during_writes_loses_no_answered_message),
        IN_BOTH_MODES(without_space_nothing_is_changed),
    };
    quiet_log();
    return RUN(tests);
}
