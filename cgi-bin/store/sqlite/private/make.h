/* make.h - making a database, and migrating one of an older schema. */
#ifndef SQLITE_MAKE_H
#define SQLITE_MAKE_H

#include "store/sqlite/private/handle.h"

/* Makes or migrates the database, and rolls back what a killed writer left, through a handle of its
 * own. like: whose folder, limits and deadline to use. -1 with the error set. */
int sqlite_make(const struct sqlite_handle *like, struct err *e);

#endif
