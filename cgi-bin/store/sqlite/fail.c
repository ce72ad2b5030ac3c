/* fail.c - see fail.h. */
#include "store/sqlite/private/fail.h"

#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/upgrade_note.h"
#include "system/file_lock.h"

#include <errno.h>
#include <string.h>

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

/* SQLite says SQLITE_FULL only when a write meets ENOSPC. In other cases errno tells. */
static enum err_code code_of(int rc, int os)
{
    if (rc == SQLITE_READONLY_DBMOVED) {
        return ERR_BUSY; /* the file was replaced: the next handle opens the new one */
    }
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* a reader that tried many times met a writer each time */
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_CROWDED;
    case SQLITE_INTERRUPT: /* by upgrade.c */
        return ERR_STOPPING;
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
        return "Other processes used the database for too long. Try again in a moment.";
    case ERR_STOPPING:
        return "This process is ending. The next one upgrades the database.";
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

int sqlite_fail_lockless(const struct sqlite_handle *s, struct err *e)
{
    log_line("%s: the file system has no record locks", s->path);
    return err_set(
        e, ERR_READONLY,
        "The file system of the data folder has no file locks, so nothing can be stored safely. Set 'data' to a folder "
        "on another disk, or ask the host to enable locks.");
}

int sqlite_fail_foreign(const struct sqlite_handle *s, struct err *e)
{
    log_line("%s is not a database of pollchat; left as it is", s->path);
    return err_set(
        e, ERR_CORRUPT,
        "The file chat.db in the data folder is not a database of pollchat. It was left as it is. Move it away, "
        "or set 'data' to another folder.");
}

int sqlite_fail_if_moved(struct sqlite_handle *s, struct err *e)
{
    if (!sqlite_handle_is_moved(s)) {
        return 0;
    }
    s->stale = true;
    return err_set(e, ERR_BUSY, "The database was replaced a moment ago. Try again.");
}

int sqlite_fail_busy(const struct sqlite_handle *s, struct err *e)
{
    char why[UPGRADE_NOTE_TEXT];
    if (!file_lock_has_records(s->lock_path)) { /* SQLite reports both cases as busy */
        return sqlite_fail_lockless(s, e);
    }
    return err_set(e, ERR_BUSY, "%s",
                   !s->upgrading && sqlite_upgrade_note_is_fresh(s->folder, why, sizeof why) ? why : text_of(ERR_BUSY));
}

/* The errno of a failure. SQLite keeps it for the connection and for each of its files. */
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

int sqlite_fail(struct sqlite_handle *s, int rc, const char *what, struct err *e)
{
    int os = os_error_of(s->db, rc);
    enum err_code code = code_of(rc, os);
    if (code != ERR_BUSY) {
        log_line("%s: %s: %s (SQLite %d%s%s)", s->path, what, sqlite3_errmsg(s->db), rc, os != 0 ? ", " : "",
                 os != 0 ? strerror(os) : "");
    }
    errno = os;
    return code == ERR_BUSY ? sqlite_fail_busy(s, e) : err_set(e, code, "%s", text_of(code));
}
