/* schema.c - see schema.h. */
#include "store/sqlite/private/schema.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "store/sql/moved.h"
#include "store/sql_files.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *migration(int number)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "sqlite/%03d-", number);
    for (const struct sql_file *f = sql_files; f->name != NULL; f++) {
        if (strncmp(f->name, prefix, strlen(prefix)) == 0) {
            return f->text;
        }
    }
    return NULL;
}

/* Asked with each transaction. */
int sqlite_schema_latest(void)
{
    static const char folder[] = "sqlite/";
    int latest = 0;
    for (const struct sql_file *f = sql_files; f->name != NULL; f++) {
        bool is_here = strncmp(f->name, folder, sizeof folder - 1) == 0;
        int number = is_here ? (int)strtol(f->name + sizeof folder - 1, NULL, 10) : 0; /* 0: no migration */
        latest = number > latest ? number : latest;
    }
    return latest;
}

int sqlite_schema_refuse_newer(const struct sqlite_handle *s, uint64_t version, struct err *e)
{
    log_line("%s has schema %llu, this program knows up to %d", s->path, (unsigned long long)version,
             sqlite_schema_latest());
    return err_set(
        e, ERR_NEWER,
        "The database was made by a newer pollchat (schema %llu); this program is older and knows up to %d. "
        "Nothing was changed. Install the newer programs, or put back the copy that was made before the upgrade.",
        (unsigned long long)version, sqlite_schema_latest());
}

int sqlite_schema_read(struct sqlite_handle *s, uint64_t *version, struct err *e)
{
    char text[32];
    if (sqlite_sql_ask(s, "PRAGMA user_version", "read the version", text, sizeof text, e) != 0) {
        return -1;
    }
    if (str_u64(text, 0, INT32_MAX, version) != 0) {
        return sqlite_fail_foreign(s, e); /* negative */
    }
    return 0;
}

unsigned sqlite_schema_growth(int from)
{
    return from < 2 ? 4 : from < 3 ? 1 : 0;
}

int sqlite_schema_migrate(struct sqlite_handle *s, int from, struct err *e)
{
    char sql[160];
    int schema = sqlite_schema_latest();
    for (int number = from + 1; number <= schema; number++) {
        if (sqlite_sql_exec(s, migration(number), "migrate", e) != 0) {
            return -1;
        }
    }
    if (from == 0) {
        char epoch[CHAT_EPOCH_SIZE];
        random_id(epoch);
        snprintf(sql, sizeof sql, "INSERT INTO meta (one, epoch, created_ms, schema) VALUES (1, '%s', %lld, %d)", epoch,
                 (long long)clock_wall_ms(), schema);
    } else {
        snprintf(sql, sizeof sql, SQL_MOVED_SET_SCHEMA, schema);
    }
    if (sqlite_sql_exec(s, sql, "migrate", e) != 0) {
        return -1;
    }
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", schema);
    return sqlite_sql_exec(s, sql, "migrate", e);
}
