/* still.h - reads a database in WAL when the disk has no room for a log or for the shared memory.
 *
 * SQLite needs both even to read. If neither file is there, and the record says that no message was
 * in the log only, the database file has all messages. It can then be opened as a file that doesn't
 * change ("immutable": no locks, no log). To make that true, the flock is held during each view,
 * which keeps out any process that would begin a log, and the handle is given up when the file or
 * the log has changed.
 */
#ifndef SQLITE_STILL_H
#define SQLITE_STILL_H

#include "store/sqlite/private/handle.h"

/* For a reader whose open has failed. -1: it can't be read in this way; the error may be unset. */
int sqlite_still_open(struct sqlite_handle *s, struct err *e);
/* The database and its log are as they were when the handle was opened. */
bool sqlite_still_is_unchanged(const struct sqlite_handle *s);

#endif
