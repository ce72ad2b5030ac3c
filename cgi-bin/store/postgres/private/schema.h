/* schema.h - the tables: made, or brought to this program's schema, by the program that comes
 * first.
 *
 * To add a migration: sql/postgres/NNN-what.sql with the next number. It runs in one transaction
 * with the others that are missing, alone (handle.h: the lock "rules", and one of its own, as there
 * may be no table meta yet). Other programs wait for it, and find their schema replaced
 * (postgres_meta_check).
 */
#ifndef POSTGRES_SCHEMA_H
#define POSTGRES_SCHEMA_H

#include "store/postgres/private/handle.h"

int postgres_schema_latest(void); /* number of this program's last file */

/* Makes or changes the tables if need be. 0: they have this program's schema. ERR_NEWER: a newer
 * program's. */
int postgres_schema_make(struct postgres_handle *s, struct err *e);

/* *out: whether there is a table meta. */
int postgres_schema_is_there(struct postgres_handle *s, bool *out, struct err *e);

/* Sets ERR_NEWER, and logs it. */
int postgres_schema_refuse_newer(const struct postgres_handle *s, uint64_t schema, struct err *e);

#endif
