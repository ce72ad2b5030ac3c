/* numbers.h - the numbers that SQLite gives to rows of tables with AUTOINCREMENT.
 *
 * Other tables have none: a new row's number follows the greatest one that is there.
 */
#ifndef SQLITE_NUMBERS_H
#define SQLITE_NUMBERS_H

#include "store/sql/sql_store.h"

/* As the engine's functions last_number and number_behind (sql_store.h). */
int sqlite_numbers_last(struct sql_store *s, const char *table, const char *column, int64_t *out, struct err *e);
int sqlite_numbers_behind(struct sql_store *s, const char *table, const char *column, int64_t last, struct err *e);

#endif
