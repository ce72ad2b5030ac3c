/* store_backend.h - what a store is to store.c: a const table of functions. Private to this room
 * and the rooms within it.
 *
 * To add a store:
 *   1. a folder store/NAME with its own private headers, a row for it in cgi-bin/README.md ("Who
 *      may include whom"), and sql/NAME for its schema
 *   2. a const table of the functions below; each keeps the promises of the function store_... of
 *      the same name
 *   3. its declaration at the end of this file, and a row in store.c; or, if it takes a library
 *      that few hosts need, a module (store_module.h)
 *   4. a row in tests/unit/store_support.h: the contract is then tested for it as well
 *   5. what names SQLite or its files outside of store/: cgi-bin/README.md, "A further store"
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/private/erase_backend.h"
#include "store/private/notices_backend.h"
#include "store/private/peace_backend.h"
#include "store/private/replica_backend.h"
#include "store/store_move.h"
#include "store/store_news.h"
#include "store/store_upkeep.h"

struct store_backend {
    const char *name;

    struct store *(*open)(const struct store_options *options, enum store_mode mode, struct err *e);
    void (*close)(struct store *s);
    const char *(*epoch)(const struct store *s);
    bool (*is_stale)(struct store *s);
    uint64_t (*identity)(const struct store *s);
    int (*append)(struct store *s, struct store_job *jobs, size_t count, struct err *e);
    int (*read_begin)(struct store *s, struct err *e);
    void (*read_end)(struct store *s);
    int (*room)(struct store *s, const char *room, struct store_room *out, struct err *e);
    int (*read)(struct store *s, const struct store_range *range, struct store_page *page, struct err *e);

    enum store_news (*news_by)(const struct store_options *options);
    uint64_t (*stamp)(const struct store_options *options);
    int (*version)(struct store *s, uint64_t *out, struct err *e);

    bool (*exists)(const struct store_options *options);
    const char *(*describe)(const struct store *s);
    int (*size)(struct store *s, uint64_t *out, struct err *e);
    int (*unused)(struct store *s, uint64_t *out, struct err *e);
    int (*keep_key)(struct store *s, const char *mark, char *kept, struct err *e); /* NULL: of one host */
    int (*check)(struct store *s, FILE *out, struct err *e);
    void (*rest)(const struct store_options *options, bool now);
    int (*backup)(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e);
    int (*restore)(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e);
    /* Of two open stores, which may be of two tables. */
    int (*move)(struct store *from, struct store *to, const struct store_progress *progress, struct store_moved *out,
                struct err *e);
    int (*move_undo)(struct store *from, struct store *to, const struct store_progress *progress, struct err *e);

    const struct notices_backend *notices; /* NULL: it has none, as with the next one */
    const struct replica_backend *replica;
    struct peace_backend peace;
    struct erase_backend erase;
};

struct store { /* a store's handle begins with it */
    const struct store_backend *backend;
};

/* The table of the store that the options name. NULL with the error set: this program can't load it
 * (store_module.h). */
const struct store_backend *store_backend_of(const struct store_options *options, struct err *e);

extern const struct store_backend store_sqlite_backend;

#endif
