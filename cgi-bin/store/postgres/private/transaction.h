/* transaction.h - views and transactions that write. The order of locks: handle.h. */
#ifndef POSTGRES_TRANSACTION_H
#define POSTGRES_TRANSACTION_H

#include "store/postgres/private/handle.h"

/* As the engine's functions of the same names (store/sql/sql_store.h). With s->is_append the
 * transaction is one of many at a time. */
int postgres_transaction_write_begin(struct sql_store *base, struct err *e);
int postgres_transaction_write_end(struct sql_store *base, int result, struct err *e);

/* A view of one moment, until postgres_transaction_view_end, which is fine without a view. */
int postgres_transaction_view_begin(struct postgres_handle *s, struct err *e);
void postgres_transaction_view_end(struct postgres_handle *s);

#endif
