/* meta.h - the table meta: is the database still the one that the handle was opened on? */
#ifndef POSTGRES_META_H
#define POSTGRES_META_H

#include "store/postgres/private/handle.h"
#include "store/postgres/private/takeover.h"

/* The last statement of the text that begins a transaction. It follows the lock of the rules, so
 * that it sees the number that earlier acts have left. */
#define POSTGRES_META_SELECT \
    "SELECT epoch, schema, rules, timeline, system, " POSTGRES_TAKEOVER_TIMELINE " FROM meta WHERE one = 1"

/* Learns the epoch from a row of it. -1 with the error set. */
int postgres_meta_learn(struct postgres_handle *s, const PGresult *row, struct err *e);
/* The server's timeline; 0: a replica's. */
int64_t postgres_meta_timeline(const PGresult *row);
/* Another server answers than the one that the epoch holds for (takeover.h). */
bool postgres_meta_is_taken_over(const struct postgres_handle *s, const PGresult *row);
/* Epoch and schema are still those of the handle, and s->sql.rules is taken. A newer program may
 * have migrated the database, or its owner may have restored a dump. -1: ERR_NEWER or ERR_BUSY, and
 * the handle is stale; or another error. */
int postgres_meta_check(struct postgres_handle *s, const PGresult *row, struct err *e);

#endif
