/* flock.h - the lock on chat.db-lock, which writers and makers of a database take first. */
#ifndef SQLITE_FLOCK_H
#define SQLITE_FLOCK_H

#include "store/sqlite/private/handle.h"

/* Waits for the lock until the deadline. 0: locked; 1: this file system has no flock; -1: ERR_BUSY.
 * lock_fd must be open. */
int sqlite_flock_take(struct sqlite_handle *s, struct err *e);
void sqlite_flock_release(struct sqlite_handle *s); /* fine if it isn't locked */

#endif
