/* put_back.h - a log that lost its name while programs have it open.
 *
 * The first process that notices writes the log's bytes to a new file under its name; a writer then
 * copies them into the database, so that a second removal, before any process has opened the new
 * file, loses nothing. The next process that opens the database recovers the log as after a crash.
 * Only a log that has all that the record asks for is put back: an older one would undo what the
 * database has got since. The old file, which other processes may still have open, gets a mark at
 * its end, after all bytes that SQLite reads.
 * If a program that knows no record has begun another log meanwhile, the two histories can't be
 * joined: what this handle has is kept in a file of its own, and the database gets a new epoch.
 */
#ifndef SQLITE_PUT_BACK_H
#define SQLITE_PUT_BACK_H

#include "store/sqlite/private/handle.h"

/* Needs the flock. The handle's log must be put back, as no other log is there and it has all. */
bool sqlite_put_back_is_due(const struct sqlite_handle *s);
/* Needs the flock. Puts the log back, unless another process has. committed: this handle has just
 * committed; 0 then means that its commit is in the log that counts, unless has_split is set.
 * -1: not possible now (ERR_FULL, ERR_READONLY, ERR_BUSY). */
int sqlite_put_back(struct sqlite_handle *s, bool committed, struct err *e);

#endif
