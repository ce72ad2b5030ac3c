/* erase_backend.h - the part of a store's table (store_backend.h) that is about erasing. Each
 * function keeps the promises of the function store_... of the same name. */
#ifndef ERASE_BACKEND_H
#define ERASE_BACKEND_H

#include "store/store_erase.h"
#include "store/store_retain.h"

struct erase_backend {
    int (*erase_message)(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e);
    int (*erase_show)(struct store *s, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e);
    int (*erase_hide_reported)(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e);
    int (*erase_recent)(struct store *s, const struct store_erase_recent *what, uint64_t *count, struct err *e);
    int (*erase_networks)(struct store *s, const struct store_erase_recent *what, struct store_erase_networks *out,
                          struct err *e);
    int (*erase_person)(struct store *s, const struct store_whom *whom, struct err *e);
    int (*erase_step)(struct store *s, struct store_changes *changes, uint64_t *count, bool *left, struct err *e);
    bool (*retain_is_due)(struct store *s, const struct store_terms_kept *terms, int64_t now_ms);
    int (*retain_step)(struct store *s, const struct store_terms_kept *terms, int64_t now_ms,
                       struct store_changes *changes, struct err *e);
};

#endif
