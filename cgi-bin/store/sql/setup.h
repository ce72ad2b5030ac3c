/* setup.h - modes of rooms, the word list, settings: see store_setup.h for each. */
#ifndef SQL_SETUP_H
#define SQL_SETUP_H

#include "store/sql/act.h"
#include "store/store_setup.h"

int sql_setup_room(struct store *base, const char *room, const struct store_room_setup *mode, struct err *e);
int sql_setup_add_word(struct store *base, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                       struct err *e);
int sql_setup_remove_word(struct store *base, uint64_t id, struct err *e);
int sql_setup_setting(struct store *base, const char *key, const char *value, struct err *e);

#endif
