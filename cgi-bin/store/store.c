/* store.c - see store.h, store_news.h and store_upkeep.h. Hands each call to the store's table, and
 * does what is the same for all stores. */
#include "store/private/store_backend.h"
#include "store/private/store_module.h"

#include "base/ck.h"

#include <stdlib.h>
#include <string.h>

enum { BACKENDS = 1 };
static const struct store_backend *const backends[BACKENDS] = {&store_sqlite_backend};

/* The options name a store of the table; NULL: the first one. With an address it is PostgreSQL;
 * NULL: this program can't load its module (store_module.h). */
const struct store_backend *store_backend_of(const struct store_options *options, struct err *e)
{
    const struct store_backend *found = NULL;
    if (options->address != NULL) {
        return store_module_postgres(e);
    }
    for (size_t i = 0; found == NULL && i < BACKENDS; i++) {
        bool is_it = options->store == NULL || strcmp(backends[i]->name, options->store) == 0;
        found = is_it ? backends[i] : NULL;
    }
    CK(found != NULL);
    return found;
}

/* ---- store.h ---- */

struct store *store_open(const struct store_options *options, enum store_mode mode, struct err *e)
{
    const struct store_backend *backend = store_backend_of(options, e);
    return backend != NULL ? backend->open(options, mode, e) : NULL;
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

bool store_is_stale(struct store *s)
{
    return s->backend->is_stale(s);
}

uint64_t store_identity(const struct store *s)
{
    return s->backend->identity(s);
}

static void forget_outcomes(struct store_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i].outcome = 0;
        jobs[i].seq = 0;
        jobs[i].time_ms = 0;
        jobs[i].mark = 0;
        jobs[i].flags = 0;
        jobs[i].role = CHAT_NOBODY;
        jobs[i].why = NULL;
        jobs[i].suggestion = NULL;
    }
}

int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e)
{
    forget_outcomes(jobs, count);
    int result = s->backend->append(s, jobs, count, e);
    if (result != 0) {
        for (size_t i = 0; i < count; i++) {
            free(jobs[i].suggestion);
        }
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

/* ---- store_news.h ---- */

enum store_news store_news_by(const struct store_options *options)
{
    const struct store_backend *backend = store_backend_of(options, NULL);
    return backend != NULL ? backend->news_by(options) : STORE_NEWS_TIMER;
}

uint64_t store_stamp(const struct store_options *options)
{
    const struct store_backend *backend = store_backend_of(options, NULL);
    return backend != NULL ? backend->stamp(options) : 0;
}

int store_version(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->version(s, out, e);
}

/* ---- store_upkeep.h ---- */

bool store_exists(const struct store_options *options)
{
    const struct store_backend *backend = store_backend_of(options, NULL);
    return backend == NULL || backend->exists(options);
}

const char *store_describe(const struct store *s)
{
    return s->backend->describe(s);
}

int store_size(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->size(s, out, e);
}

int store_unused(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->unused(s, out, e);
}

int store_keep_key(struct store *s, const char mark[STORE_KEY_MARK_SIZE], char kept[STORE_KEY_MARK_SIZE], struct err *e)
{
    kept[0] = '\0';
    return s->backend->keep_key != NULL ? s->backend->keep_key(s, mark, kept, e) : 0;
}

int store_check(struct store *s, FILE *out, struct err *e)
{
    return s->backend->check(s, out, e);
}

void store_rest(const struct store_options *options, bool now)
{
    const struct store_backend *backend = store_backend_of(options, NULL);
    if (backend != NULL) {
        backend->rest(options, now);
    }
}

int store_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                 struct err *e)
{
    const struct store_backend *backend = store_backend_of(options, e);
    return backend != NULL ? backend->backup(options, to, progress, e) : -1;
}

int store_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                  struct store_restored *out, struct err *e)
{
    const struct store_backend *backend = store_backend_of(options, e);
    memset(out, 0, sizeof *out);
    return backend != NULL ? backend->restore(options, from, progress, out, e) : -1;
}
