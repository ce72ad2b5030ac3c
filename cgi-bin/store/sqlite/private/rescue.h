/* rescue.h - saves what a handle has when files of the database were removed or cut.
 *
 *   log removed   It is put back: put_back.h.
 *   file cut      The database, as this handle sees it, is written to a new file that replaces the
 *                 damaged one, if it can still be read and is sound. Otherwise the epoch changes.
 * The process that notices first does it, under the flock. Afterwards the handle is stale: open a
 * new one.
 */
#ifndef SQLITE_RESCUE_H
#define SQLITE_RESCUE_H

#include "store/sqlite/private/handle.h"

/* Takes the flock if need be. 0: saved, or there was nothing to save. -1: not possible now
 * (ERR_FULL, ERR_READONLY, ERR_BUSY); the handle still has everything. */
int sqlite_rescue(struct sqlite_handle *s, struct err *e);
/* The same with the flock, outside of transactions. committed: see sqlite_put_back. */
int sqlite_rescue_locked(struct sqlite_handle *s, bool committed, struct err *e);
/* After a commit, with the log's end and salts from before it. When somebody cuts the log during a
 * commit, the new frames come after a hole, and the file has its right length again. -1: there is a
 * hole (ERR_BUSY): the log is given up. */
int sqlite_rescue_check_hole(struct sqlite_handle *s, uint64_t end, uint64_t salts, struct err *e);
/* Saves what only this handle has, then closes and frees it. */
void sqlite_rescue_close(struct sqlite_handle *s);

#endif
