/* retain.h - what is forgotten by itself: see store_retain.h. */
#ifndef SQL_RETAIN_H
#define SQL_RETAIN_H

#include "store/sql/sql_store.h"
#include "store/store_retain.h"

bool sql_retain_is_due(struct store *base, const struct store_terms_kept *terms, int64_t now_ms);
int sql_retain_step(struct store *base, const struct store_terms_kept *terms, int64_t now_ms,
                    struct store_changes *changes, struct err *e);

/* One kind of thing that is forgotten. To add one: a row in retain.c. */
struct sql_retain_now {
    const struct store_terms_kept *terms;
    int64_t now_ms;
    struct store_changes *changes;
};

/* Old messages: retain_messages.c. All inside a transaction; is_due may be called without one, and
 * returns false if it can't be found out. */
bool sql_retain_messages_are_due(struct sql_store *s, const struct sql_retain_now *now);
int sql_retain_messages(struct sql_store *s, const struct sql_retain_now *now, struct err *e);
/* Hashes of networks in messages. */
bool sql_retain_networks_are_due(struct sql_store *s, const struct sql_retain_now *now);
int sql_retain_networks(struct sql_store *s, const struct sql_retain_now *now, struct err *e);

#endif
