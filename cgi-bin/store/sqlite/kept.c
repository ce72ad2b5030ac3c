/* kept.c - see kept.h. */
#include "store/sqlite/private/kept.h"

#include "base/ck.h"

#include <stdlib.h>

enum { KEPT_MAX = 24 }; /* one for each call of sql_query_begin_kept */

struct sqlite_kept {
    const char *sql[KEPT_MAX];
    sqlite3_stmt *statements[KEPT_MAX];
};

/* Where the statement is, or the next one can be. */
static size_t place_of(const struct sqlite_kept *kept, const char *sql)
{
    size_t i = 0;
    while (i + 1 < KEPT_MAX && kept->sql[i] != NULL && kept->sql[i] != sql) {
        i++;
    }
    CK(kept->sql[i] == NULL || kept->sql[i] == sql);
    return i;
}

int sqlite_kept_get(struct sqlite_handle *s, const char *sql, sqlite3_stmt **out)
{
    int rc = SQLITE_OK;
    if (s->kept == NULL) {
        s->kept = ck_calloc(1, sizeof *s->kept);
    }
    size_t i = place_of(s->kept, sql);
    if (s->kept->statements[i] == NULL) {
        rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->kept->statements[i], NULL);
        s->kept->sql[i] = rc == SQLITE_OK ? sql : NULL;
    }
    *out = s->kept->statements[i];
    return rc;
}

void sqlite_kept_finish(struct sqlite_handle *s)
{
    for (size_t i = 0; s->kept != NULL && i < KEPT_MAX; i++) {
        sqlite3_finalize(s->kept->statements[i]);
    }
    free(s->kept);
    s->kept = NULL;
}
