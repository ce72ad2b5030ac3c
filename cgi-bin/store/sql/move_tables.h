/* move_tables.h - which tables and columns a chat consists of, for moving it (move.h).
 *
 * To add a column: in the row of its table, and its type at the same place. To add a table: a row,
 * behind the tables that it refers to. (tests/cgi/move.test.mjs fails for what is missing here.)
 * The table meta isn't among them: a part of it belongs to the database, not to the chat.
 *
 * Threads: any.
 */
#ifndef SQL_MOVE_TABLES_H
#define SQL_MOVE_TABLES_H

#include <stdbool.h>
#include <stddef.h>

enum { SQL_MOVE_COLUMNS = 14 }; /* at most, of a table */

struct sql_move_table {
    const char *name;
    const char *columns; /* with ", " between them; those of the primary key first */
    const char *types;   /* of each column: i number, t text, b bytes */
    int keys;            /* how many columns the primary key has: one or two */
    bool is_numbered;    /* the database numbers new rows, in the first column */
    bool is_early;       /* may be large: copied before the senders are kept out, as far as possible */
    const char *parent;  /* the early table that this one refers to; NULL: none */
    int child;           /* the column that does */
    int child_shift;     /* by so many bits to the right */
};

enum { SQL_MOVE_TABLES = 14 };
extern const struct sql_move_table sql_move_tables[SQL_MOVE_TABLES];

#endif
