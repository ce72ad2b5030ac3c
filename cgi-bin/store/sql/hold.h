/* hold.h - messages that wait for a moderator: they are in the table held, not in their room. */
#ifndef SQL_HOLD_H
#define SQL_HOLD_H

#include "store/sql/rows.h"

/* Adds the job's message, and sets the outcome: STORE_HELD, also if it waits already; or
 * STORE_CONFLICT if another message with its id waits. The author's person must be there. */
int sql_hold_add(struct sql_store *s, const struct sql_room *room, const struct sql_author *author, const char *why,
                 struct store_job *job, int64_t now_ms, struct err *e);

#endif
