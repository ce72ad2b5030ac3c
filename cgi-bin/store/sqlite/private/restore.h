/* restore.h - a backup in the place of the database. */
#ifndef SQLITE_RESTORE_H
#define SQLITE_RESTORE_H

#include "store/sqlite/private/handle.h"

int sqlite_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e); /* see store_restore */
/* For a process that opens the database and finds chat-restore.db. -1: ERR_BUSY or ERR_FULL, to be
 * tried again. A file that can't be restored for another reason is renamed, and 0 returned. */
int sqlite_restore_asked(const struct store_options *options, const char *from, struct err *e);

#endif
