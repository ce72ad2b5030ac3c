/* check.h - looks through a whole database for what must not be in it
 * (sql/sqlite/invariants.sql). */
#ifndef SQLITE_CHECK_H
#define SQLITE_CHECK_H

#include "store/sqlite/private/handle.h"

int sqlite_check(struct sqlite_handle *s, FILE *out, struct err *e); /* see store_check; inside a view */

#endif
