/* loss.c - see loss.h. */
#include "store/sqlite/private/loss.h"

#include "store/sqlite/private/files.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/wal.h"
#include "system/file.h"

bool sqlite_loss_of_log(const struct sqlite_handle *s)
{
    return s->files != NULL &&
           (file_number(s->log_path) != s->files->log || file_number(s->shared_path) != s->files->shared);
}

bool sqlite_loss_spared_log(const struct sqlite_handle *s)
{
    return s->files != NULL && file_number(s->log_path) == s->files->log;
}

/* The file may also be shorter because messages were erased and their pages returned: then its
 * header has the new length. */
static bool is_shorter_than_it_says(const struct sqlite_handle *s, uint64_t database)
{
    return database < s->least_bytes && database < sqlite_header_bytes(s);
}

bool sqlite_loss_by_cut(struct sqlite_handle *s)
{
    uint64_t database = file_size(s->path);
    bool is = s->files != NULL && (is_shorter_than_it_says(s, database) || sqlite_wal_is_cut(s));
    s->least_bytes = is ? s->least_bytes : database;
    return is;
}

static bool is_emptied(const struct sqlite_handle *s)
{
    return s->files != NULL && (file_size(s->path) == 0 || sqlite_wal_is_cut(s));
}

bool sqlite_loss_is_seen(const struct sqlite_handle *s)
{
    return !sqlite_handle_is_moved(s) && (sqlite_loss_of_log(s) || is_emptied(s));
}
