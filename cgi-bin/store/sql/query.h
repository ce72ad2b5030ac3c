/* query.h - a statement that is prepared, bound, run and forgotten. Those that many sends need are
 * kept from their first use on.
 *
 *     struct sql_query q;
 *     sql_query_begin(&q, s, "SELECT name FROM room WHERE room_id = ?", "read the name", e);
 *     sql_query_number(&q, 7);
 *     while (sql_query_next(&q)) {
 *         ... sql_query_text_at(&q, 0) ...
 *     }
 *     return sql_query_end(&q);
 *
 * A failure of any step is remembered: the ones after it do nothing, and the end reports it.
 * Parameters are bound in their order; columns count from 0. sql_store.h says which SQL may be
 * used.
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include "store/sql/sql_store.h"

struct sql_query {
    struct sql_store *s;
    const char *sql;
    const char *what;
    struct err *e;
    void *statement; /* the engine's, as are the next two */
    void *rows;
    size_t row;
    int parameters; /* that the statement has */
    int bound;
    int result;
    bool kept;
};

/* what: for the log. sql, what and e are borrowed until the end. */
void sql_query_begin(struct sql_query *q, struct sql_store *s, const char *sql, const char *what, struct err *e);

/* The same, but the statement stays prepared. sql is known by its address: a constant, as long as
 * the handle lives. It must not be begun again before its end. */
void sql_query_begin_kept(struct sql_query *q, struct sql_store *s, const char *sql, const char *what, struct err *e);

void sql_query_number(struct sql_query *q, int64_t number);
void sql_query_number_or_null(struct sql_query *q, int64_t number);        /* 0: NULL */
void sql_query_text(struct sql_query *q, const char *text);                /* NULL: NULL. Borrowed until the end */
void sql_query_blob(struct sql_query *q, const void *bytes, size_t count); /* as the text */
/* How many parameters the statement has. */
int sql_query_parameters(const struct sql_query *q);

/* Steps to the next row. False: there is none, or a failure. */
bool sql_query_next(struct sql_query *q);

bool sql_query_is_null_at(const struct sql_query *q, int column);
int64_t sql_query_number_at(const struct sql_query *q, int column);   /* NULL reads as 0; a condition as 0 or 1 */
const char *sql_query_text_at(const struct sql_query *q, int column); /* NULL reads as ""; until the next step */
size_t sql_query_length_at(const struct sql_query *q, int column);    /* bytes of that text */
/* Fills out with the column's bytes and zeros behind them. False: NULL, or longer. */
bool sql_query_blob_at(const struct sql_query *q, int column, void *out, size_t size);

/* The statement can be bound and run once more. */
void sql_query_again(struct sql_query *q);

/* Forgets the statement. 0, or -1 with the error set. */
int sql_query_end(struct sql_query *q);
/* Steps to the end, for a statement whose rows don't matter, and forgets it. */
int sql_query_run(struct sql_query *q);
/* The same; *changed: how many rows it added, changed or deleted. */
int sql_query_change(struct sql_query *q, uint64_t *changed);
/* The same for an INSERT with RETURNING: the number of the new row; 0 if it added none. */
int sql_query_insert(struct sql_query *q, int64_t *number);

/* For engines: the current step failed, and the error is set. */
void sql_query_failed(struct sql_query *q);

/* Makes room in an array of `count` entries for one more. Returns it, where it is then. */
void *sql_query_grow(void *array, size_t count, size_t size);

#endif
