/* sql.c - see sql.h. */
#include "store/sqlite/private/sql.h"

#include "store/sqlite/private/fail.h"

#include <stdio.h>

int sqlite_sql_exec(struct sqlite_handle *s, const char *sql, const char *what, struct err *e)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, what, e);
}

int sqlite_sql_ask(struct sqlite_handle *s, const char *sql, const char *what, char *out, size_t size, struct err *e)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    int result = 0;
    out[0] = '\0';
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            const unsigned char *value = sqlite3_column_text(statement, 0);
            snprintf(out, size, "%s", value == NULL ? "" : (const char *)value);
        }
    }
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE) {
        result = sqlite_fail(s, rc, what, e);
    }
    sqlite3_finalize(statement);
    return result;
}
