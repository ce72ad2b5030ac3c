/* still.c - reading a database in WAL on a disk that has no room for a log, or for the shared memory beside it.
 *
 * SQLite needs both even to read. Where neither is there, and the record says that nothing was in the log, the database file has all messages. It
 * can be opened as one that nobody changes ("immutable": no locks, no log), as long as that is true: so the flock is held during each
 * view, which keeps out whoever would begin a log, and a handle is given up when the file or the log has changed.
 */
#include "store/sqlite/private/sqlite.h"

#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <string.h>

bool store_sqlite_is_still(const struct store_sqlite *s)
{
    return file_stamp(s->path) == s->still && file_size(s->log_path) == 0;
}

/* The connection of the other handle is this one's from here on. */
static int take_connection(struct store_sqlite *s, struct err *e)
{
    struct store_sqlite *other = store_sqlite_open_still(s->path, e);
    if (other == NULL) {
        return -1;
    }
    s->db = other->db;
    other->db = NULL;
    store_sqlite_close(&other->base);
    sqlite3_busy_handler(s->db, store_sqlite_on_busy, s);
    sqlite3_wal_hook(s->db, NULL, NULL);
    return 0;
}

static int open_locked(struct store_sqlite *s, struct err *e)
{
    bool ours = false;
    uint64_t version = 0;
    s->still = file_stamp(s->path);
    if (s->still == 0 || file_size(s->log_path) > 0 || store_sqlite_lacks_something(s) || store_sqlite_is_held(s) ||
        take_connection(s, e) != 0 || store_sqlite_is_ours(s, &ours, e) != 0 || !ours ||
        store_sqlite_read_version(s, &version, e) != 0 || version != (uint64_t)store_sqlite_schema()) {
        return -1;
    }
    snprintf(s->description, sizeof s->description, "SQLite %s, without a log: no room for one", sqlite3_libversion());
    return store_sqlite_prepare(s, e);
}

int store_sqlite_open_without_log(struct store_sqlite *s, struct err *e)
{
    store_sqlite_set_deadline(s);
    s->lock_fd = file_lock_open(s->lock_path, e);
    int result = s->lock_fd >= 0 && store_sqlite_lock(s, e) == 0 ? open_locked(s, e) : -1;
    store_sqlite_unlock(s);
    s->still = result == 0 ? s->still : 0;
    return result;
}
