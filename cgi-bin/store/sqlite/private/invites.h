/* invites.h - codes and links: see store_invite.h for each. */
#ifndef SQLITE_INVITES_H
#define SQLITE_INVITES_H

#include "store/sqlite/private/roles.h"
#include "store/store_invite.h"

int sqlite_invites_add(struct store *base, const struct store_invite *invite, uint64_t *id, struct err *e);
int sqlite_invites_use(struct store *base, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                       struct store_invite_used *out, struct err *e);
int sqlite_invites_revoke(struct store *base, uint64_t id, struct err *e);

#endif
