/* authors.h - who sends a message: the person of the key, which its first message makes.
 *
 * What a send costs beside the message (b-tree searches): a guest with the default name nothing; a
 * key three: key, person, name. Times are written rarely, not with each message: when a name was
 * used at most ten minutes late, when a person was seen at most an hour late.
 */
#ifndef SQL_AUTHORS_H
#define SQL_AUTHORS_H

#include "store/sql/claims.h"
#include "store/sql/rows.h"

/* The statement by which a key is looked for. An engine that has asked for all keys of a batch at
 * once answers it from there. */
#define SQL_AUTHORS_COLUMNS "person.person_id, mark, signed, trusted, first_ms, seen_ms"
#define SQL_AUTHORS_FROM " FROM key CROSS JOIN person USING (person_id)"
#define SQL_AUTHORS_FIND_KEY "SELECT " SQL_AUTHORS_COLUMNS SQL_AUTHORS_FROM " WHERE hash = ?"

/* Writes when the person was seen. An engine may put it off until the end of the transaction. */
#define SQL_AUTHORS_SET_SEEN "UPDATE person SET seen_ms = ?, title = ? WHERE person_id = ?"

/* What a statement of authors.c or claims.c does. */
enum sql_claims_use sql_authors_use(const char *sql);

/* Finds the person of the sender's key; is_new if the key has none yet. */
int sql_authors_find(struct sql_store *s, const struct chat_sender *sender, const struct store_terms *terms,
                     int64_t now_ms, struct sql_author *out, struct err *e);

/* For a message that is being stored: makes the person if it is new, and what sql_claims_check
 * found to do for its name. name: as it is written. Nothing for a guest. */
int sql_authors_settle(struct sql_store *s, const struct sql_claim *claim, const char *name, struct sql_author *author,
                       struct err *e);

#endif
