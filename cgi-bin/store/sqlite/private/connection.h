/* connection.h - connecting a handle to its database file, and ending it. */
#ifndef SQLITE_CONNECTION_H
#define SQLITE_CONNECTION_H

#include "store/sqlite/private/handle.h"

/* flags: SQLITE_OPEN_... Of chat.db in WAL it joins the log (join.h), waiting until the deadline.
 * -1 with the error set; end it with sqlite_connection_end also then. */
int sqlite_connection_open(struct sqlite_handle *s, int flags, struct err *e);
void sqlite_connection_end(struct sqlite_handle *s); /* not connected afterwards; fine if it wasn't */
/* Ends the connection, unlocks, and frees the handle. For chat.db: sqlite_rescue_close. */
void sqlite_connection_close(struct sqlite_handle *s);

#endif
