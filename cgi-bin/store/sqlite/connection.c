/* connection.c - see connection.h. */
#include "store/sqlite/private/connection.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/header.h"
#include "store/sqlite/private/join.h"
#include "store/sqlite/private/kept.h"
#include "store/sqlite/private/rows.h"

#include <unistd.h>

static int on_commit(void *handle, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    ((struct sqlite_handle *)handle)->log_pages = pages;
    return SQLITE_OK;
}

static int connect_once(struct sqlite_handle *s, int flags, struct err *e)
{
    int rc = sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    CK(s->db != NULL); /* NULL only when memory is out */
    sqlite3_extended_result_codes(s->db, 1);
    if (rc != SQLITE_OK) {
        return sqlite_fail(s, sqlite3_extended_errcode(s->db), "open", e);
    }
    /* Set before the first statement that may meet a lock. Unlike PRAGMA busy_timeout it stops
     * waiting when this process ends. */
    sqlite3_busy_handler(s->db, sqlite_deadline_on_busy, s);
    sqlite3_wal_hook(s->db, on_commit, s); /* replaces the automatic checkpoint */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return 0;
}

void sqlite_connection_end(struct sqlite_handle *s)
{
    sqlite_rows_finish(s);
    sqlite_kept_finish(s);
    sqlite_files_leave(s);
}

void sqlite_connection_close(struct sqlite_handle *s)
{
    sqlite_connection_end(s);
    sqlite_flock_release(s);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    sqlite_handle_free(s);
}

int sqlite_connection_open(struct sqlite_handle *s, int flags, struct err *e)
{
    for (int times = 0;; times++) {
        bool ours = false;
        s->needs_maker = false;
        s->awaits_log = false;
        if (connect_once(s, flags, e) != 0) {
            return -1;
        }
        if (!s->is_main || sqlite_header_is_ours(s, &ours, NULL) != 0 || !ours || !sqlite_header_is_in_wal(s)) {
            return 0;
        }
        enum sqlite_joined joined = sqlite_join(s, e);
        if (joined != JOIN_AGAIN) {
            return joined == JOINED ? 0 : -1;
        }
        sqlite_files_leave(s);
        if (!sqlite_deadline_nap(s, times)) {
            return err_set(e, ERR_BUSY, "The files of the database are being changed. Try again in a moment.");
        }
    }
}
