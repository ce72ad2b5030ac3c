/* made_id.h - ids of messages that came without one: 22 random characters, "." and the seq.
 *
 * No index has these ids. A client learns such an id with its message, and may send it again: then
 * the seq at its end leads to the row, which has that name and id or not. A client can't use an id
 * before it is made, since it can't guess the random part.
 */
#ifndef SQL_MADE_ID_H
#define SQL_MADE_ID_H

#include "store/store.h"

/* Gives the draft a new id for a message with this seq, and sets id_is_made. */
void sql_made_id_set(struct chat_draft *d, uint64_t seq);
/* The seq at the end of an id of that form; 0: it has another form. A client may send any id, so
 * the row with that seq must still be compared. */
uint64_t sql_made_id_seq(const char *id);

#endif
