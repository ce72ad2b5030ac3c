/* setup.h - modes of rooms, the word list, settings: see store_setup.h for each. */
#ifndef SQLITE_SETUP_H
#define SQLITE_SETUP_H

#include "store/sqlite/private/act.h"
#include "store/store_setup.h"

int sqlite_setup_room(struct store *base, const char *room, const struct store_room_setup *mode, struct err *e);
int sqlite_setup_add_word(struct store *base, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                          struct err *e);
int sqlite_setup_remove_word(struct store *base, uint64_t id, struct err *e);
int sqlite_setup_setting(struct store *base, const char *key, const char *value, struct err *e);

#endif
