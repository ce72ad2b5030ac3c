/* sqlite.c - SQLite as a store: the table of functions that store.c calls.
 *
 * The modules of this room, from the bottom up: each uses only modules that stand before it.
 *   path  handle  upgrade_note  fresh
 *   fail  deadline  flock  sql      errors, waiting, the lock of writers
 *   header  schema  rows  kept  meta   what is in the file; SQL beside the code that binds it
 *   wal  files  loss  record        the log: what it says, who has it open, whether it is gone
 *   aside  join  connection
 *   copy  put_back  rescue          whole databases; files that were removed or cut
 *   checkpoint  scrub  journal  upgrade  make
 *   still  backup  restore  open
 *   write  view  news  check  numbers   what a program asks for
 *   engine                      what the modules of store/sql ask for
 */
#include "store/sql/append.h"
#include "store/sql/backend.h"
#include "store/sql/move.h"
#include "store/sqlite/private/backup.h"
#include "store/sqlite/private/check.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/engine.h"
#include "store/sqlite/private/handle.h"
#include "store/sqlite/private/news.h"
#include "store/sqlite/private/open.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/restore.h"
#include "store/sqlite/private/scrub.h"
#include "store/sqlite/private/view.h"
#include "system/file.h"
#include "system/permissions.h"

#include <stdio.h>

#include "store/private/store_backend.h"

static bool exists(const struct store_options *options)
{
    char path[PATH_SIZE];
    sqlite_path_in(path, options->folder, "chat.db");
    return file_exists(path);
}

static struct store *open_store(const struct store_options *options, enum store_mode mode, struct err *e)
{
    if (permissions_folder(options->folder, e) != 0) {
        return NULL;
    }
    struct sqlite_handle *s = sqlite_open(options, mode, e);
    if (s != NULL && permissions_folder(options->folder, e) != 0) { /* a file may have come in between */
        sqlite_rescue_close(s);
        s = NULL;
    }
    if (s == NULL) {
        return NULL;
    }
    s->sql.base.backend = &store_sqlite_backend;
    s->sql.engine = &sqlite_engine;
    return &s->sql.base;
}

static void close_store(struct store *base)
{
    sqlite_rescue_close((struct sqlite_handle *)base);
}

static const char *epoch(const struct store *base)
{
    return ((const struct sql_store *)base)->epoch;
}

static const char *describe(const struct store *base)
{
    return ((const struct sqlite_handle *)base)->description;
}

static int size(struct store *base, uint64_t *out, struct err *e)
{
    const struct sqlite_handle *s = (const struct sqlite_handle *)base;
    (void)e;
    *out = file_size(s->path) + file_size(s->log_path);
    return 0;
}

static int unused(struct store *base, uint64_t *out, struct err *e)
{
    struct sql_space space;
    int result = sqlite_engine.space((struct sql_store *)base, &space, e);
    *out = (uint64_t)space.unused;
    return result;
}

static int check(struct store *base, FILE *out, struct err *e)
{
    if (sqlite_view_begin(base, e) != 0) {
        return -1;
    }
    int found = sqlite_check((struct sqlite_handle *)base, out, e);
    sqlite_view_end(base);
    return found;
}

static void rest(const struct store_options *options, bool now)
{
    sqlite_checkpoint_rest(options, now);
    sqlite_scrub_rest(options, now);
}

static int backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                  struct err *e)
{
    return permissions_folder(options->folder, e) == 0 ? sqlite_backup(options, to, progress, e) : -1;
}

static int restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                   struct store_restored *out, struct err *e)
{
    return permissions_folder(options->folder, e) == 0 ? sqlite_restore(options, from, progress, out, e) : -1;
}

const struct store_backend store_sqlite_backend = {
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .epoch = epoch,
    .is_stale = sqlite_news_is_stale,
    .identity = sqlite_news_identity,
    .append = sql_append,
    .read_begin = sqlite_view_begin,
    .read_end = sqlite_view_end,
    .room = sqlite_view_room,
    .read = sqlite_view_read,
    .news_by = sqlite_news_by,
    .stamp = sqlite_news_stamp,
    .version = sqlite_news_version,
    .exists = exists,
    .describe = describe,
    .size = size,
    .unused = unused,
    .check = check,
    .rest = rest,
    .backup = backup,
    .restore = restore,
    .move = sql_move,
    .move_undo = sql_move_undo,
    .peace = SQL_BACKEND_PEACE,
    .erase = SQL_BACKEND_ERASE,
};
