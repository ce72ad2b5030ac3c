/* move_rows.h - reads a table row by row in the order of its key, and writes rows in batches, for
 * moving a chat (move.h).
 *
 * A row is its columns as bytes, the same for each engine: rows with equal bytes are equal.
 * Threads: a reader and a writer belong to one.
 */
#ifndef SQL_MOVE_ROWS_H
#define SQL_MOVE_ROWS_H

#include "base/buf.h"
#include "store/sql/move_tables.h"
#include "store/sql/sql_store.h"

struct sql_move_row {
    const char *bytes;
    size_t length;
};

enum { SQL_MOVE_PAGE = 1000 }; /* rows that are read at once, at most; fewer if they are long */

/* Reads page by page; between two pages the table may change. */
struct sql_move_reader {
    struct sql_store *s;
    const struct sql_move_table *table;
    struct err *e;
    struct buf page; /* rows, one behind the other */
    size_t starts[SQL_MOVE_PAGE + 1];
    size_t count;
    size_t at;
    size_t most;     /* rows of the next page */
    struct buf last; /* the row that was read last; empty: none */
    bool is_end;
    int result;
};

/* e: for errors. Borrowed until the end, as are the others. */
void sql_move_rows_begin(struct sql_move_reader *r, struct sql_store *s, const struct sql_move_table *table,
                         struct err *e);
/* The row that the reader is at; false: there is none, or a failure. */
bool sql_move_rows_at(struct sql_move_reader *r, struct sql_move_row *out);
void sql_move_rows_step(struct sql_move_reader *r);
/* 0, or -1 with the error set. */
int sql_move_rows_end(struct sql_move_reader *r);

/* By the keys of two rows: < 0, 0, > 0. */
int sql_move_rows_compare(const struct sql_move_table *table, const struct sql_move_row *a,
                          const struct sql_move_row *b);
/* A number in a row; 0 for NULL. */
int64_t sql_move_rows_number(const struct sql_move_row *row, const struct sql_move_table *table, int column);

/* How long the row at these bytes is. */
size_t sql_move_rows_length(const struct sql_move_table *table, const char *bytes);
/* Reads the row that has the key of `row` into *out; empty: there is none. -1 with the error
 * set. */
int sql_move_rows_find(struct sql_store *s, const struct sql_move_table *table, const struct sql_move_row *row,
                       struct buf *out, struct err *e);

/* Collects rows, and writes them in transactions of its own. */
struct sql_move_writer {
    struct sql_store *s;
    const struct sql_move_table *table;
    struct err *e;
    struct buf put; /* rows, one behind the other */
    struct buf deleted;
    size_t count; /* of both */
    bool changes; /* a row that was there is changed or deleted */
    int result;
};

void sql_move_rows_write(struct sql_move_writer *w, struct sql_store *s, const struct sql_move_table *table,
                         struct err *e);
/* is_new: no row with this key is there. */
void sql_move_rows_put(struct sql_move_writer *w, const struct sql_move_row *row, bool is_new);
void sql_move_rows_delete(struct sql_move_writer *w, const struct sql_move_row *row);
/* Writes what is left. 0, or -1 with the error set. */
int sql_move_rows_finish(struct sql_move_writer *w);

#endif
