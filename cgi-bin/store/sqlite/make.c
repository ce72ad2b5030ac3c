/* make.c - see make.h.
 *
 * A database is made in steps. A kill or power loss may end each of them; the next process that
 * opens the database goes on from there:
 *   1. an empty file, mode 0600
 *   2. application_id, with a rollback journal. From here on the file's own header says that it is
 *      ours, also while later commits are in the log only. A file that has bytes and doesn't say so
 *      belongs to somebody else and is never changed.
 *   3. the journal mode. WAL is tried with another file first, because where WAL doesn't work a
 *      database in WAL can't be opened, not even to switch it back
 *   4. the schema: all files of sql/sqlite, meta and user_version in one transaction
 * All with the flock where there is one. Step 4, like every migration, also with SQLite's write
 * lock. Before a migration the database is copied (upgrade.h).
 */
#include "store/sqlite/private/make.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/incidents.h"
#include "store/sqlite/private/aside.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/journal.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/upgrade.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/folder.h"

#include <stdio.h>
#include <string.h>

enum { AWAIT_MS = 20 };

/* Pages of erased messages can be returned to the file system. In an empty file the PRAGMA would
 * write at once, before the application_id; in one that isn't empty it takes a VACUUM. */
static int set_vacuum(struct sqlite_handle *s, struct err *e)
{
    char mode[16];
    if (sqlite_sql_ask(s, "PRAGMA auto_vacuum", "make the database", mode, sizeof mode, e) != 0) {
        return -1;
    }
    return strcmp(mode, "2") == 0
               ? 0
               : sqlite_sql_exec(s, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", "make the database", e);
}

/* Steps 2 and 3 of the list above. */
static int make_file(struct sqlite_handle *s, bool has_flock, struct err *e)
{
    enum sqlite_header_kind kind = HEADER_FOREIGN;
    char sql[160];
    file_make_private(s->path); /* SQLite gives journals the mode and owner of the database */
    /* EXTRA, because the change to WAL deletes the journal: with FULL, power loss could bring the
     * journal back, which would undo everything. */
    snprintf(sql, sizeof sql, "PRAGMA page_size = %d; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA;",
             HEADER_PAGE_SIZE);
    if (sqlite_sql_exec(s, sql, "make the database", e) != 0 ||
        /* Rolls back what a killed process left. */
        sqlite_sql_exec(s, "BEGIN IMMEDIATE", "make the database", e) != 0) {
        return -1;
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", HEADER_APPLICATION_ID);
    if (sqlite_header_look(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == HEADER_FOREIGN || kind == HEADER_UNSURE) {
        return sqlite_fail_foreign(s, e);
    }
    if ((kind == HEADER_EMPTY && sqlite_sql_exec(s, sql, "make the database", e) != 0) ||
        sqlite_sql_exec(s, "COMMIT", "make the database", e) != 0 || set_vacuum(s, e) != 0) {
        return -1;
    }
    return sqlite_journal_choose(s, has_flock, e);
}

/* The copy is made by the process that has the write lock. */
static int upgrade(struct sqlite_handle *s, int from, struct err *e)
{
    struct sqlite_upgrade u;
    if (sqlite_upgrade_begin(&u, s, from, e) != 0) {
        return -1;
    }
    struct err why = ERR_INIT;
    bool changed = sqlite_schema_migrate(s, from, &why) == 0;
    if (changed) {
        (void)sqlite_sql_exec(s, "COMMIT", "migrate", &why);
    }
    return sqlite_upgrade_end(&u, changed, &why, e);
}

/* Step 4. A process that waited for the write lock finds that the one before it has done the
 * work. */
static int migrate(struct sqlite_handle *s, struct err *e)
{
    uint64_t version = 0;
    if (sqlite_sql_exec(s, "PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON", "migrate", e) != 0 ||
        sqlite_sql_exec(s, "BEGIN IMMEDIATE", "migrate", e) != 0 || sqlite_fail_if_moved(s, e) != 0 ||
        sqlite_schema_read(s, &version, e) != 0) {
        return -1;
    }
    if (version > (uint64_t)sqlite_schema_latest()) {
        return sqlite_schema_refuse_newer(s, version, e);
    }
    if (version > 0 && version < (uint64_t)sqlite_schema_latest()) {
        return upgrade(s, (int)version, e);
    }
    if (version == 0 && sqlite_schema_migrate(s, 0, e) != 0) {
        return -1;
    }
    return sqlite_sql_exec(s, "COMMIT", "migrate", e);
}

/* A database without a byte, beside a log, was cut. SQLite would throw the log away. */
static int clear_emptied(struct sqlite_handle *s, struct err *e)
{
    if (sqlite_files_are_in_use(s)) {
        s->awaits_log = true;
        return err_set(e, ERR_BUSY, "The file chat.db was emptied while a program has it open. Try again in a moment.");
    }
    if (file_size(s->log_path) == 0) {
        return 0;
    }
    incidents_note(s->folder, INCIDENT_LOST, NULL);
    return sqlite_aside_log(s, e);
}

/* A migration leaves a log as large as the database. Each process that opens the database while no
 * other one has it reads the whole log. So the log is begun again with a commit that changes
 * nothing, which cuts the file. If readers are in the way, a later commit does it. */
static void shorten_log(struct sqlite_handle *s)
{
    char sql[120];
    snprintf(sql, sizeof sql, "PRAGMA journal_size_limit = %d; PRAGMA user_version = %d",
             sqlite_checkpoint_pages_most(s) * HEADER_PAGE_SIZE, sqlite_schema_latest());
    if (sqlite_checkpoint(s, SQLITE_CHECKPOINT_RESTART) == SQLITE_OK &&
        sqlite_sql_exec(s, sql, "cut the log", NULL) == 0) {
        sqlite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    }
}

/* After a loss the same seqs will be given out again: a new epoch makes clients start again. */
static int finish(struct sqlite_handle *s, struct err *e)
{
    char epoch[CHAT_EPOCH_SIZE];
    char sql[80];
    if (s->has_lost || s->is_alone) {
        random_id(epoch);
        snprintf(sql, sizeof sql, "UPDATE meta SET epoch = '%s'", epoch);
        if (sqlite_sql_exec(s, sql, "give an epoch", e) != 0) {
            return -1;
        }
        log_line(
            s->has_lost
                ? "%s: its log was removed or cut short; the last messages are lost, and the database has a new epoch"
                : "%s has neither its log nor its lock file: it is a copy, or files were removed; the database has "
                  "a new epoch",
            s->path);
        incidents_note(s->folder, s->has_lost ? INCIDENT_LOST : INCIDENT_ALONE, NULL);
    }
    /* So that a copy of chat.db alone is a database from the first moment on. */
    if (sqlite_header_is_in_wal(s)) {
        sqlite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    }
    if (s->log_pages > sqlite_checkpoint_pages_most(s)) {
        shorten_log(s);
    }
    return 0;
}

static int make_locked(struct sqlite_handle *s, bool has_flock, struct err *e)
{
    enum sqlite_header_kind kind = HEADER_FOREIGN;
    uint64_t version = 0;
    if (sqlite_connection_open(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e) != 0 ||
        sqlite_header_look(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == HEADER_FOREIGN) {
        return sqlite_fail_foreign(s, e);
    }
    if (kind == HEADER_EMPTY && clear_emptied(s, e) != 0) {
        return -1;
    }
    if (kind == HEADER_OURS && sqlite_schema_read(s, &version, e) != 0) {
        return -1;
    }
    /* Without a schema its maker was killed before there were messages. */
    s->is_alone = s->is_alone && version > 0;
    if ((version == 0 && make_file(s, has_flock, e) != 0) || migrate(s, e) != 0) {
        return -1;
    }
    return finish(s, e);
}

/* Waits without the flock for a process that puts the log back, as that process needs it. */
static int make_in_turn(struct sqlite_handle *s, struct err *e)
{
    for (int times = 0;; times++) {
        struct err why = ERR_INIT;
        int result = sqlite_flock_take(s, &why);
        if (result >= 0) {
            result = file_lock_has_records(s->lock_path) ? make_locked(s, result == 0, &why)
                                                         : sqlite_fail_lockless(s, &why);
        }
        if (result >= 0 || !s->awaits_log || !sqlite_deadline_nap(s, times)) {
            return result >= 0 ? result : err_move(e, &why);
        }
        sqlite_connection_end(s);
        sqlite_flock_release(s);
        clock_sleep_ms(AWAIT_MS);
    }
}

int sqlite_make(const struct sqlite_handle *like, struct err *e)
{
    int result = folder_make(like->folder, e);
    if (result != 0) {
        return -1;
    }
    struct sqlite_handle *s = sqlite_handle_new(like->folder, NULL, STORE_WRITE);
    s->journal = like->journal;
    s->short_lived = like->short_lived;
    s->stopping = like->stopping;
    s->busy_timeout_ms = like->busy_timeout_ms;
    s->deadline = like->deadline;
    s->lock_fd = file_lock_open(s->lock_path, e);
    result = s->lock_fd >= 0 ? make_in_turn(s, e) : -1;
    sqlite_rescue_close(s); /* rolls back what is unfinished, and unlocks */
    return result;
}
