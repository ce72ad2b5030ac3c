/* store.c - see store.h. Hands each call to the backend; does what no backend needs to do itself. */
#include "store/private/store_backend.h"

#include "base/ck.h"
#include "system/permissions.h"

#include <stdlib.h>
#include <string.h>

/* The one place that chooses. With a second backend, options will name it. */
static const struct store_backend *const backend = &store_sqlite_backend;

bool store_exists(const char *folder)
{
    return backend->exists(folder);
}

uint64_t store_stamp(const char *folder)
{
    return backend->stamp(folder);
}

struct store *store_open(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct store *s = permissions_folder(options->folder, e) == 0 ? backend->open(options, mode, e) : NULL;
    if (s != NULL && permissions_folder(options->folder, e) != 0) { /* the folder, or a file in it, came in between */
        store_close(s);
        s = NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (s != NULL) {
        s->backend->close(s);
    }
}

const char *store_epoch(const struct store *s)
{
    return s->backend->epoch(s);
}

bool store_is_replaced(struct store *s)
{
    return s->backend->is_replaced(s);
}

uint64_t store_file(const struct store *s)
{
    return s->backend->file(s);
}

const char *store_describe(const struct store *s)
{
    return s->backend->describe(s);
}

static void forget_outcomes(struct store_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i].outcome = 0;
        jobs[i].seq = 0;
        jobs[i].time_ms = 0;
    }
}

int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e)
{
    forget_outcomes(jobs, count);
    int result = s->backend->append(s, jobs, count, e);
    if (result != 0) {
        forget_outcomes(jobs, count);
    }
    return result;
}

int store_read_begin(struct store *s, struct err *e)
{
    return s->backend->read_begin(s, e);
}

void store_read_end(struct store *s)
{
    s->backend->read_end(s);
}

int store_room(struct store *s, const char *room, struct store_room *out, struct err *e)
{
    return s->backend->room(s, room, out, e);
}

int store_read(struct store *s, const struct store_range *range, struct store_page *page, struct err *e)
{
    CK(range->limit >= 1);
    memset(page, 0, sizeof *page);
    int result = s->backend->read(s, range, page, e);
    if (result != 0) {
        store_page_fini(page);
    }
    return result;
}

void store_page_fini(struct store_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        chat_message_fini(&page->messages[i]);
    }
    free(page->messages);
    memset(page, 0, sizeof *page);
}

int store_version(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->version(s, out, e);
}

int store_size(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->size(s, out, e);
}

int store_check(struct store *s, FILE *out, struct err *e)
{
    return s->backend->check(s, out, e);
}

void store_rest(const struct store_options *options, bool now)
{
    backend->rest(options, now);
}

int store_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                 struct err *e)
{
    return permissions_folder(options->folder, e) == 0 ? backend->backup(options, to, progress, e) : -1;
}

int store_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                  struct store_restored *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    return permissions_folder(options->folder, e) == 0 ? backend->restore(options, from, progress, out, e) : -1;
}
