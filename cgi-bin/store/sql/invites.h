/* invites.h - codes and links: see store_invite.h for each. */
#ifndef SQL_INVITES_H
#define SQL_INVITES_H

#include "store/sql/roles.h"
#include "store/store_invite.h"

int sql_invites_add(struct store *base, const struct store_invite *invite, uint64_t *id, struct err *e);
int sql_invites_use(struct store *base, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                    struct store_invite_used *out, struct err *e);
int sql_invites_revoke(struct store *base, uint64_t id, struct err *e);

#endif
