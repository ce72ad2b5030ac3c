/* journal.h - which journal mode a new database gets. */
#ifndef SQLITE_JOURNAL_H
#define SQLITE_JOURNAL_H

#include "store/sqlite/private/handle.h"

/* Changes a database with a rollback journal to WAL, if that is wished and works in this folder.
 * has_flock: false where sqlite_flock_take returned 1; then WAL isn't used. */
int sqlite_journal_choose(struct sqlite_handle *s, bool has_flock, struct err *e);

#endif
