/* authors.h - who sends a message: the person of the key, which its first message makes.
 *
 * What a send costs beside the message (b-tree searches): a guest with the default name nothing; a
 * key three: key, person, name. Times are written rarely, not with each message: when a name was
 * used at most ten minutes late, when a person was seen at most an hour late.
 */
#ifndef SQLITE_AUTHORS_H
#define SQLITE_AUTHORS_H

#include "store/sqlite/private/claims.h"
#include "store/sqlite/private/rows.h"

/* Finds the person of the sender's key; is_new if the key has none yet. */
int sqlite_authors_find(struct sqlite_handle *s, const struct chat_sender *sender, const struct store_terms *terms,
                        int64_t now_ms, struct sqlite_author *out, struct err *e);

/* For a message that is being stored: makes the person if it is new, and what sqlite_claims_check
 * found to do for its name. name: as it is written. Nothing for a guest. */
int sqlite_authors_settle(struct sqlite_handle *s, const struct sqlite_claim *claim, const char *name,
                          struct sqlite_author *author, struct err *e);

#endif
