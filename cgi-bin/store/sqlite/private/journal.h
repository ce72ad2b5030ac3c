/* journal.h - which journal mode a new database gets. */
#ifndef SQLITE_JOURNAL_H
#define SQLITE_JOURNAL_H

#include "store/sqlite/private/handle.h"

/* Changes a database with a rollback journal to WAL, if that is wished and works in this folder.
 * has_flock: the caller has the flock (1 of sqlite_flock_take: there is no such lock; then no WAL). */
int sqlite_journal_choose(struct sqlite_handle *s, bool has_flock, struct err *e);

#endif
