/* check.c - see check.h. */
#include "store/sqlite/private/check.h"

#include "base/buf.h"
#include "store/sql_files.h"
#include "store/sqlite/private/fail.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 20, LINE_MAX_BYTES = 400 };

static const char *invariants(void)
{
    for (const struct sql_file *f = sql_files; f->name != NULL; f++) {
        if (strcmp(f->name, "sqlite/invariants.sql") == 0) {
            return f->text;
        }
    }
    return "";
}

static void show(sqlite3_stmt *row, const char *meaning, FILE *out)
{
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_addf(&line, "%s:", meaning);
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *value = (const char *)sqlite3_column_text(row, i);
        buf_addf(&line, " %s=%s", sqlite3_column_name(row, i), value == NULL ? "NULL" : value);
    }
    for (char *c = line.bytes; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* a damaged name must not steer a terminal */
        }
    }
    fprintf(out, "%s\n", buf_text(&line));
    buf_fini(&line);
}

/* Counts and shows the rows of a query that should have none. fine: the value of a first column
 * that means that nothing is wrong; may be NULL. -1 with the error set. */
static int count_rows(struct sqlite_handle *s, sqlite3_stmt *query, const char *meaning, const char *fine, FILE *out,
                      struct err *e)
{
    int found = 0;
    int rc = SQLITE_ROW;
    while ((rc = sqlite3_step(query)) == SQLITE_ROW) {
        const char *first = (const char *)sqlite3_column_text(query, 0);
        if (fine != NULL && first != NULL && strcmp(first, fine) == 0) {
            continue;
        }
        if (++found <= SHOWN_MAX) {
            show(query, meaning, out);
        }
    }
    if (found > SHOWN_MAX) {
        fprintf(out, "%s: %d more\n", meaning, found - SHOWN_MAX);
    }
    if (rc == SQLITE_DONE) {
        return found;
    }
    /* Damage is what the check looks for. */
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        fprintf(out, "%s: can't be found out: %s\n", meaning, sqlite3_errmsg(s->db));
        return found + 1;
    }
    return sqlite_fail(s, rc, meaning, e);
}

/* The last comment line before the query; "" without one. */
static void meaning_of(const char *sql, size_t length, char *out, size_t size)
{
    const char *end = sql + length;
    out[0] = '\0';
    while (sql < end) {
        const char *stop = memchr(sql, '\n', (size_t)(end - sql));
        stop = stop == NULL ? end : stop;
        if (stop - sql > 3 && memcmp(sql, "-- ", 3) == 0) {
            snprintf(out, size, "%.*s", (int)(stop - sql - 3), sql + 3);
        }
        sql = stop + 1;
    }
}

static int check_query(struct sqlite_handle *s, const char *sql, const char **tail, FILE *out, struct err *e)
{
    sqlite3_stmt *query = NULL;
    char meaning[160];
    int found = 0;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &query, tail);
    if (rc != SQLITE_OK) {
        *tail = "";
        return sqlite_fail(s, rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc, "prepare an invariant", e);
    }
    if (query != NULL) {
        meaning_of(sql, (size_t)(*tail - sql), meaning, sizeof meaning);
        found = count_rows(s, query, meaning, NULL, out, e);
    }
    sqlite3_finalize(query);
    return found;
}

static int check_pragma(struct sqlite_handle *s, const char *sql, const char *meaning, const char *fine, FILE *out,
                        struct err *e)
{
    sqlite3_stmt *query = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &query, NULL);
    int found = rc == SQLITE_OK ? count_rows(s, query, meaning, fine, out, e) : sqlite_fail(s, rc, meaning, e);
    sqlite3_finalize(query);
    return found;
}

int sqlite_check(struct sqlite_handle *s, FILE *out, struct err *e)
{
    int all = check_pragma(s, "PRAGMA integrity_check", "the file is damaged", "ok", out, e);
    int found = all < 0 ? -1 : check_pragma(s, "PRAGMA foreign_key_check", "a reference leads nowhere", NULL, out, e);
    for (const char *sql = invariants(); found >= 0 && *sql != '\0';) {
        all += found;
        found = check_query(s, sql, &sql, out, e);
    }
    return found < 0 ? -1 : all + found;
}
