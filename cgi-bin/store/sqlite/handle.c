/* handle.c - errors, waiting and statements of the SQLite backend. See sqlite.h. */
#include "store/sqlite/private/sqlite.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    UPGRADE_PATIENCE_MS = 500,
    LOOK_FOR_LOCKS_AT = 4, /* tries: most waits are over by then */
};

/* ---- errors ---- */

static bool is_full_or_denied(int os)
{
    enum err_code code = err_of_errno(os);
    return code == ERR_FULL || code == ERR_READONLY;
}

/* os: the errno of a failure to open, read or write a file. */
static enum err_code code_of_os(int rc, int os)
{
    if (is_full_or_denied(os)) {
        return err_of_errno(os);
    }
    if ((rc & 0xff) == SQLITE_CANTOPEN && (os == 0 || os == ENOENT)) {
        return ERR_READONLY;
    }
    return os == EISDIR ? ERR_CORRUPT : ERR_SYSTEM;
}

/* SQLite says FULL for ENOSPC in a write only; other calls and other reasons are told by errno. */
static enum err_code code_of(int rc, int os)
{
    if (rc == SQLITE_READONLY_DBMOVED) {
        return ERR_BUSY; /* replaced under our feet: the next handle finds the new file */
    }
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* many tries to start reading met a writer each time */
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_CROWDED;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return code_of_os(rc, os);
    default:
        return ERR_SYSTEM;
    }
}

static const char *text_of(enum err_code code)
{
    switch (code) {
    case ERR_BUSY:
        return "The database was in use by others for too long. Try again in a moment.";
    case ERR_FULL:
        return "The disk or the quota of the data folder is full: nothing was stored. Reading goes on, and sending as "
               "soon as there is space.";
    case ERR_READONLY:
        return "The data folder or the database in it can't be written by this program. Give folder and "
               "files to the user that runs the programs, and see that the disk isn't mounted read-only.";
    case ERR_CORRUPT:
        return "The database is damaged. Run 'pollchat check' to see where, and put a backup in its place.";
    default:
        return "The database can't be used: the disk or the system reported an error, which is in the log.";
    }
}

int store_sqlite_refuse_lockless(const struct store_sqlite *s, struct err *e)
{
    log_line("%s: the file system has no record locks", s->path);
    return err_set(
        e, ERR_READONLY,
        "The file system of the data folder knows no file locks, without which nothing can be stored safely. "
        "Let the setting data name a folder on another disk, or ask the host to switch locks on.");
}

/* Others had the database for too long; perhaps they have a good reason. */
static int fail_busy(const struct store_sqlite *s, struct err *e)
{
    char why[STORE_SQLITE_UPGRADE_TEXT];
    if (!file_lock_has_records(s->lock_path)) { /* SQLite says the same of both */
        return store_sqlite_refuse_lockless(s, e);
    }
    return err_set(e, ERR_BUSY, "%s",
                   !s->upgrading && store_sqlite_is_upgraded(s, why, sizeof why) ? why : text_of(ERR_BUSY));
}

/* errno of a failure: SQLite keeps it for the handle, and for each of its files. */
static int os_error_of(sqlite3 *db, int rc)
{
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    int os = 0;
    if ((rc & 0xff) != SQLITE_IOERR && (rc & 0xff) != SQLITE_CANTOPEN) {
        return 0;
    }
    os = sqlite3_system_errno(db);
    for (size_t i = 0; i < 2 && (rc & 0xff) == SQLITE_IOERR && !is_full_or_denied(os); i++) {
        sqlite3_file *file = NULL;
        int of_file = 0;
        if (sqlite3_file_control(db, "main", files[i], &file) == SQLITE_OK && file != NULL && file->pMethods != NULL &&
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &of_file) == SQLITE_OK && of_file != 0) {
            os = of_file;
        }
    }
    return os;
}

int store_sqlite_fail(struct store_sqlite *s, int rc, const char *what, struct err *e)
{
    int os = os_error_of(s->db, rc);
    enum err_code code = code_of(rc, os);
    if (code != ERR_BUSY) {
        log_line("%s: %s: %s (SQLite %d%s%s)", s->path, what, sqlite3_errmsg(s->db), rc, os != 0 ? ", " : "",
                 os != 0 ? strerror(os) : "");
    }
    errno = os;
    return code == ERR_BUSY ? fail_busy(s, e) : err_set(e, code, "%s", text_of(code));
}

/* ---- waiting ---- */

void store_sqlite_set_deadline(struct store_sqlite *s)
{
    s->deadline = clock_mono_ms() + s->busy_timeout_ms;
}

bool store_sqlite_nap(const struct store_sqlite *s, int times)
{
    static const unsigned char naps[] = {1, 1, 1, 2, 2, 3, 5, 8}; /* a commit takes about so many ms */
    int64_t nap = naps[times < (int)sizeof naps ? times : (int)sizeof naps - 1];
    int64_t left = s->deadline - clock_mono_ms();
    if (left <= 0 || (s->stopping != NULL && atomic_load(s->stopping))) {
        return false;
    }
    /* An upgrade takes as long as it takes: who waits would only keep threads and processes from others. A small one is soon over. */
    bool was_patient = left <= (int64_t)s->busy_timeout_ms - UPGRADE_PATIENCE_MS;
    if (was_patient && !s->upgrading && store_sqlite_is_upgraded(s, NULL, 0)) {
        return false;
    }
    clock_sleep_ms(nap < left ? nap : left);
    return true;
}

bool store_sqlite_is_moved(const struct store_sqlite *s)
{
    int moved = 0;
    return s->db != NULL && sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

/* Whoever waited while another file was put in the place must not go on: the journal of that name is the other one's now. */
int store_sqlite_on_busy(void *handle, int times)
{
    const struct store_sqlite *s = handle;
    if (times == LOOK_FOR_LOCKS_AT && !file_lock_has_records(s->lock_path)) {
        return 0; /* nobody has it: no lock can be had, ever */
    }
    return store_sqlite_nap(s, times) && !store_sqlite_is_moved(s);
}

/* Whoever removes the lock file would let in others, who make a new one. False: the lock was that of a file without a name. */
static bool has_the_lock(struct store_sqlite *s)
{
    if (file_number_open(s->lock_fd) == file_number(s->lock_path)) {
        return true;
    }
    int fd = file_lock_open(s->lock_path, NULL);
    if (fd < 0) {
        return true; /* a folder that can't be written: nobody makes another one either */
    }
    close(s->lock_fd);
    s->lock_fd = fd;
    return false;
}

int store_sqlite_lock(struct store_sqlite *s, struct err *e)
{
    for (int times = 0;; times++) {
        switch (file_lock_try(s->lock_fd)) {
        case FILE_LOCK_GOT:
            if (!has_the_lock(s)) {
                break;
            }
            s->locked = true;
            return 0;
        case FILE_LOCK_UNSUPPORTED:
            return 1;
        case FILE_LOCK_BUSY:
            if (!store_sqlite_nap(s, times)) {
                return fail_busy(s, e);
            }
        }
    }
}

void store_sqlite_unlock(struct store_sqlite *s)
{
    if (s->locked) {
        file_lock_release(s->lock_fd);
        s->locked = false;
    }
}

/* ---- SQL ---- */

int store_sqlite_exec(struct store_sqlite *s, const char *sql, const char *what, struct err *e)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_sqlite_fail(s, rc, what, e);
}

int store_sqlite_ask(struct store_sqlite *s, const char *sql, const char *what, char *out, size_t size, struct err *e)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    int result = 0;
    out[0] = '\0';
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            const unsigned char *value = sqlite3_column_text(statement, 0);
            snprintf(out, size, "%s", value == NULL ? "" : (const char *)value);
        }
    }
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE) {
        result = store_sqlite_fail(s, rc, what, e);
    }
    sqlite3_finalize(statement);
    return result;
}

sqlite3_stmt *store_sqlite_use(struct store_sqlite *s, enum store_sqlite_statement which)
{
    return s->statements[which];
}

void store_sqlite_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement); /* returns the error of the last step once more */
    sqlite3_clear_bindings(statement);
}

int store_sqlite_run(struct store_sqlite *s, enum store_sqlite_statement which)
{
    int rc = sqlite3_step(s->statements[which]);
    sqlite3_reset(s->statements[which]);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void store_sqlite_rollback(struct store_sqlite *s)
{
    if (sqlite3_get_autocommit(s->db)) {
        return; /* SQLite rolls back by itself after some errors */
    }
    int rc = store_sqlite_run(s, STORE_SQLITE_ROLLBACK);
    if (!sqlite3_get_autocommit(s->db)) {
        log_line("%s: roll back: %s (SQLite %d)", s->path, sqlite3_errmsg(s->db), rc);
        s->stale = true; /* of no use any more: a new handle is needed */
    }
}
