/* deadline.h - one deadline for all waits of a call for other processes. */
#ifndef SQLITE_DEADLINE_H
#define SQLITE_DEADLINE_H

#include "store/sqlite/private/handle.h"

/* The call that begins now may wait for busy_timeout_ms. */
void sqlite_deadline_set(struct sqlite_handle *s);
/* Sleeps 1 to 8 ms, longer after more tries (times: tries so far). False, at once, when waiting is
 * over: the deadline passed, this process ends, or another process changes the schema. */
bool sqlite_deadline_nap(const struct sqlite_handle *s, int times);
/* The same as a callback for sqlite3_busy_handler. */
int sqlite_deadline_on_busy(void *handle, int times);

#endif
