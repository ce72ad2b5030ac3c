/* checkpoint.h - copies the log into the database, so that the log restarts.
 *
 * The messages are durable already: a failure, of a full disk for instance, is logged once and the
 * copy is tried again later.
 */
#ifndef SQLITE_CHECKPOINT_H
#define SQLITE_CHECKPOINT_H

#include "store/sqlite/private/handle.h"

/* Needs the flock. mode: SQLITE_CHECKPOINT_... Returns SQLite's code. */
int sqlite_checkpoint(struct sqlite_handle *s, int mode);
/* A longer log is copied by the next append, a shorter one by store_rest. */
int sqlite_checkpoint_pages_most(const struct sqlite_handle *s);
/* Needs the flock. Copies a log that is too long to wait for store_rest, so that it restarts with
 * the next write. full: the disk is full, so a log of any length is copied, to restart in the room
 * that it has. */
void sqlite_checkpoint_if_long(struct sqlite_handle *s, bool full);
void sqlite_checkpoint_rest(const struct store_options *options, bool now); /* see store_rest */

#endif
