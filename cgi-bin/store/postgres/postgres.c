/* postgres.c - PostgreSQL as a store: the table of functions that store.c calls.
 *
 * The modules of this room, from the bottom up: each uses only modules that stand before it.
 *   handle  address  fail     what a handle is, where the database is, what its errors mean
 *   link                      the connection, and the limits of each wait
 *   takeover  seen  schema  meta    the tables; whether they are still those that were opened
 *   translate  statements     the SQL that all engines share
 *   batch  transaction  rows  replica  view    what each send and poll needs
 *   upkeep  open  engine  notices
 */
#include "store/postgres/private/engine.h"
#include "store/postgres/private/key_mark.h"
#include "store/postgres/private/notices.h"
#include "store/postgres/private/open.h"
#include "store/postgres/private/replica.h"
#include "store/postgres/private/upkeep.h"
#include "store/postgres/private/view.h"
#include "store/sql/append.h"
#include "store/sql/backend.h"
#include "store/sql/move.h"

#include "base/err.h"
#include "store/private/store_module.h"
#include "system/permissions.h"

#include <stdlib.h>

static const struct store_backend postgres_backend;

static struct postgres_handle *mine(struct store *base)
{
    return (struct postgres_handle *)base;
}

static struct store *open_store(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct postgres_handle *s = permissions_folder(options->folder, e) == 0 ? postgres_open(options, mode, e) : NULL;
    if (s == NULL) {
        return NULL;
    }
    s->sql.base.backend = &postgres_backend;
    s->sql.engine = &postgres_engine;
    s->replica = postgres_replica_new(options, mode, &postgres_engine);
    return &s->sql.base;
}

static void close_store(struct store *base)
{
    postgres_close(mine(base));
}

static const char *epoch(const struct store *base)
{
    return ((const struct sql_store *)base)->epoch;
}

static bool is_stale(struct store *base)
{
    return mine(base)->stale;
}

/* ---- appending ---- */

static void forget_outcomes(struct store_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(jobs[i].suggestion);
        jobs[i].suggestion = NULL;
        jobs[i].outcome = (enum store_outcome)0;
    }
}

/* A transaction that failed because of another one may succeed at once. */
static int append(struct store *base, struct store_job *jobs, size_t count, struct err *e)
{
    enum { TRIES = 4 };
    struct postgres_handle *s = mine(base);
    struct err why = ERR_INIT;
    int result = -1;
    s->is_append = true;
    s->jobs = jobs;
    s->job_count = count;
    for (int times = 1; result != 0 && times <= TRIES && (times == 1 || s->can_repeat); times++) {
        if (times > 1) {
            forget_outcomes(jobs, count);
            err_clear(&why);
        }
        result = sql_append(base, jobs, count, &why);
    }
    s->is_append = false;
    s->job_count = 0;
    return result == 0 ? 0 : err_move(e, &why);
}

/* ---- news and upkeep ---- */

/* The programs may be on several hosts. */
static enum store_news news_by(const struct store_options *options)
{
    (void)options;
    return STORE_NEWS_NOTICES;
}

static uint64_t stamp(const struct store_options *options)
{
    (void)options;
    return 0;
}

static const char *describe(const struct store *base)
{
    return ((const struct postgres_handle *)base)->description;
}

static int size(struct store *base, uint64_t *out, struct err *e)
{
    struct sql_space space;
    int result = postgres_upkeep_space(&mine(base)->sql, &space, e);
    *out = result == 0 ? (uint64_t)space.all : 0;
    return result;
}

static int unused(struct store *base, uint64_t *out, struct err *e)
{
    (void)base;
    (void)e;
    *out = 0; /* not known */
    return 0;
}

static int check(struct store *base, FILE *out, struct err *e)
{
    if (postgres_view_begin(base, e) != 0) {
        return -1;
    }
    int found = postgres_upkeep_check(mine(base), out, e);
    postgres_view_end(base);
    return found;
}

/* PostgreSQL looks after itself. */
static void rest(const struct store_options *options, bool now)
{
    (void)options;
    (void)now;
}

static int backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e)
{
    (void)options;
    (void)to;
    (void)progress;
    return err_set(e, ERR_CONFIG,
                   "The chat is in PostgreSQL. Back it up with PostgreSQL's own tools, such as pg_dump.");
}

static int restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e)
{
    (void)options;
    (void)from;
    (void)progress;
    (void)out;
    return err_set(e, ERR_CONFIG,
                   "The chat is in PostgreSQL. Restore it with PostgreSQL's own tools, such as pg_restore of what "
                   "pg_dump wrote, into an empty database.");
}

static const struct store_backend postgres_backend = {
    .name = "postgres",
    .open = open_store,
    .close = close_store,
    .epoch = epoch,
    .is_stale = is_stale,
    .identity = postgres_upkeep_identity,
    .append = append,
    .read_begin = postgres_view_begin,
    .read_end = postgres_view_end,
    .room = postgres_view_room,
    .read = postgres_view_read,
    .news_by = news_by,
    .notices = &postgres_notices,
    .replica = &postgres_replica_backend,
    .stamp = stamp,
    .version = postgres_upkeep_version,
    .exists = postgres_open_exists,
    .describe = describe,
    .size = size,
    .unused = unused,
    .keep_key = postgres_key_mark_keep,
    .check = check,
    .rest = rest,
    .backup = backup,
    .restore = restore,
    .move = sql_move,
    .move_undo = sql_move_undo,
    .peace = SQL_BACKEND_PEACE,
    .erase = SQL_BACKEND_ERASE,
};

extern const struct store_module pollchat_store_module __attribute__((visibility("default")));
const struct store_module pollchat_store_module = {.interface = store_interface, .backend = &postgres_backend};
