/* moving.c - see store_move.h. Opens the two stores; the work is done by their table. */
#include "store/store_move.h"

#include "base/err.h"
#include "store/private/store_backend.h"

#include <string.h>

enum { BUSY_TIMEOUT_MS = 5000 }; /* at least */

static struct store *open_one(const struct store_options *options, const char *which, struct err *e)
{
    struct store_options patient = *options;
    struct err why = ERR_INIT;
    patient.busy_timeout_ms = options->busy_timeout_ms > BUSY_TIMEOUT_MS ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;
    struct store *s = store_open(&patient, STORE_WRITE, &why);
    if (s == NULL) {
        err_set(e, why.code, "The %s database: %s", which, why.text);
    }
    return s;
}

static int open_both(const struct store_options *from, const struct store_options *to, struct store **old,
                     struct store **new, struct err *e)
{
    *new = NULL;
    *old = open_one(from, "old", e);
    *new = *old != NULL ? open_one(to, "new", e) : NULL;
    if (*new == NULL) {
        store_close(*old);
        return -1;
    }
    if (store_identity(*old) == store_identity(*new) && (*old)->backend == (*new)->backend) {
        store_close(*old);
        store_close(*new);
        return err_set(e, ERR_CONFLICT, "That is the database that the chat is in already.");
    }
    return 0;
}

int store_move(const struct store_options *from, const struct store_options *to, const struct store_progress *progress,
               struct store_moved *out, struct err *e)
{
    struct store *old = NULL;
    struct store *new = NULL;
    memset(out, 0, sizeof *out);
    if (open_both(from, to, &old, &new, e) != 0) {
        return -1;
    }
    int result = old->backend->move(old, new, progress, out, e);
    store_close(new);
    store_close(old);
    return result;
}

int store_move_undo(const struct store_options *from, const struct store_options *to,
                    const struct store_progress *progress, struct err *e)
{
    struct store *old = NULL;
    struct store *new = NULL;
    if (open_both(from, to, &old, &new, e) != 0) {
        return -1;
    }
    int result = old->backend->move_undo(old, new, progress, e);
    store_close(new);
    store_close(old);
    return result;
}
