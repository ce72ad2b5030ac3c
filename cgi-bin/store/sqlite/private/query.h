/* query.h - a statement that is prepared, bound, run and forgotten, for what happens rarely: acts
 * of moderators, lists, loading the rules. Some 20 us more than a prepared one (rows.h). Those that
 * many sends need, but not all, are kept in the handle from their first use on.
 *
 *     struct sqlite_query q;
 *     sqlite_query_begin(&q, s, "SELECT name FROM room WHERE room_id = ?", "read the name", e);
 *     sqlite_query_number(&q, 7);
 *     while (sqlite_query_next(&q)) {
 *         ... sqlite_query_text_at(&q, 0) ...
 *     }
 *     return sqlite_query_end(&q);
 *
 * A failure of any step is remembered: the ones after it do nothing, and the end reports it.
 * Parameters are bound in their order; columns count from 0.
 */
#ifndef SQLITE_QUERY_H
#define SQLITE_QUERY_H

#include "store/sqlite/private/handle.h"

struct sqlite_query {
    struct sqlite_handle *s;
    sqlite3_stmt *statement;
    const char *what;
    struct err *e;
    int bound;
    int result;
    bool kept;
};

/* what: for the log. sql, what and e are borrowed until the end. */
void sqlite_query_begin(struct sqlite_query *q, struct sqlite_handle *s, const char *sql, const char *what,
                        struct err *e);

/* The same, but the statement stays prepared. sql is known by its address: a constant, as long as
 * the handle lives. It must not be begun again before its end. */
void sqlite_query_begin_kept(struct sqlite_query *q, struct sqlite_handle *s, const char *sql, const char *what,
                             struct err *e);
void sqlite_query_finish(struct sqlite_handle *s); /* forgets the kept ones */

void sqlite_query_number(struct sqlite_query *q, sqlite3_int64 number);
void sqlite_query_number_or_null(struct sqlite_query *q, sqlite3_int64 number); /* 0: NULL */
void sqlite_query_text(struct sqlite_query *q, const char *text);               /* NULL: NULL. Borrowed until the end */
void sqlite_query_blob(struct sqlite_query *q, const void *bytes, size_t count); /* as the text */

/* Steps to the next row. False: there is none, or a failure. */
bool sqlite_query_next(struct sqlite_query *q);

sqlite3_int64 sqlite_query_number_at(const struct sqlite_query *q, int column); /* NULL reads as 0 */
const char *sqlite_query_text_at(const struct sqlite_query *q, int column); /* NULL reads as ""; until the next step */
/* Fills out with the column's bytes and zeros behind them. False: NULL, or longer. */
bool sqlite_query_blob_at(const struct sqlite_query *q, int column, void *out, size_t size);

/* Forgets the statement. 0, or -1 with the error set. */
int sqlite_query_end(struct sqlite_query *q);
/* Steps to the end, for a statement whose rows don't matter, and forgets it. */
int sqlite_query_run(struct sqlite_query *q);

/* Makes room in an array of `count` entries for one more. Returns it, where it is then. */
void *sqlite_query_grow(void *array, size_t count, size_t size);

#endif
