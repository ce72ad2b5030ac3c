/* erase.h - erasing and hiding messages: steps of an act (store_erase.h), and their parts. */
#ifndef SQL_ERASE_H
#define SQL_ERASE_H

#include "store/sql/sql_store.h"
#include "store/store_erase.h"

/* The name of a message that only its author saw isn't shown to others now. */
#define SQL_ERASE_TEXT                         \
    "UPDATE message SET text = '', state = 1," \
    " name = CASE WHEN state = 3 AND person_id IS NOT NULL THEN '" CHAT_NAME_DEFAULT "' ELSE name END"

int sql_erase_message(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e);
int sql_erase_show(struct store *base, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e);
int sql_erase_recent(struct store *base, const struct store_erase_recent *what, uint64_t *count, struct err *e);
int sql_erase_networks(struct store *base, const struct store_erase_recent *what, struct store_erase_networks *out,
                       struct err *e);
int sql_erase_hide_reported(struct store *base, const char *room, uint64_t seq, uint64_t *event, struct err *e);

int sql_erase_person(struct store *base, const struct store_whom *whom, struct err *e);
int sql_erase_step(struct store *base, struct store_changes *changes, uint64_t *count, bool *left, struct err *e);
/* Inside a transaction: a part of store_erase_step. */
int sql_erase_some(struct sql_store *s, int64_t now_ms, struct store_changes *changes, uint64_t *count, struct err *e);

#endif
