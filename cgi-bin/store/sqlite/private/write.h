/* write.h - a transaction that writes: the lock of writers, the record of the log, the commit with
 * its sync.
 *
 * Modules of store/sql come here by sql_write_begin (transaction.h).
 */
#ifndef SQLITE_WRITE_H
#define SQLITE_WRITE_H

#include "store/sqlite/private/record.h"

struct sqlite_write { /* between begin and end; of the module */
    struct sqlite_record record;
    uint64_t log_end; /* before the transaction, as is the next */
    uint64_t log_salts;
};

/* Waits for other writers until the deadline, which it sets. 0: a transaction is open, and
 * sqlite_write_end must follow. -1: nothing is open. */
int sqlite_write_begin(struct sqlite_handle *s, struct sqlite_write *w, struct err *e);

/* result 0: commits. Otherwise rolls back, and e, which isn't NULL, has the reason. Returns 0 when
 * the changes are durable; else -1, and nothing is stored, but see store_append. The handle may be
 * stale then. */
int sqlite_write_end(struct sqlite_handle *s, struct sqlite_write *w, int result, struct err *e);

#endif
