/* hold.h - messages that wait for a moderator: they are in the table held, not in their room. */
#ifndef SQLITE_HOLD_H
#define SQLITE_HOLD_H

#include "store/sqlite/private/rows.h"

/* Adds the job's message, and sets the outcome: STORE_HELD, also if it waits already; or
 * STORE_CONFLICT if another message with its id waits. The author's person must be there. */
int sqlite_hold_add(struct sqlite_handle *s, const struct sqlite_room *room, const struct sqlite_author *author,
                    const char *why, struct store_job *job, int64_t now_ms, struct err *e);

#endif
