/* append.h - writing: messages of several senders in one transaction with one sync. */
#ifndef SQLITE_APPEND_H
#define SQLITE_APPEND_H

#include "store/sqlite/private/handle.h"

int sqlite_append(struct store *base, struct store_job *jobs, size_t count, struct err *e); /* see store_append */

#endif
