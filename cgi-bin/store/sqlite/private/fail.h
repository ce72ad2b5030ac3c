/* fail.h - turns failures of SQLite and of the system into errors with a text for the user. */
#ifndef SQLITE_FAIL_H
#define SQLITE_FAIL_H

#include "store/sqlite/private/handle.h"

/* Sets e from SQLite's result code rc and the handle's last error, and logs it (`what`: what was
 * being done). Always -1. Call it before anything else uses the handle. */
int sqlite_fail(struct sqlite_handle *s, int rc, const char *what, struct err *e);
/* Others had the database for too long: ERR_BUSY, or the reason if it is known. Always -1. */
int sqlite_fail_busy(const struct sqlite_handle *s, struct err *e);
/* The file system has no record locks, so SQLite can't be used safely: ERR_READONLY. Always -1. */
int sqlite_fail_lockless(const struct sqlite_handle *s, struct err *e);
/* chat.db is not a database of pollchat: ERR_CORRUPT. Always -1. */
int sqlite_fail_foreign(const struct sqlite_handle *s, struct err *e);
/* 0 while the database still has its name; else -1 with ERR_BUSY, and the handle is stale. Ask with
 * SQLite's write lock taken: a process that replaces the file has that lock meanwhile. */
int sqlite_fail_if_moved(struct sqlite_handle *s, struct err *e);

#endif
