/* backup.h - the owner's copy of the database. */
#ifndef SQLITE_BACKUP_H
#define SQLITE_BACKUP_H

#include "store/sqlite/private/handle.h"

int sqlite_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e); /* see store_backup */

#endif
