/* upkeep.c - see upkeep.h. */
#include "store/postgres/private/upkeep.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/postgres/private/link.h"
#include "store/sql/query.h"
#include "store/sql_files.h"

#include <stdlib.h>
#include <string.h>

/* ---- news ---- */

uint64_t postgres_upkeep_identity(const struct store *base)
{
    const struct postgres_handle *s = (const struct postgres_handle *)base;
    uint64_t identity = hash_bytes(HASH_START, s->sql.epoch, strlen(s->sql.epoch));
    identity = hash_bytes(identity, &s->system, sizeof s->system);
    return identity != 0 ? identity : 1;
}

/* Each commit that changed something raises a number of it, or takes one from its list. */
int postgres_upkeep_version(struct store *base, uint64_t *out, struct err *e)
{
    enum { PATIENCE_MS = 100 };
    PGresult *row = postgres_link_glance((struct postgres_handle *)base, "SELECT pg_current_snapshot()::text",
                                         PATIENCE_MS, e);
    if (row == NULL) {
        return -1;
    }
    const char *snapshot = PQgetvalue(row, 0, 0);
    *out = hash_bytes(HASH_START, snapshot, strlen(snapshot));
    PQclear(row);
    return 0;
}

/* ---- space ---- */

/* PostgreSQL doesn't tell cheaply how much of a table is free; its log is the whole server's. */
int postgres_upkeep_space(struct sql_store *base, struct sql_space *out, struct err *e)
{
    PGresult *row = postgres_link_run(
        (struct postgres_handle *)base,
        "SELECT sum(pg_total_relation_size(oid)), current_setting('block_size') FROM pg_class"
        " WHERE relkind = 'r'"
        " AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'meta'::regclass)",
        "measure the tables", e);
    *out = (struct sql_space){.log = 0};
    if (row == NULL) {
        return -1;
    }
    out->all = strtoll(PQgetvalue(row, 0, 0), NULL, 10);
    out->page = strtoll(PQgetvalue(row, 0, 1), NULL, 10);
    PQclear(row);
    return 0;
}

/* ---- numbers of rows ---- */

int postgres_upkeep_last_number(struct sql_store *s, const char *table, const char *column, int64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass)",
                    "read the last number", e);
    sql_query_text(&q, table);
    sql_query_text(&q, column);
    *out = sql_query_next(&q) ? sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

int postgres_upkeep_number_behind(struct sql_store *s, const char *table, const char *column, int64_t last,
                                  struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT setval(pg_get_serial_sequence(?, ?)::regclass, ?)", "set the last number", e);
    sql_query_text(&q, table);
    sql_query_text(&q, column);
    sql_query_number(&q, last);
    return sql_query_run(&q);
}

/* ---- invariants ---- */

enum { SHOWN_MAX = 20, LINE_MAX_BYTES = 400 };

static const char *invariants(void)
{
    const struct sql_file *f = sql_files;
    while (f->name != NULL && strcmp(f->name, "postgres/invariants.sql") != 0) {
        f++;
    }
    return f->name != NULL ? f->text : "";
}

static void show(const PGresult *rows, int row, const char *meaning, FILE *out)
{
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_addf(&line, "%s:", meaning);
    for (int i = 0; i < PQnfields(rows); i++) {
        buf_addf(&line, " %s=%s", PQfname(rows, i), PQgetisnull(rows, row, i) ? "NULL" : PQgetvalue(rows, row, i));
    }
    for (char *c = line.bytes; c != NULL && *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* a damaged name must not steer a terminal */
        }
    }
    fprintf(out, "%s\n", buf_text(&line));
    buf_fini(&line);
}

/* The last comment line of the query; "" without one. */
static void meaning_of(const char *query, char *out, size_t size)
{
    out[0] = '\0';
    for (const char *line = query; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, "-- ", 3) == 0) {
            snprintf(out, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
        }
    }
}

static int check_query(struct postgres_handle *s, const char *query, FILE *out, struct err *e)
{
    char meaning[160];
    meaning_of(query, meaning, sizeof meaning);
    PGresult *rows = postgres_link_run(s, query, "check", e);
    if (rows == NULL) {
        return -1;
    }
    int found = PQntuples(rows);
    for (int row = 0; row < found && row < SHOWN_MAX; row++) {
        show(rows, row, meaning, out);
    }
    if (found > SHOWN_MAX) {
        fprintf(out, "%s: %d more\n", meaning, found - SHOWN_MAX);
    }
    PQclear(rows);
    return found;
}

/* A query ends with a semicolon at the end of its line. */
int postgres_upkeep_check(struct postgres_handle *s, FILE *out, struct err *e)
{
    int all = 0;
    int found = check_query(s, "SET LOCAL enable_seqscan = on", out, e);
    s->is_patient = true;
    for (const char *at = invariants(); found >= 0 && strstr(at, ";\n") != NULL;) {
        size_t length = (size_t)(strstr(at, ";\n") - at);
        char *query = strndup(at, length);
        found = query != NULL ? check_query(s, query, out, e) : err_set(e, ERR_CROWDED, "Memory is short.");
        free(query);
        all += found;
        at += length + 2;
    }
    s->is_patient = false;
    return found < 0 ? -1 : all;
}
