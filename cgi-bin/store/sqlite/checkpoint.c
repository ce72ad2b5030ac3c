/* checkpoint.c - see checkpoint.h. */
#include "store/sqlite/private/checkpoint.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rescue.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <sys/stat.h>

enum {
    /* The log is so many times longer than wanted: readers keep it from restarting. */
    LOG_STUCK = 8,
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

void sqlite_checkpoint_if_long(struct sqlite_handle *s, bool full)
{
    if ((!full && s->log_pages <= s->log_limit) || file_number_open(s->lock_fd) != file_number(s->lock_path)) {
        return;
    }
    bool stuck = s->log_pages > s->log_limit * LOG_STUCK && s->log_pages >= s->log_patient_until;
    int rc = sqlite_checkpoint(s, stuck ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
    if (stuck) { /* a long reader (pollchat check, a backup) must not make every send wait for it */
        s->log_patient_until = (rc & 0xff) == SQLITE_BUSY ? s->log_pages + s->log_limit : 0;
    }
}

static bool is_old(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec >= IDLE_S;
}

static bool needs_rest(const struct sqlite_handle *s, bool now)
{
    return file_size(s->log_path) > 0 && (now || is_old(s->log_path) || (s->short_lived && is_old(s->path))) &&
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
