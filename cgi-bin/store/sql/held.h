/* held.h - messages that wait for a moderator: see store_report.h for each. */
#ifndef SQL_HELD_H
#define SQL_HELD_H

#include "store/sql/act.h"
#include "store/store_report.h"

int sql_held_approve(struct store *base, uint64_t held, bool trust, struct store_approved *out, struct err *e);
int sql_held_reject(struct store *base, uint64_t held, struct err *e);

#endif
