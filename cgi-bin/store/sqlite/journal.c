/* journal.c - see journal.h. */
#include "store/sqlite/private/journal.h"

#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/sql.h"
#include "system/file_system.h"

#include <string.h>
#include <unistd.h>

/* Does WAL work in this folder? Tried with a database that is thrown away. 1, 0, or -1 when it
 * failed for another reason. */
static int try_wal(const struct sqlite_handle *s, struct err *e)
{
    char path[PATH_SIZE];
    sqlite_path_in(path, s->folder, "chat.db-trial");
    struct sqlite_handle *trial = sqlite_handle_new(s->folder, path, STORE_WRITE);
    struct err why = ERR_INIT;
    char mode[16] = "";
    for (int after = 0; after < 2; after++) { /* first round: removes what a killed process left */
        if (after == 1 && sqlite_connection_open(trial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &why) == 0 &&
            sqlite_sql_exec(trial, "PRAGMA synchronous = OFF", "try WAL", &why) == 0 &&
            sqlite_sql_ask(trial, "PRAGMA journal_mode = WAL", "try WAL", mode, sizeof mode, &why) == 0) {
            sqlite_sql_exec(trial, "CREATE TABLE trial (x)", "try WAL", &why);
        }
        sqlite_connection_end(trial);
        unlink(path);
        sqlite_path_unlink_beside(path);
    }
    sqlite_connection_close(trial);
    if (why.code == ERR_FULL || why.code == ERR_READONLY) {
        return err_move(e, &why);
    }
    return why.code == ERR_NONE && strcmp(mode, "wal") == 0;
}

int sqlite_journal_choose(struct sqlite_handle *s, bool has_flock, struct err *e)
{
    char mode[16];
    if (s->journal == STORE_JOURNAL_ROLLBACK ||
        (s->journal == STORE_JOURNAL_AUTO && file_system_is_network(s->folder))) {
        return 0;
    }
    int works = has_flock ? try_wal(s, e) : 0;
    if (works <= 0) {
        if (works == 0) {
            log_line("%s: WAL doesn't work on this file system; a rollback journal is used", s->path);
        }
        return works;
    }
    return sqlite_sql_ask(s, "PRAGMA journal_mode = WAL", "set the journal mode", mode, sizeof mode, e);
}
