/* store_backend.h - what a backend is to store.c. Private to store*.c.
 *
 * To add one: a file store_NAME.c with a const table, its row in store.c, and the choice there. The functions keep
 * the promises of store.h, where they are described under the same names.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/store.h"

#include <stddef.h>

struct store_backend {
    const char *name;
    bool (*exists)(const char *folder);
    uint64_t (*stamp)(const char *folder);
    struct store *(*open)(const struct store_options *options, enum store_mode mode, struct err *e);
    void (*close)(struct store *s);
    const char *(*epoch)(const struct store *s);
    bool (*is_replaced)(struct store *s);
    uint64_t (*file)(const struct store *s);
    const char *(*describe)(const struct store *s);
    int (*append)(struct store *s, struct store_job *jobs, size_t count, struct err *e);
    int (*read_begin)(struct store *s, struct err *e);
    void (*read_end)(struct store *s);
    int (*room)(struct store *s, const char *room, struct store_room *out, struct err *e);
    int (*read)(struct store *s, const struct store_range *range, struct store_page *page, struct err *e);
    int (*version)(struct store *s, uint64_t *out, struct err *e);
    int (*size)(struct store *s, uint64_t *out, struct err *e);
    int (*check)(struct store *s, FILE *out, struct err *e);
    void (*rest)(const struct store_options *options, bool now);
    int (*backup)(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e);
    int (*restore)(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e);
};

struct store { /* a backend's handle begins with it */
    const struct store_backend *backend;
};

extern const struct store_backend store_sqlite_backend;

#endif
