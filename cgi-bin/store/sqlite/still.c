/* still.c - see still.h. */
#include "store/sqlite/private/still.h"

#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/copy.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <stdio.h>

bool sqlite_still_is_unchanged(const struct sqlite_handle *s)
{
    return file_stamp(s->path) == s->still && file_size(s->log_path) == 0;
}

/* Takes over the connection of another handle. */
static int take_connection(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_handle *other = sqlite_copy_open(s->path, e);
    if (other == NULL) {
        return -1;
    }
    s->db = other->db;
    other->db = NULL;
    sqlite_connection_close(other);
    sqlite3_busy_handler(s->db, sqlite_deadline_on_busy, s);
    sqlite3_wal_hook(s->db, NULL, NULL);
    return 0;
}

static int open_locked(struct sqlite_handle *s, struct err *e)
{
    bool ours = false;
    uint64_t version = 0;
    s->still = file_stamp(s->path);
    if (s->still == 0 || file_size(s->log_path) > 0 || sqlite_record_lacks_messages(s) || sqlite_files_are_in_use(s) ||
        take_connection(s, e) != 0 || sqlite_header_is_ours(s, &ours, e) != 0 || !ours ||
        sqlite_schema_read(s, &version, e) != 0 || version != (uint64_t)sqlite_schema_latest()) {
        return -1;
    }
    snprintf(s->description, sizeof s->description, "SQLite %s, without a log: no room for one", sqlite3_libversion());
    return sqlite_rows_prepare(s, e) == 0 ? sqlite_meta_learn(s, e) : -1;
}

int sqlite_still_open(struct sqlite_handle *s, struct err *e)
{
    sqlite_deadline_set(s);
    s->lock_fd = file_lock_open(s->lock_path, e);
    int result = s->lock_fd >= 0 && sqlite_flock_take(s, e) == 0 ? open_locked(s, e) : -1;
    sqlite_flock_release(s);
    s->still = result == 0 ? s->still : 0;
    return result;
}
