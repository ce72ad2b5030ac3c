/* numbers.c - see numbers.h. */
#include "store/sqlite/private/numbers.h"

#include "store/sql/query.h"

int sqlite_numbers_last(struct sql_store *s, const char *table, const char *column, int64_t *out, struct err *e)
{
    struct sql_query q;
    (void)column;
    sql_query_begin(&q, s, "SELECT seq FROM sqlite_sequence WHERE name = ?", "read the last number", e);
    sql_query_text(&q, table);
    *out = sql_query_next(&q) ? sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

/* SQLite has made its row of a table with AUTOINCREMENT when the first row came. */
int sqlite_numbers_behind(struct sql_store *s, const char *table, const char *column, int64_t last, struct err *e)
{
    struct sql_query q;
    (void)column;
    sql_query_begin(&q, s,
                    "INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM sqlite_schema WHERE type = 'table'"
                    " AND name = ?1 AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
                    "begin to number rows", e);
    sql_query_text(&q, table);
    if (sql_query_run(&q) != 0) {
        return -1;
    }
    sql_query_begin(&q, s, "UPDATE sqlite_sequence SET seq = ? WHERE name = ?", "set the last number", e);
    sql_query_number(&q, last);
    sql_query_text(&q, table);
    return sql_query_run(&q);
}
