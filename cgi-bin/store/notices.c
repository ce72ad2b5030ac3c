/* notices.c - see store_notices.h. Hands each call to the store's table. */
#include "store/private/store_backend.h"

#include "base/ck.h"

struct store_notices *store_notices_open(const struct store_options *options, struct err *e)
{
    const struct store_backend *backend = store_backend_of(options, e);
    CK(backend == NULL || backend->notices != NULL);
    return backend != NULL ? backend->notices->open(options, e) : NULL;
}

void store_notices_close(struct store_notices *n)
{
    if (n != NULL) {
        n->backend->close(n);
    }
}

int store_notices_tell(struct store_notices *n, const struct store_changes *changes, struct err *e)
{
    return n->backend->tell(n, changes, e);
}

int store_notices_listen(struct store_notices *n, int timeout_ms, struct store_changes *out, struct err *e)
{
    return n->backend->listen(n, timeout_ms, out, e);
}

void store_notices_wake(struct store_notices *n)
{
    n->backend->wake(n);
}

bool store_notices_are_heard(const struct store_notices *n)
{
    return n->backend->are_heard(n);
}

int store_notices_doubt(struct store_notices *n, struct err *e)
{
    return n->backend->doubt(n, e);
}

int store_notices_ask(struct store_notices *n, struct store_asked *asked, struct err *e)
{
    return n->backend->ask(n, asked, e);
}

int store_tell(struct store *s, const struct store_changes *changes, struct err *e)
{
    return s->backend->notices->tell_by(s, changes, e);
}
