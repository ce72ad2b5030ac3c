/* open.c - see open.h. */
#include "store/sqlite/private/open.h"

#include "base/err.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/make.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/restore.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/still.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_system.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 5 };

enum condition { CONDITION_READY, CONDITION_TO_MAKE };

/* A reader can't roll back what a killed writer left, nor begin a log. A writer has to. */
static bool is_for_the_maker(const struct sqlite_handle *s, const struct err *e)
{
    return s->mode == STORE_READ && e->code == ERR_READONLY && file_system_is_writable(s->folder);
}

/* Connects. READY: the file is ours, with this program's schema. */
static int look(struct sqlite_handle *s, enum condition *condition, struct err *e)
{
    enum sqlite_header_kind kind = HEADER_FOREIGN;
    uint64_t version = 0;
    struct err why = ERR_INIT;
    *condition = CONDITION_TO_MAKE;
    if (!file_exists(s->path)) {
        return 0;
    }
    if (sqlite_connection_open(s, s->mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, &why) != 0) {
        return s->needs_maker || is_for_the_maker(s, &why) ? 0 : err_move(e, &why);
    }
    if (sqlite_header_look(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == HEADER_FOREIGN) {
        return sqlite_fail_foreign(s, e);
    }
    if (kind != HEADER_OURS) {
        return 0;
    }
    if (sqlite_schema_read(s, &version, &why) != 0) {
        return is_for_the_maker(s, &why) ? 0 : err_move(e, &why);
    }
    if (version > (uint64_t)sqlite_schema_latest()) {
        return sqlite_schema_refuse_newer(s, version, e);
    }
    *condition = version == (uint64_t)sqlite_schema_latest() ? CONDITION_READY : CONDITION_TO_MAKE;
    return 0;
}

/* The CHECKs of the schema are for other programs, such as the sqlite3 shell, and for migrations.
 * What a writer appends was checked by chat.h, and its numbers by rows.c and append.c. The CHECKs
 * would look at each character of an id once more and take over a quarter of an append's CPU time:
 * 1.0 of 3.6 us per message in groups of 32. Foreign keys stay checked, which takes 0.2 us.
 * secure_delete overwrites what is erased (scrub.h). */
#define FOR_WRITERS                                                                    \
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; " \
    "PRAGMA ignore_check_constraints = ON; "

static int set_up(struct sqlite_handle *s, struct err *e)
{
    char mode[16];
    char sql[280];
    if (sqlite_sql_ask(s, "PRAGMA journal_mode", "ask for the journal mode", mode, sizeof mode, e) != 0) {
        return -1;
    }
    s->wal = strcmp(mode, "wal") == 0;
    snprintf(s->description, sizeof s->description, "SQLite %s, %s", sqlite3_libversion(),
             s->wal ? "WAL" : "rollback journal");
    if (s->mode == STORE_WRITE) {
        snprintf(sql, sizeof sql, FOR_WRITERS "PRAGMA journal_size_limit = %d%s",
                 sqlite_checkpoint_pages_most(s) * HEADER_PAGE_SIZE * 2,
                 s->wal ? "" : "; PRAGMA journal_mode = TRUNCATE");
        /* SQLite opens a file read-only when it can't write it. */
        if (sqlite3_db_readonly(s->db, "main") == 1) {
            return sqlite_fail(s, SQLITE_READONLY, "open for writing", e);
        }
        if (sqlite_sql_exec(s, sql, "set up", e) != 0) {
            return -1;
        }
        s->lock_fd = s->wal ? file_lock_open(s->lock_path, e) : -1;
        if (s->wal && s->lock_fd < 0) {
            return -1;
        }
    }
    return sqlite_rows_prepare(s, e) == 0 ? sqlite_meta_learn(s, e) : -1;
}

static void start_anew(struct sqlite_handle *s)
{
    sqlite_connection_end(s);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    s->lock_fd = -1;
}

static int open_rounds(struct sqlite_handle *s, struct err *e)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        enum condition condition = CONDITION_TO_MAKE;
        struct err why = ERR_INIT;
        int result = look(s, &condition, &why);
        if (result == 0 && condition == CONDITION_READY) {
            result = set_up(s, &why);
            if (result == 0) {
                return 0;
            }
        }
        bool moved = result != 0 && sqlite_handle_is_moved(s);
        if (result != 0 && !moved) {
            return err_move(e, &why);
        }
        start_anew(s);
        if (moved) {
            continue;
        }
        if (sqlite_make(s, e) != 0) {
            return -1;
        }
        sqlite_deadline_set(s); /* an upgrade may have used up the deadline */
    }
    return err_set(e, ERR_BUSY, "The database is being replaced again and again. Try again in a moment.");
}

/* A reader may find something to read where nothing can be made. */
static int open_to_read(struct sqlite_handle *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (open_rounds(s, &why) == 0) {
        return 0;
    }
    start_anew(s);
    if (s->mode != STORE_READ || why.code != ERR_FULL) {
        return err_move(e, &why);
    }
    if (sqlite_still_open(s, NULL) == 0) {
        return 0;
    }
    return err_set(e, ERR_FULL,
                   "The disk or the quota of the data folder is full: there isn't even room for the small files that "
                   "reading needs. Nothing is lost. Free some space.");
}

struct sqlite_handle *sqlite_open(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct sqlite_handle *s = sqlite_handle_new(options->folder, NULL, mode);
    s->journal = options->journal;
    s->short_lived = options->short_lived;
    s->busy_timeout_ms = options->busy_timeout_ms;
    s->stopping = options->stopping;
    sqlite_deadline_set(s);
    if ((file_exists(s->asked_path) && sqlite_restore_asked(options, s->asked_path, e) != 0) ||
        open_to_read(s, e) != 0) {
        sqlite_rescue_close(s);
        return NULL;
    }
    s->file_number = file_number(s->path);
    /* Checked after the number was read: if the file still has its name, it had it then. */
    if (sqlite_handle_is_moved(s)) {
        s->file_number = 0;
    }
    return s;
}
