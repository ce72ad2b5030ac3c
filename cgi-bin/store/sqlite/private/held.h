/* held.h - messages that wait for a moderator: see store_report.h for each. */
#ifndef SQLITE_HELD_H
#define SQLITE_HELD_H

#include "store/sqlite/private/act.h"
#include "store/store_report.h"

int sqlite_held_approve(struct store *base, uint64_t held, bool trust, struct store_approved *out, struct err *e);
int sqlite_held_reject(struct store *base, uint64_t held, struct err *e);

#endif
