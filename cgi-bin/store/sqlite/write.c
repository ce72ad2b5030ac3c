/* write.c - see write.h. */
#include "store/sqlite/private/write.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/loss.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/scrub.h"
#include "store/sqlite/private/wal.h"

/* Needs the flock. -1: the handle's files aren't those that other processes have. If what the
 * handle had could be rescued, the handle is stale. */
static int check_files(struct sqlite_handle *s, struct err *e)
{
    if (!sqlite_loss_of_log(s) && !sqlite_loss_by_cut(s)) {
        return 0;
    }
    return sqlite_rescue_locked(s, false, e) == 0
               ? err_set(e, ERR_BUSY, "Files of the database were removed a moment ago. Try again in a moment.")
               : -1;
}

/* The log may have been removed after check_files looked: then the new commit is in a file without
 * a name, and not durable. */
static int check_committed(struct sqlite_handle *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (!sqlite_loss_of_log(s)) {
        return 0;
    }
    int result = sqlite_rescue_locked(s, true, &why);
    for (int times = 0; result != 0 && why.code == ERR_BUSY && sqlite_deadline_nap(s, times); times++) {
        err_clear(&why);
        result = sqlite_rescue_locked(s, true, &why);
    }
    if (result == 0 && s->has_split) {
        return err_set(e, ERR_BUSY, "Files of the database were removed a moment ago. Try again in a moment.");
    }
    return result == 0 ? 0 : err_set(e, why.code == ERR_BUSY ? ERR_UNSURE : why.code, "%s", why.text);
}

/* ---- begin ---- */

static int lock(struct sqlite_handle *s, struct err *e)
{
    int locked = s->wal ? sqlite_flock_take(s, e) : 0;
    if (locked > 0) {
        return err_set(e, ERR_READONLY,
                       "The file system of the data folder has no flock, which this database (WAL) needs "
                       "for writing. Move the folder to a local disk.");
    }
    return locked;
}

static int begin_transaction(struct sqlite_handle *s, struct err *e)
{
    if (sqlite_rows_begin(s, true, e) != 0) {
        return -1;
    }
    int result = sqlite_fail_if_moved(s, e);
    if (result == 0) {
        result = sqlite_meta_check(s, e);
    }
    if (result != 0) {
        sqlite_rows_rollback(s);
    }
    return result;
}

static int begin_recorded(struct sqlite_handle *s, struct sqlite_write *w, struct err *e)
{
    if (check_files(s, e) != 0) {
        return -1;
    }
    uint64_t frame = 0;
    w->log_end = sqlite_wal_end(s, &frame);
    w->log_salts = sqlite_wal_salts(s);
    sqlite_record_begin_commit(s, &w->record);
    s->log_pages = 0;
    return begin_transaction(s, e);
}

/* After the transaction, with the flock. */
static void restart_log(struct sqlite_handle *s, bool full)
{
    if (s->wal && !s->stale) {
        sqlite_checkpoint_if_long(s, full);
    }
}

int sqlite_write_begin(struct sqlite_handle *s, struct sqlite_write *w, struct err *e)
{
    struct err why = ERR_INIT;
    CK(s->mode == STORE_WRITE && !s->viewing);
    sqlite_deadline_set(s);
    if (lock(s, e) != 0) {
        return -1;
    }
    if ((s->wal ? begin_recorded(s, w, &why) : begin_transaction(s, &why)) == 0) {
        return 0;
    }
    if (why.code == ERR_FULL) {
        restart_log(s, true);
    }
    sqlite_flock_release(s);
    return err_move(e, &why);
}

/* ---- end ---- */

/* The record is written before senders and readers are told of the commit, so that a log that gets
 * shorter later is noticed. */
static int finish_record(struct sqlite_handle *s, struct sqlite_write *w, struct err *e)
{
    if (s->log_pages > 0) {
        sqlite_record_end_commit(s, &w->record);
        if (sqlite_rescue_check_hole(s, w->log_end, w->log_salts, e) != 0) {
            return -1;
        }
    }
    return check_committed(s, e);
}

int sqlite_write_end(struct sqlite_handle *s, struct sqlite_write *w, int result, struct err *e)
{
    if (result == 0) {
        result = sqlite_rows_commit(s, e);
    }
    if (result != 0) {
        sqlite_rows_rollback(s);
    } else if (s->wal) {
        result = finish_record(s, w, e);
    }
    if (result == 0 || e->code == ERR_FULL) {
        restart_log(s, result != 0);
    }
    if (result == 0) {
        sqlite_scrub_after(s);
    }
    s->owes_scrub = false;
    sqlite_flock_release(s);
    return result;
}
