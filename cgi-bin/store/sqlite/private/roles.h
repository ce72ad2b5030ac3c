/* roles.h - roles, owners, newcomers: see store_person.h for each. */
#ifndef SQLITE_ROLES_H
#define SQLITE_ROLES_H

#include "store/sqlite/private/persons.h"

int sqlite_roles_set(struct store *base, const struct store_whom *whom, enum chat_role role, const char *room,
                     struct err *e);
int sqlite_roles_own(struct store *base, struct err *e);
int sqlite_roles_trust(struct store *base, const struct store_whom *whom, struct err *e);

/* Sets the role without a check of ranks. room_id 0: in all rooms. */
int sqlite_roles_write(struct sqlite_handle *s, sqlite3_int64 person_id, enum chat_role role, sqlite3_int64 room_id,
                       struct err *e);

#endif
