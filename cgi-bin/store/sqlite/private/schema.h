/* schema.h - the schema's number, and the migrations that lead to it.
 *
 * To add a migration: add sql/sqlite/NNN-WHAT.sql with the next number (the build embeds all files
 * of that folder), and the queries that it makes true to invariants.sql beside it. Programs then
 * copy and migrate older databases by themselves (upgrade.h). If the migration needs room on the
 * disk, say so in sqlite_schema_growth. A file that was released is never changed.
 */
#ifndef SQLITE_SCHEMA_H
#define SQLITE_SCHEMA_H

#include "store/sqlite/private/handle.h"

int sqlite_schema_latest(void); /* the greatest number of a file in sql/sqlite */
/* user_version of the database; 0: it has no schema yet. -1 with the error set. */
int sqlite_schema_read(struct sqlite_handle *s, uint64_t *version, struct err *e);
/* Runs all migrations after `from`, and fills or updates meta. Inside the caller's transaction. */
int sqlite_schema_migrate(struct sqlite_handle *s, int from, struct err *e);
/* How many times the size of the database the migrations after `from` may need beside it. 002
 * writes all messages again, to the log and from there to the database, and the log gets the
 * overwritten pages of the old ones, too. 003 makes the index of ids anew: 86 MB in the log with a
 * million messages of 258 MB. */
unsigned sqlite_schema_growth(int from);
/* The database has a schema that this program doesn't know: ERR_NEWER. Always -1. */
int sqlite_schema_refuse_newer(const struct sqlite_handle *s, uint64_t version, struct err *e);

#endif
