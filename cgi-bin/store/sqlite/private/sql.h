/* sql.h - SQL that is run once, from text. Repeated statements are prepared: rows.h. */
#ifndef SQLITE_SQL_H
#define SQLITE_SQL_H

#include "store/sqlite/private/handle.h"

/* One or several statements without a result. what: for the log. -1 with the error set. */
int sqlite_sql_exec(struct sqlite_handle *s, const char *sql, const char *what, struct err *e);
/* The first column of the first row as text, cut to size; "" without a row. -1 with the error
 * set. */
int sqlite_sql_ask(struct sqlite_handle *s, const char *sql, const char *what, char *out, size_t size, struct err *e);

#endif
