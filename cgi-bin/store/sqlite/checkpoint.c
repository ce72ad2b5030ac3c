/* checkpoint.c - see checkpoint.h. */
#include "store/sqlite/private/checkpoint.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rescue.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <sys/stat.h>

enum {
    LOG_PAGES = 1000, /* about 4 MB, as SQLite itself would choose */
    /* Each new process reads the log once: 100 pages cost less than starting the process. */
    LOG_PAGES_SHORT_LIVED = 100,
    /* A sender has to wait for a copy only if the log is so many times longer than wanted. A copy
     * of 1000 pages takes 0.8 ms, one of 4000 takes 2 ms, since most pages are in the log many
     * times. store_rest makes it once a second when no sender waits. SQLite finds a page in a log
     * of 4000 as fast as in one of 1000: one table of its index has up to 4062. */
    LOG_LONG = 4,
    LOG_STUCK = 8,                /* the same, if readers keep the log from restarting */
    CHECKPOINT_PATIENCE_MS = 100, /* how long writers wait for those readers */
    IDLE_S = 60,
    REST_PATIENCE_MS = 100,
};

int sqlite_checkpoint(struct sqlite_handle *s, int mode)
{
    int pages = -1;
    int copied = -2;
    s->deadline = clock_mono_ms() + CHECKPOINT_PATIENCE_MS;
    int rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &pages, &copied);
    bool failed = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY;
    if (failed && !s->checkpoint_failed) {
        log_line("%s: checkpoint: %s (SQLite %d)", s->path, sqlite3_errmsg(s->db), rc);
    }
    s->checkpoint_failed = failed;
    sqlite_record_set(s, rc == SQLITE_OK && pages == copied ? RECORD_CLEAN : RECORD_DIRTY);
    s->least_bytes = file_size(s->path);
    return rc;
}

static int pages_wanted(const struct sqlite_handle *s)
{
    return s->short_lived ? LOG_PAGES_SHORT_LIVED : LOG_PAGES;
}

int sqlite_checkpoint_pages_most(const struct sqlite_handle *s)
{
    return s->short_lived ? LOG_PAGES_SHORT_LIVED : LOG_PAGES * LOG_LONG;
}

void sqlite_checkpoint_if_long(struct sqlite_handle *s, bool full)
{
    if ((!full && s->log_pages <= sqlite_checkpoint_pages_most(s)) ||
        file_number_open(s->lock_fd) != file_number(s->lock_path)) {
        return;
    }
    bool stuck = s->log_pages > pages_wanted(s) * LOG_STUCK && s->log_pages >= s->log_patient_until;
    int rc = sqlite_checkpoint(s, stuck ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
    if (stuck) { /* a long reader (pollchat check, a backup) must not make every send wait for it */
        s->log_patient_until = (rc & 0xff) == SQLITE_BUSY ? s->log_pages + pages_wanted(s) : 0;
    }
}

static bool is_old(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec >= IDLE_S;
}

/* For short-lived processes append copies the log, long before it is so long. */
static bool is_long(const struct sqlite_handle *s)
{
    return !s->short_lived && sqlite_record_log_bytes(s) > (uint64_t)LOG_PAGES * HEADER_PAGE_SIZE;
}

static bool needs_rest(const struct sqlite_handle *s, bool now)
{
    return file_size(s->log_path) > 0 &&
           (now || is_old(s->log_path) || (s->short_lived && is_old(s->path)) || is_long(s)) &&
           sqlite_record_state(s) == RECORD_DIRTY;
}

void sqlite_checkpoint_rest(const struct store_options *options, bool now)
{
    struct sqlite_handle *s = sqlite_handle_new(options->folder, NULL, STORE_WRITE);
    s->short_lived = options->short_lived;
    s->busy_timeout_ms = REST_PATIENCE_MS;
    if (needs_rest(s, now)) {
        sqlite_deadline_set(s);
        s->lock_fd = file_lock_open(s->lock_path, NULL);
        if (s->lock_fd >= 0 && sqlite_flock_take(s, NULL) == 0 &&
            sqlite_connection_open(s, SQLITE_OPEN_READWRITE, NULL) == 0 && s->files != NULL) {
            sqlite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
        }
    }
    sqlite_rescue_close(s);
}
