/* make_error.h - the words for a failed call that makes or writes something in the data folder.
 *
 * Threads: any.
 */
#ifndef MAKE_ERROR_H
#define MAKE_ERROR_H

struct err;

/* Reads errno and keeps it. Logs "what path: reason", sets *e (ERR_READONLY, ERR_FULL, ERR_CONFIG
 * or ERR_SYSTEM), returns -1. */
int make_error(const char *what, const char *path, struct err *e);

#endif
