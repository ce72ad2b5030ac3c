/* retain.h - what is forgotten by itself: see store_retain.h. */
#ifndef SQLITE_RETAIN_H
#define SQLITE_RETAIN_H

#include "store/sqlite/private/handle.h"
#include "store/store_retain.h"

bool sqlite_retain_is_due(struct store *base, const struct store_terms_kept *terms, int64_t now_ms);
int sqlite_retain_step(struct store *base, const struct store_terms_kept *terms, int64_t now_ms,
                       struct store_changes *changes, struct err *e);

/* One kind of thing that is forgotten. To add one: a row in retain.c. */
struct sqlite_retain_now {
    const struct store_terms_kept *terms;
    int64_t now_ms;
    struct store_changes *changes;
};

/* Old messages: retain_messages.c. All inside a transaction; is_due may be called without one, and
 * returns false if it can't be found out. */
bool sqlite_retain_messages_are_due(struct sqlite_handle *s, const struct sqlite_retain_now *now);
int sqlite_retain_messages(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct err *e);
/* Hashes of networks in messages. */
bool sqlite_retain_networks_are_due(struct sqlite_handle *s, const struct sqlite_retain_now *now);
int sqlite_retain_networks(struct sqlite_handle *s, const struct sqlite_retain_now *now, struct err *e);

#endif
