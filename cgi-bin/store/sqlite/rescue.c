/* rescue.c - see rescue.h. */
#include "store/sqlite/private/rescue.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/incidents.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/loss.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/put_back.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/wal.h"
#include "system/file_lock.h"

#include <string.h>
#include <unistd.h>

enum {
    FRAME_HEAD_BYTES = 24,
    FRAME_SALTS = 8, /* offset in a frame's header */
    RESCUE_PATIENCE_MS = 1000,
    /* A process that found the files before they were removed has opened them by then. */
    OPENERS_MS = 25,
};

static int write_anew(struct sqlite_handle *s, struct err *e)
{
    static const struct sqlite_copy_teller untold;
    struct sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    sqlite_path_in(path, s->folder, "chat-rebuilt.new");
    int result = sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = sqlite_copy(s, &fresh, &untold, e);
    }
    struct sqlite_handle *copy = result == 0 ? sqlite_copy_open(path, e) : NULL;
    if (result == 0) {
        result = copy != NULL ? sqlite_copy_verify(copy, e) : -1;
    }
    if (copy != NULL) {
        sqlite_connection_close(copy);
    }
    if (result == 0) {
        unlink(s->log_path);
        unlink(s->shared_path);
        clock_sleep_ms(OPENERS_MS);
        result = sqlite_fresh_keep(&fresh, s->path, true, e);
    }
    sqlite_fresh_drop(&fresh);
    return result;
}

/* All processes leave the log, and the next one that opens the database gives it a new epoch. */
static void give_up_log(struct sqlite_handle *s)
{
    log_line("%s or its log was cut short, and the missing part can't be restored from memory", s->path);
    sqlite_record_set(s, RECORD_CUT);
    unlink(s->shared_path);
}

static int rescue_cut(struct sqlite_handle *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (write_anew(s, &why) == 0) {
        log_line("%s or its log was cut short; the database was written again, nothing is lost", s->path);
        incidents_note(s->folder, INCIDENT_REBUILT, NULL);
        sqlite_record_write(s, RECORD_CLEAN, 0, 0);
        return 0;
    }
    if (why.code != ERR_CORRUPT && why.code != ERR_SYSTEM) {
        return err_move(e, &why);
    }
    give_up_log(s);
    return 0;
}

int sqlite_rescue_locked(struct sqlite_handle *s, bool committed, struct err *e)
{
    int result = 0;
    if (sqlite_handle_is_moved(s) || (!committed && sqlite_files_are_settled(s) && !sqlite_put_back_is_due(s))) {
        s->stale = true;
        return 0;
    }
    /* Checked first: a file that is removed between the two checks looks as if it were cut. */
    bool is_cut = sqlite_loss_by_cut(s);
    if (sqlite_loss_of_log(s) && sqlite_loss_spared_log(s)) {
        /* Not settled: the log may be removed as well before this handle is closed. */
        s->stale = true;
        return 0;
    }
    if (sqlite_loss_of_log(s)) {
        result = sqlite_put_back(s, committed, e);
    } else if (is_cut) {
        result = rescue_cut(s, e);
    } else {
        return 0;
    }
    if (result == 0) {
        s->stale = true;
        sqlite_files_set_settled(s);
    }
    return result;
}

int sqlite_rescue(struct sqlite_handle *s, struct err *e)
{
    bool has_lock_file = s->lock_fd >= 0;
    if (s->viewing) {
        return err_set(e, ERR_BUSY, "The database is being read."); /* to be tried when the view has ended */
    }
    if (s->locked) {
        return sqlite_rescue_locked(s, false, e);
    }
    s->lock_fd = has_lock_file ? s->lock_fd : file_lock_open(s->lock_path, e);
    if (s->lock_fd < 0) {
        return -1;
    }
    s->deadline = clock_mono_ms() + RESCUE_PATIENCE_MS;
    int result = sqlite_flock_take(s, e) == 0 ? sqlite_rescue_locked(s, false, e) : -1;
    sqlite_flock_release(s);
    if (!has_lock_file) {
        close(s->lock_fd);
        s->lock_fd = -1;
    }
    return result;
}

/* The hole begins at the latest in the last frame before the new ones. */
int sqlite_rescue_check_hole(struct sqlite_handle *s, uint64_t end, uint64_t salts, struct err *e)
{
    unsigned char head[FRAME_HEAD_BYTES];
    const uint32_t wanted[] = {(uint32_t)(salts >> 32), (uint32_t)salts};
    uint64_t frame = 0;
    sqlite3_int64 size = 0;
    sqlite3_file *log = sqlite_wal_file(s, &size);
    if (end == 0 || log == NULL || sqlite_wal_end(s, &frame) == 0 || sqlite_wal_salts(s) != salts) {
        return 0; /* the log restarted with this commit */
    }
    int rc = log->pMethods->xRead(log, head, sizeof head, (sqlite3_int64)(end - frame));
    if (rc != SQLITE_IOERR_SHORT_READ && (rc != SQLITE_OK || memcmp(head + FRAME_SALTS, wanted, sizeof wanted) == 0)) {
        return 0; /* an error of the disk says nothing about the log */
    }
    give_up_log(s);
    s->stale = true;
    sqlite_files_set_settled(s);
    return err_set(e, ERR_BUSY, "The log of the database was cut short a moment ago. Try again in a moment.");
}

void sqlite_rescue_close(struct sqlite_handle *s)
{
    if (s->files != NULL && sqlite_loss_is_seen(s)) {
        (void)sqlite_rescue(s, NULL); /* what only this handle has is lost with its descriptor */
    }
    sqlite_connection_close(s);
}
