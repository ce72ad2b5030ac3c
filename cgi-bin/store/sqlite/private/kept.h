/* kept.h - statements that many sends need, but not all: kept in the handle from their first use
 * on. Those of each send and poll are in rows.h. */
#ifndef SQLITE_KEPT_H
#define SQLITE_KEPT_H

#include "store/sqlite/private/handle.h"

/* sql is known by its address: a constant, as long as the handle lives. Returns SQLite's code. */
int sqlite_kept_get(struct sqlite_handle *s, const char *sql, sqlite3_stmt **out);
void sqlite_kept_finish(struct sqlite_handle *s); /* forgets them all */

#endif
