/* transaction.h - transactions of the engine: writing, reading, and what the bytes of erased texts
 * need.
 *
 * Appends, acts of moderators and erasures write between the two functions:
 *     if (sql_write_begin(s, &why) == 0) {
 *         result = sql_write_end(s, change_rows(s, &why), &why);
 *     }
 */
#ifndef SQL_TRANSACTION_H
#define SQL_TRANSACTION_H

#include "store/sql/sql_store.h"

/* Waits for other writers, within the time that the options of the store give. 0: a transaction is
 * open that sees what earlier writers stored, and s->rules is set; sql_write_end must follow. -1:
 * nothing is open. */
int sql_write_begin(struct sql_store *s, struct err *e);

/* result 0: commits. Otherwise rolls back, and e, which isn't NULL, has the reason. Returns 0 when
 * the changes are durable; else -1, and nothing is stored, but see store_append. */
int sql_write_end(struct sql_store *s, int result, struct err *e);

/* Inside a transaction that writes, before its first job: tells the engine which jobs will come. */
int sql_expect(struct sql_store *s, const struct store_job *jobs, size_t count, struct err *e);

/* A transaction that stores nothing new ends as durably as if it did: a repeated message that it
 * answers for may have been written by a process that was killed before its sync. */
int sql_touch(struct sql_store *s, struct err *e);

/* For reading that may be a part of a view or of a writing transaction: begins a view where there
 * is neither, and says so. */
int sql_view_enter(struct sql_store *s, bool *begun, struct err *e);
void sql_view_leave(struct sql_store *s, bool begun);

/* Inside a transaction that erases something: the bytes are gone from the store's files before the
 * answer. */
int sql_scrub_owe(struct sql_store *s, struct err *e);
/* The same for what need not be gone before the answer. */
int sql_scrub_owe_later(struct sql_store *s, struct err *e);

#endif
