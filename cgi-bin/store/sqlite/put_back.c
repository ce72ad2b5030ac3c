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
    PATH_SIZE = 4200,
    COMPARED_BYTES = 24, /* of the head of a log, or of a frame */
    MARK_BYTES = 16,
    PIECE_BYTES = 16 * 1024,
    VIEWS_END_MS = 100,
    OPENERS_MS = 25, /* who looked for the files before they were removed has opened them by then */
};

static const char mark[MARK_BYTES + 1] = "pollchat-put-bk\n";

static int keep_view_aside(struct sqlite_handle *s, struct err *e)
{
    static const struct sqlite_copy_teller nobody;
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    char name[ASIDE_NAME_SIZE];
    snprintf(path, sizeof path, "%s/chat-aside.new", s->folder);
    int result = sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = sqlite_copy(s, &fresh, &nobody, e);
    }
    for (int i = 1; result == 0 && fresh.fd >= 0 && i < ASIDE_NAMES_MAX; i++) {
        sqlite_aside_name(name, sizeof name, i, ".db");
        snprintf(path, sizeof path, "%s/%s", s->folder, name);
        if (!file_exists(path)) {
            result = sqlite_fresh_keep(&fresh, path, false, e);
        }
    }
    sqlite_fresh_drop(&fresh);
    if (result == 0) {
        log_line("%s: another log was begun after this program's was taken away; what it had is kept as %s", s->path,
                 name);
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

/* The log that is there now began as a copy of this one, its last commit included, and no checkpoint has made it start anew yet: heads of
 * the log and of a frame have random numbers and a sum of all before. */
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

/* Without a log in its place, it must not be an older one that comes back: the database may be newer than what is in that. */
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
            return sqlite_fail(s, rc, "read the log that was taken away", e);
        }
        errno = ENOSPC; /* for a write that is short without an error */
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
    /* Who opens both now must not get one of each: first there are none for a moment. */
    bool waits = unlink(s->log_path) == 0;
    unlink(s->shared_path);
    clock_sleep_ms(waits ? OPENERS_MS : 0);
    bool is_back = rename(fresh->path, s->log_path) == 0;
    unlink(
        s->shared_path); /* once more: nobody joins before the record names the log, so whatever is there is of one who came too late */
    if (!is_back || file_name_sync(s->log_path) != 0) {
        return err_set(e, err_of_errno(errno), "The log of the database can't be put back: %s.", strerror(errno));
    }
    sqlite_record_write(s, RECORD_DIRTY, file_number(s->log_path), log_end(s));
    log_line("%s was taken away while programs had it open; it was put back, nothing is lost", s->log_path);
    incidents_note(s->folder, INCIDENT_PUT_BACK, NULL);
    return 0;
}

/* Once more into the database, after the log was put back: until a process has it open again, it could be removed once more. With this
 * handle's own log and shared memory, which say the same. Not while another process may have the lock of another lock file. */
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

/* Two histories with the same numbers: who has read of this one is to begin anew. So all leave the other one, and the next opener gives the
 * database another epoch. */
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

/* committed: this handle has just committed something, so it must be known to be in the log that counts. */
static int save_log(struct sqlite_handle *s, struct sqlite_fresh *fresh, bool committed, struct err *e)
{
    sqlite3_int64 size = 0;
    sqlite3_file *log = sqlite_wal_file(s, &size);
    int result = 0;
    if (log == NULL || is_copied(s, log) ||
        (!committed && !sqlite_put_back_is_due(s) &&
         (file_size(s->log_path) == 0 || is_marked(log, size) || sqlite_record_superseded(s)))) {
        if (log != NULL && sqlite_record_has_all(s)) { /* before this handle is closed */
            copy_into_database(s, size);
        }
        return 0; /* another one was quicker */
    }
    size -= is_marked(log, size) ? MARK_BYTES : 0;
    if (size <= WAL_HEADER_BYTES) {
        sqlite_record_set(s, RECORD_CLEAN); /* a writer was killed before he had written anything */
        return 0;
    }
    if (file_size(s->log_path) > 0) {
        result = split(s, e);
    } else if ((result = put_log_back(s, fresh, log, size, e)) == 0) {
        copy_into_database(s, size);
    }
    if (result == 0 && log->pMethods->xWrite(log, mark, MARK_BYTES, size) != SQLITE_OK) {
        log_line("%s: the old log can't be marked", s->log_path);
    }
    return result;
}

/* The log has lost its name. The file in the making keeps others from doing the same, who may have the lock of another lock file. */
int sqlite_put_back(struct sqlite_handle *s, bool committed, struct err *e)
{
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/chat-log.new", s->folder);
    if (sqlite_fresh_open(&fresh, path, e) != 0) {
        return -1;
    }
    int result = save_log(s, &fresh, committed, e);
    sqlite_fresh_end(&fresh);
    return result;
}
