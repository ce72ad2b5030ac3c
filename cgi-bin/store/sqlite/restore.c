/* restore.c - see restore.h.
 *
 * How a database is replaced while others have it open, so that no process reads one database with
 * the log of the other:
 *   1. The backup is copied to chat-restore.new, which gets a new epoch and the journal mode that
 *      suits the folder; sync.
 *   2. Flock. The log of the database that is there is written into it, and SQLite's write lock is
 *      taken. No process of pollchat writes to it now, and each one that gets the write lock later
 *      asks first whether the file still has its name (sqlite_fail_if_moved).
 *   3. The database gets chat-restore.old as a second name; its -wal, -shm and -journal are
 *      removed. Processes that have them open keep them. A process that opens the database now is a
 *      reader, as writers wait for the lock.
 *   4. chat-restore.new is renamed to chat.db: the one step that counts.
 *   5. chat-restore.old gets its final name. The locks are released a moment later: processes that
 *      waited for the old database's lock have looked again by then, seen that the file has moved,
 *      and given up (sqlite_deadline_on_busy). They would take the new database's journal for the
 *      old one's.
 * A process killed before step 4 leaves the old database as it was, with a second name; killed
 * later it leaves the new one. The next restore tidies up.
 * An owner without a shell names a backup chat-restore.db: the next process that opens or uses the
 * database restores it.
 * A damaged database is kept with its log or journal, as these can't be written into it then.
 */
#include "store/sqlite/private/restore.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/journal.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"
#include "system/folder.h"
#include "system/permissions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 100, WAITERS_LOOK_MS = 25 };

/* ---- the backup ---- */

static bool has_more(const char *path, const char *tail)
{
    char beside[PATH_SIZE];
    sqlite_path_with_tail(beside, path, tail);
    return file_size(beside) > 0;
}

/* A backup of pollchat is one file. A copy of chat.db that was made by other means may have its log
 * beside it; then the log counts too. */
static struct sqlite_handle *connect_backup(const char *path, struct err *e)
{
    if (!has_more(path, "-wal") && !has_more(path, "-journal")) {
        return sqlite_copy_open(path, e);
    }
    struct sqlite_handle *s = sqlite_handle_new("", path, STORE_WRITE);
    if (sqlite_connection_open(s, SQLITE_OPEN_READWRITE, e) != 0) {
        sqlite_connection_close(s);
        return NULL;
    }
    return s;
}

static int check_backup(struct sqlite_handle *s, struct err *e)
{
    bool ours = false;
    uint64_t version = 0;
    if (sqlite_header_is_ours(s, &ours, e) != 0) {
        return -1;
    }
    if (!ours) {
        return err_set(e, ERR_CORRUPT, "The file is not a database of pollchat.");
    }
    if (sqlite_schema_read(s, &version, e) != 0) {
        return -1;
    }
    if (version == 0) {
        return err_set(e, ERR_CORRUPT, "The file is an unfinished database of pollchat. Use another backup.");
    }
    if (version > (uint64_t)sqlite_schema_latest()) {
        return sqlite_schema_refuse_newer(s, version, e);
    }
    return sqlite_copy_verify(s, e);
}

static int copy_backup(const char *path, struct sqlite_fresh *to, const struct store_progress *progress, struct err *e)
{
    const struct sqlite_copy_teller teller = {.progress = progress};
    struct sqlite_handle *from = connect_backup(path, e);
    if (from == NULL) {
        return -1;
    }
    int result = check_backup(from, e);
    if (result == 0) {
        result = sqlite_copy(from, to, &teller, e);
    }
    sqlite_connection_close(from);
    return result;
}

/* The backup's journal mode may not work in this folder, so it is chosen again. */
static int make_ours(const struct sqlite_fresh *f, const struct sqlite_handle *present, struct store_restored *out,
                     struct err *e)
{
    struct sqlite_handle *s = sqlite_handle_new(present->folder, f->path, STORE_WRITE);
    s->journal = present->journal;
    int result = sqlite_copy_renew(f, false, out->epoch, e);
    if (result == 0) {
        result = sqlite_connection_open(s, SQLITE_OPEN_READWRITE, e);
    }
    if (result == 0) {
        result = sqlite_journal_choose(s, present->locked, e);
    }
    if (result == 0 && s->db != NULL) { /* the log is copied into the file on close */
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    sqlite_connection_close(s);
    if (result == 0 && (has_more(f->path, "-wal") || fsync(f->fd) != 0)) {
        result = err_set(e, ERR_SYSTEM, "The copy could not be made durable.");
    }
    return result;
}

/* ---- the database that is there ---- */

struct swap {
    struct sqlite_handle *present; /* has the flock where there is one */
    bool there;
    bool damaged;
    char old[PATH_SIZE]; /* chat-restore.old */
};

/* Step 2 of the list above. */
static int quiet(struct swap *w, struct err *e)
{
    struct sqlite_handle *s = w->present;
    char mode[16];
    bool ours = false;
    if (sqlite_connection_open(s, SQLITE_OPEN_READWRITE, e) != 0 || sqlite_header_is_ours(s, &ours, e) != 0) {
        return -1;
    }
    if (!ours) {
        return err_set(e, ERR_CORRUPT, "chat.db is damaged, or not a database of pollchat.");
    }
    if (sqlite_sql_ask(s, "PRAGMA journal_mode", "restore", mode, sizeof mode, e) != 0) {
        return -1;
    }
    sqlite_deadline_set(s);
    if (strcmp(mode, "wal") == 0) {
        int rc = sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        if (rc != SQLITE_OK) {
            return sqlite_fail(s, rc, "write the log into the database", e);
        }
    }
    return sqlite_sql_exec(s, "BEGIN EXCLUSIVE", "restore", e);
}

static int quiet_if_it_can_be(struct swap *w, struct err *e)
{
    struct err why = ERR_INIT;
    if (!w->there || quiet(w, &why) == 0) {
        return 0;
    }
    if (why.code != ERR_CORRUPT) {
        return err_move(e, &why);
    }
    log_line("%s is damaged, or not a database of pollchat; it is kept as it is", w->present->path);
    w->damaged = true;
    return 0;
}

static bool are_one_file(const char *a, const char *b)
{
    struct stat one;
    struct stat other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/* A database's log and journal go with it, as they belong to its name. */
static int rename_set(const char *from, const char *to)
{
    static const char *const tails[] = {"-wal", "-journal"};
    if (file_name_move(from, to) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char tail_from[PATH_SIZE];
        char tail_to[PATH_SIZE];
        sqlite_path_with_tail(tail_from, from, tails[i]);
        sqlite_path_with_tail(tail_to, to, tails[i]);
        if (file_exists(tail_from) && rename(tail_from, tail_to) != 0) {
            log_line("rename %s: %s", tail_from, strerror(errno));
        }
    }
    return 0;
}

/* Step 5, and what a killed process left of it. */
static void name_old(const struct swap *w, char *kept, size_t size)
{
    char text[PATH_TIME_SIZE];
    char path[PATH_SIZE];
    sqlite_path_time(text);
    snprintf(kept, size, "chat-restore.old");
    for (int i = 1; i < NAMES_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, i == 1 ? "chat-before-restore-%s.db" : "chat-before-restore-%s-%d.db", text, i);
        sqlite_path_in(path, w->present->folder, name);
        if (rename_set(w->old, path) == 0) {
            snprintf(kept, size, "%s", name);
            return;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    log_line("rename %s: %s", w->old, strerror(errno));
}

static void tidy_up(const struct swap *w)
{
    char ignored[64];
    if (are_one_file(w->old, w->present->path)) {
        unlink(w->old);
    } else if (file_exists(w->old)) {
        name_old(w, ignored, sizeof ignored);
    }
}

/* Step 3: the files beside the database. */
static int clear_beside(const struct swap *w, struct err *e)
{
    static const char *const tails[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char path[PATH_SIZE];
        char aside[PATH_SIZE];
        sqlite_path_with_tail(path, w->present->path, tails[i]);
        sqlite_path_with_tail(aside, w->old, tails[i]);
        bool matters = w->damaged && file_size(path) > 0 && strcmp(tails[i], "-shm") != 0;
        if ((matters ? rename(path, aside) : unlink(path)) != 0 && errno != ENOENT) {
            return err_set(e, ERR_READONLY, "The database's files can't be moved: %s.", strerror(errno));
        }
    }
    return 0;
}

/* Steps 3 and 4. */
static int put_in_place(const struct swap *w, struct sqlite_fresh *fresh, struct err *e)
{
    const char *path = w->present->path;
    /* Where files can't have two names, there is a moment without a database. */
    if (w->there && link(path, w->old) != 0 && rename(path, w->old) != 0) {
        return err_set(e, ERR_READONLY, "The database can't be renamed: %s.", strerror(errno));
    }
    if (clear_beside(w, e) != 0 || sqlite_fresh_keep(fresh, path, true, e) != 0) {
        if (!file_exists(path)) {
            rename(w->old, path);
        } else if (w->there) {
            unlink(w->old);
        }
        return -1;
    }
    return 0;
}

static int swap(struct sqlite_handle *present, struct sqlite_fresh *fresh, struct store_restored *out, struct err *e)
{
    struct swap w = {.present = present, .there = file_exists(present->path)};
    sqlite_path_in(w.old, present->folder, "chat-restore.old");
    tidy_up(&w);
    if (quiet_if_it_can_be(&w, e) != 0 || put_in_place(&w, fresh, e) != 0) {
        return -1;
    }
    if (w.there) {
        name_old(&w, out->kept, sizeof out->kept);
    }
    file_name_sync(present->path);
    clock_sleep_ms(WAITERS_LOOK_MS);
    return 0;
}

/* ---- the whole ---- */

/* asked: chat-restore.db, which is removed on success; or NULL. */
static int restore_locked(struct sqlite_handle *present, struct sqlite_fresh *fresh, const char *asked,
                          struct store_restored *out, struct err *e)
{
    present->lock_fd = file_lock_open(present->lock_path, e);
    if (present->lock_fd < 0) {
        return -1;
    }
    sqlite_deadline_set(present);
    if (sqlite_flock_take(present, e) < 0) {
        return -1;
    }
    if (asked != NULL && !file_exists(asked)) { /* another process has restored it */
        return err_set(e, ERR_BUSY, "The database was replaced a moment ago. Try again.");
    }
    if (make_ours(fresh, present, out, e) != 0 || swap(present, fresh, out, e) != 0) {
        return -1;
    }
    if (asked != NULL) {
        unlink(asked);
    }
    return 0;
}

/* A user who can write chat-restore.db decides what the chat shows, so no other user may. */
static int check_asked(const char *path, struct err *e)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return err_set(e, ERR_ABSENT, "There is no such file.");
    }
    int result = permissions_file(fd, path, e);
    close(fd);
    return result;
}

static int restore(const struct store_options *options, const char *from, bool asked,
                   const struct store_progress *progress, struct store_restored *out, struct err *e)
{
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    if (!file_exists(from)) {
        return err_set(e, ERR_ABSENT, "There is no such file.");
    }
    if (asked && check_asked(from, e) != 0) {
        return -1;
    }
    if (folder_make(options->folder, e) != 0) {
        return -1;
    }
    struct sqlite_handle *present = sqlite_handle_new(options->folder, NULL, STORE_WRITE);
    present->journal = options->journal;
    present->busy_timeout_ms = options->busy_timeout_ms;
    sqlite_path_in(path, options->folder, "chat-restore.new");
    int result = are_one_file(from, present->path)
                     ? err_set(e, ERR_CONFLICT, "This is the database itself. Name a backup of it.")
                     : sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = copy_backup(from, &fresh, progress, e);
    }
    if (result == 0) {
        result = restore_locked(present, &fresh, asked ? from : NULL, out, e);
    }
    /* Unlocks; the log at the path is the new database's, and stays. */
    sqlite_rescue_close(present);
    sqlite_fresh_drop(&fresh);
    return result;
}

int sqlite_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e)
{
    return restore(options, from, false, progress, out, e);
}

int sqlite_restore_asked(const struct store_options *options, const char *from, struct err *e)
{
    struct store_restored restored = {.kept = ""};
    struct err why = ERR_INIT;
    char refused[PATH_SIZE];
    if (restore(options, from, true, NULL, &restored, &why) == 0) {
        log_line("%s replaced the database; the old one is kept as %s", from, restored.kept);
        return 0;
    }
    if (why.code == ERR_BUSY || why.code == ERR_FULL) {
        return err_move(e, &why);
    }
    sqlite_path_in(refused, options->folder, "chat-restore-refused.db");
    /* Or it would be tried again at each request. */
    if (why.code != ERR_ABSENT && rename(from, refused) == 0) {
        log_line("%s did not replace the database, and was renamed to %s: %s", from, refused, why.text);
    }
    return 0;
}
