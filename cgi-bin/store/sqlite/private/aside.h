/* aside.h - files that don't fit the database are kept under another name: chat-aside-TIME. */
#ifndef SQLITE_ASIDE_H
#define SQLITE_ASIDE_H

#include "store/sqlite/private/handle.h"

enum { ASIDE_NAME_SIZE = 64, ASIDE_NAMES_MAX = 100 };

/* "chat-aside-TIME-NUMBER.db", with the given end; number: 1 to ASIDE_NAMES_MAX - 1, as several may
 * be made in one second. */
void sqlite_aside_name(char *name, size_t size, int number, const char *end);
/* Renames the log, which belongs to no database here. Needs the flock. -1: ERR_READONLY. */
int sqlite_aside_log(const struct sqlite_handle *s, struct err *e);

#endif
