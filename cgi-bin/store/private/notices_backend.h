/* notices_backend.h - the part of a store's table (store_backend.h) that is about notices between
 * hosts. Each function keeps the promises of the function store_notices_... of the same name. A
 * store of another kind than STORE_NEWS_NOTICES has none of them. */
#ifndef NOTICES_BACKEND_H
#define NOTICES_BACKEND_H

#include "store/store_notices.h"

struct notices_backend {
    struct store_notices *(*open)(const struct store_options *options, struct err *e);
    void (*close)(struct store_notices *n);
    int (*tell)(struct store_notices *n, const struct store_changes *changes, struct err *e);
    int (*listen)(struct store_notices *n, int timeout_ms, struct store_changes *out, struct err *e);
    void (*wake)(struct store_notices *n);
    bool (*are_heard)(const struct store_notices *n);
    int (*tell_by)(struct store *s, const struct store_changes *changes, struct err *e); /* store_tell */
    int (*doubt)(struct store_notices *n, struct err *e);
    int (*ask)(struct store_notices *n, struct store_asked *asked, struct err *e);
};

struct store_notices { /* a store's own begins with it */
    const struct notices_backend *backend;
};

#endif
