/* roles.h - roles, owners, newcomers: see store_person.h for each. */
#ifndef SQL_ROLES_H
#define SQL_ROLES_H

#include "store/sql/persons.h"

int sql_roles_set(struct store *base, const struct store_whom *whom, enum chat_role role, const char *room,
                  struct err *e);
int sql_roles_own(struct store *base, struct err *e);
int sql_roles_trust(struct store *base, const struct store_whom *whom, struct err *e);

/* Sets the role without a check of ranks. room_id 0: in all rooms. */
int sql_roles_write(struct sql_store *s, int64_t person_id, enum chat_role role, int64_t room_id, struct err *e);

#endif
