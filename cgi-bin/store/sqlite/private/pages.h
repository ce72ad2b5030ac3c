/* pages.h - the pages of the database file, and those of them that are free. */
#ifndef SQLITE_PAGES_H
#define SQLITE_PAGES_H

#include "store/sqlite/private/handle.h"

/* Fills all members but log. */
int sqlite_pages_count(struct sqlite_handle *s, struct sql_space *out, struct err *e);

/* Are so many pages free that some should be returned to the file system? False as well if it can't
 * be found out, or the file can't get smaller. */
bool sqlite_pages_are_due(struct sqlite_handle *s);
/* Inside a transaction: returns some of them. */
int sqlite_pages_return(struct sqlite_handle *s, struct err *e);

#endif
