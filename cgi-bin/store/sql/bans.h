/* bans.h - bans and mutes: see store_ban.h for each. */
#ifndef SQL_BANS_H
#define SQL_BANS_H

#include "store/sql/persons.h"
#include "store/store_ban.h"

int sql_bans_add(struct store *base, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e);
int sql_bans_lift(struct store *base, uint64_t ban, struct err *e);

#endif
