/* put_back.c - see put_back.h. */
#include "store/sqlite/private/put_back.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/incidents.h"
#include "store/sqlite/private/aside.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/wal.h"
#include "system/file.h"
#include "system/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    COMPARED_BYTES = 24, /* of the header of a log or of a frame */
    MARK_BYTES = 16,
    PIECE_BYTES = 16 * 1024,
    VIEWS_END_MS = 100,
    /* A process that found the files before they were removed has opened them by then. */
    OPENERS_MS = 25,
};

static const char mark[MARK_BYTES + 1] = "pollchat-put-bk\n";

static int keep_view_aside(struct sqlite_handle *s, struct err *e)
{
    static const struct sqlite_copy_teller untold;
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    char name[ASIDE_NAME_SIZE];
    sqlite_path_in(path, s->folder, "chat-aside.new");
    int result = sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = sqlite_copy(s, &fresh, &untold, e);
    }
    for (int i = 1; result == 0 && fresh.fd >= 0 && i < ASIDE_NAMES_MAX; i++) {
        sqlite_aside_name(name, sizeof name, i, ".db");
        sqlite_path_in(path, s->folder, name);
        if (!file_exists(path)) {
            result = sqlite_fresh_keep(&fresh, path, false, e);
        }
    }
    sqlite_fresh_drop(&fresh);
    if (result == 0) {
        log_line(
            "%s: its log was removed, and another program began a new one; the messages of the old log are kept in %s",
            s->path, name);
        incidents_note(s->folder, INCIDENT_ASIDE, name);
    }
    return result;
}

static bool is_marked(sqlite3_file *log, sqlite3_int64 size)
{
    char end[MARK_BYTES];
    return size >= MARK_BYTES && log->pMethods->xRead(log, end, MARK_BYTES, size - MARK_BYTES) == SQLITE_OK &&
           memcmp(end, mark, MARK_BYTES) == 0;
}

static bool are_same_at(sqlite3_file *log, int fd, uint64_t at)
{
    unsigned char own[COMPARED_BYTES];
    unsigned char other[COMPARED_BYTES];
    return pread(fd, other, sizeof other, (off_t)at) == (ssize_t)sizeof other &&
           log->pMethods->xRead(log, own, sizeof own, (sqlite3_int64)at) == SQLITE_OK &&
           memcmp(own, other, sizeof own) == 0;
}

/* The log at the path began as a copy of this handle's log, last commit included, and has not
 * restarted since: the headers of log and frame hold random numbers and a checksum of all
 * before. */
static bool is_copied(const struct sqlite_handle *s, sqlite3_file *log)
{
    uint64_t frame = 0;
    uint64_t end = sqlite_wal_end(s, &frame);
    int fd = end > 0 ? open(s->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    bool is = fd >= 0 && are_same_at(log, fd, 0) && are_same_at(log, fd, end - frame);
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

/* A log that is put back must not be an old one: the database may be newer than it. */
bool sqlite_put_back_is_due(const struct sqlite_handle *s)
{
    sqlite3_int64 size = 0;
    sqlite3_file *log = sqlite_wal_file(s, &size);
    return log != NULL && file_size(s->log_path) == 0 &&
           (sqlite_record_owner(s) == RECORD_OWN ? sqlite_record_has_all(s) : !is_marked(log, size));
}

static int copy_log(struct sqlite_handle *s, sqlite3_file *log, sqlite3_int64 size, int fd, struct err *e)
{
    char piece[PIECE_BYTES];
    for (sqlite3_int64 at = 0; at < size; at += PIECE_BYTES) {
        size_t length = size - at < PIECE_BYTES ? (size_t)(size - at) : (size_t)PIECE_BYTES;
        int rc = log->pMethods->xRead(log, piece, (int)length, at);
        if (rc != SQLITE_OK) {
            return sqlite_fail(s, rc, "read the removed log", e);
        }
        errno = ENOSPC; /* for a short write, which sets no errno */
        if (write(fd, piece, length) != (ssize_t)length) {
            return err_set(e, err_of_errno(errno), "The log of the database can't be put back: %s.", strerror(errno));
        }
    }
    return fsync(fd) == 0 ? 0 : err_set(e, err_of_errno(errno), "The log can't be put back: %s.", strerror(errno));
}

static uint64_t log_end(const struct sqlite_handle *s)
{
    uint64_t ignored = 0;
    return sqlite_wal_end(s, &ignored);
}

static int put_log_back(struct sqlite_handle *s, struct sqlite_fresh *fresh, sqlite3_file *log, sqlite3_int64 size,
                        struct err *e)
{
    if (copy_log(s, log, size, fresh->fd, e) != 0) {
        return -1;
    }
    /* A process that opens both files now must not get one of each pair: for a moment there are
     * none. */
    bool waits = unlink(s->log_path) == 0;
    unlink(s->shared_path);
    clock_sleep_ms(waits ? OPENERS_MS : 0);
    bool is_back = rename(fresh->path, s->log_path) == 0;
    /* Once more: no process joins before the record names the log, so shared memory that is there
     * now was made by a process that came too late. */
    unlink(s->shared_path);
    if (!is_back || file_name_sync(s->log_path) != 0) {
        return err_set(e, err_of_errno(errno), "The log of the database can't be put back: %s.", strerror(errno));
    }
    sqlite_record_write(s, RECORD_DIRTY, file_number(s->log_path), log_end(s));
    log_line("%s was removed while programs had it open; it was put back, nothing is lost", s->log_path);
    incidents_note(s->folder, INCIDENT_PUT_BACK, NULL);
    return 0;
}

/* Copies the log into the database after it was put back: until a process has it open again, a
 * second removal would lose it. Uses this handle's own log and shared memory, which say the same.
 * Not while another process may hold the flock of another lock file. */
static void copy_into_database(struct sqlite_handle *s, sqlite3_int64 size)
{
    int pages = -1;
    int copied = -2;
    int64_t deadline = s->deadline;
    s->deadline = clock_mono_ms() + VIEWS_END_MS;
    if (s->mode == STORE_WRITE && file_number_open(s->lock_fd) == file_number(s->lock_path) &&
        (uint64_t)size >= log_end(s) &&
        sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_FULL, &pages, &copied) == SQLITE_OK &&
        pages == copied) {
        sqlite_record_write(s, RECORD_CLEAN, file_number(s->log_path), 0);
    }
    s->deadline = deadline;
}

/* Two histories gave out the same seqs, so clients that have read this one must start again. All
 * processes leave the other log, and the next one that opens the database gives it a new epoch. */
static int split(struct sqlite_handle *s, struct err *e)
{
    if (keep_view_aside(s, e) != 0) {
        return -1;
    }
    s->has_split = true;
    sqlite_record_write(s, RECORD_OWES_EPOCH, file_number(s->log_path), 0);
    unlink(s->shared_path);
    return 0;
}

/* committed: this handle has just committed, so its commit must be in the log that counts. */
static int save_log(struct sqlite_handle *s, struct sqlite_fresh *fresh, bool committed, struct err *e)
{
    sqlite3_int64 size = 0;
    sqlite3_file *log = sqlite_wal_file(s, &size);
    int result = 0;
    if (log == NULL || is_copied(s, log) ||
        (!committed && !sqlite_put_back_is_due(s) &&
         (file_size(s->log_path) == 0 || is_marked(log, size) || sqlite_record_superseded(s)))) {
        if (log != NULL && sqlite_record_has_all(s)) { /* while this handle still has it */
            copy_into_database(s, size);
        }
        return 0; /* another process has put it back */
    }
    size -= is_marked(log, size) ? MARK_BYTES : 0;
    if (size <= WAL_HEADER_BYTES) {
        sqlite_record_set(s, RECORD_CLEAN); /* a writer was killed before it had written anything */
        return 0;
    }
    if (file_size(s->log_path) > 0) {
        result = split(s, e);
    } else if ((result = put_log_back(s, fresh, log, size, e)) == 0) {
        copy_into_database(s, size);
    }
    if (result == 0 && log->pMethods->xWrite(log, mark, MARK_BYTES, size) != SQLITE_OK) {
        log_line("%s: the old log can't be marked as put back", s->log_path);
    }
    return result;
}

/* The file that is being made keeps other processes from doing the same, as they may hold the flock
 * of another lock file. */
int sqlite_put_back(struct sqlite_handle *s, bool committed, struct err *e)
{
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    sqlite_path_in(path, s->folder, "chat-log.new");
    if (sqlite_fresh_open(&fresh, path, e) != 0) {
        return -1;
    }
    int result = save_log(s, &fresh, committed, e);
    sqlite_fresh_end(&fresh);
    return result;
}
