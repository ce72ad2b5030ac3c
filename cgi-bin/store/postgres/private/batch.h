/* batch.h - an append with few waits for the network: one for its beginning, one for its end.
 *
 * The first one begins the transaction, takes all locks (handle.h), and asks for all that the usual
 * job needs to know: rooms, the persons of keys, names, and which ids are there already. The shared
 * rules (store/sql/append.c) then decide job by job, and find their answers here. Their messages
 * and heads are collected, and written by the second one, which also commits. So
 * is what may come late: when persons were seen, and names used. Any other statement, as for a new
 * name or an edit, first writes what is collected, and ends the answers: after it the append goes
 * on statement by statement.
 */
#ifndef POSTGRES_BATCH_H
#define POSTGRES_BATCH_H

#include "store/postgres/private/handle.h"

struct sql_author;
struct sql_room;

/* Begins a transaction for s->jobs. limits: statements that must be done in it first, NULL after
 * the last one. Returns the row of meta, as text; PQclear it. NULL with the error set. */
PGresult *postgres_batch_begin(struct postgres_handle *s, const char *const *limits, const char *meta, struct err *e);

/* The rest is done only while a batch is open, else false is returned. */

/* The room is locked, or isn't there (id 0). */
bool postgres_batch_find_room(const struct postgres_handle *s, const char *name, struct sql_room *out);
/* Takes the message, or finds that there is one with its id. */
bool postgres_batch_add(struct postgres_handle *s, int64_t message_id, const struct sql_author *author,
                        const struct chat_draft *draft, int64_t time_ms, bool *added);
bool postgres_batch_raise(struct postgres_handle *s, const struct sql_room *room);

/* Is there something to be written? */
bool postgres_batch_is_due(const struct postgres_handle *s);
/* Writes it and commits. Returns the result of COMMIT; NULL with the error set. */
PGresult *postgres_batch_commit(struct postgres_handle *s, struct err *e);

/* The transaction is over. */
void postgres_batch_forget(struct postgres_handle *s);

#endif
