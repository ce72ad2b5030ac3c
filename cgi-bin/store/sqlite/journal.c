/* journal.c - see journal.h. */
#include "store/sqlite/private/journal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/sql.h"
#include "system/file_system.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *beside(const char *folder, const char *name)
{
    struct buf path;
    buf_init(&path, BUF_UNLIMITED);
    buf_addf(&path, "%s/%s", folder, name);
    return buf_steal(&path);
}

/* Does WAL work in this folder? Tried with a database that is thrown away. 1, 0, or -1 when it
 * failed for another reason. */
static int try_wal(const struct sqlite_handle *s, struct err *e)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char *path = beside(s->folder, "chat.db-trial");
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
        for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
            struct buf name;
            buf_init(&name, BUF_UNLIMITED);
            buf_addf(&name, "%s%s", path, tails[i]);
            unlink(buf_text(&name));
            buf_fini(&name);
        }
    }
    sqlite_connection_close(trial);
    free(path);
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
