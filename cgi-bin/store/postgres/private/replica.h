/* replica.h - a replica beside the primary of a handle: see store_replica.h.
 *
 * It is a handle of its own, with a connection that is made at the first page. Waits for it are
 * short, and it writes nothing to the log but what this module says. What is known of the replica
 * (when it may be tried again) is known to all handles of the process.
 *
 * What is compared, between a statement of the primary and the view of the replica:
 *   - epoch, schema, timeline and cluster (takeover.h): the replica may follow an old primary, and
 *     have messages that are lost for the new one
 *   - head and oldest seq of each room of the page: a message, an edit and a delete raise head,
 *     retention raises oldest
 *   - the number of the rules, which other acts raise
 *   - how far persons are erased (store/sql/erase_person.c): a step may change names without a
 *     message
 * A replica that is ahead isn't used either: it may show a commit that the primary still waits
 * with, and that a fail-over would lose.
 *
 * To change messages in a way that raises none of these: add it to ask_state.
 */
#ifndef POSTGRES_REPLICA_H
#define POSTGRES_REPLICA_H

#include "store/postgres/private/handle.h"
#include "store/private/replica_backend.h"

extern const struct replica_backend postgres_replica_backend;

/* Not connected. NULL: none is to be used. */
struct postgres_replica *postgres_replica_new(const struct store_options *options, enum store_mode mode,
                                              const struct sql_engine *engine);
void postgres_replica_free(struct postgres_replica *r); /* NULL is fine */

/* The handle of the replica while its view is open; else NULL. */
struct postgres_handle *postgres_replica_viewed(const struct postgres_handle *s);
/* Ends the view. */
void postgres_replica_end(struct postgres_handle *s);
/* A statement in the view failed. */
void postgres_replica_failed(const struct postgres_handle *s);

#endif
