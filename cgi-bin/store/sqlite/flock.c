/* flock.c - see flock.h. */
#include "store/sqlite/private/flock.h"

#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <unistd.h>

/* When somebody removes the lock file, the next process makes a new one, and both would have a
 * lock. False: the lock was on a file without a name; s has the new file open. */
static bool has_the_lock(struct sqlite_handle *s)
{
    if (file_number_open(s->lock_fd) == file_number(s->lock_path)) {
        return true;
    }
    int fd = file_lock_open(s->lock_path, NULL);
    if (fd < 0) {
        return true; /* in a folder that can't be written no process can make a new one */
    }
    close(s->lock_fd);
    s->lock_fd = fd;
    return false;
}

int sqlite_flock_take(struct sqlite_handle *s, struct err *e)
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
            if (!sqlite_deadline_nap(s, times)) {
                return sqlite_fail_busy(s, e);
            }
        }
    }
}

void sqlite_flock_release(struct sqlite_handle *s)
{
    if (s->locked) {
        file_lock_release(s->lock_fd);
        s->locked = false;
    }
}
