/* deadline.c - see deadline.h. */
#include "store/sqlite/private/deadline.h"

#include "base/clock.h"
#include "store/sqlite/private/upgrade_note.h"
#include "system/file_lock.h"

enum {
    UPGRADE_PATIENCE_MS = 500,
    LOOK_FOR_LOCKS_AT = 4, /* tries: most waits are over before */
};

void sqlite_deadline_set(struct sqlite_handle *s)
{
    s->deadline = clock_mono_ms() + s->busy_timeout_ms;
}

bool sqlite_deadline_nap(const struct sqlite_handle *s, int times)
{
    /* Milliseconds; a commit takes about as long. */
    static const unsigned char naps[] = {1, 1, 1, 2, 2, 3, 5, 8};
    int64_t nap = naps[times < (int)sizeof naps ? times : (int)sizeof naps - 1];
    int64_t left = s->deadline - clock_mono_ms();
    if (left <= 0 || (s->stopping != NULL && atomic_load(s->stopping))) {
        return false;
    }
    /* An upgrade may take minutes: waiting for it would only keep threads and processes busy. A
     * short one is over within UPGRADE_PATIENCE_MS. */
    bool was_patient = left <= (int64_t)s->busy_timeout_ms - UPGRADE_PATIENCE_MS;
    if (was_patient && !s->upgrading && sqlite_upgrade_note_is_fresh(s->folder, NULL, 0)) {
        return false;
    }
    clock_sleep_ms(nap < left ? nap : left);
    return true;
}

/* Stops when the file was replaced meanwhile: the journal at its path belongs to the new file now,
 * and SQLite would take it for the old one's. */
int sqlite_deadline_on_busy(void *handle, int times)
{
    const struct sqlite_handle *s = handle;
    if (times == LOOK_FOR_LOCKS_AT && !file_lock_has_records(s->lock_path)) {
        return 0; /* this file system has no record locks, so no try would succeed */
    }
    return sqlite_deadline_nap(s, times) && !sqlite_handle_is_moved(s);
}
