/* messages.h - rows of the table message as messages: what a reader sees of them, and whether one
 * is the same as a draft. An engine reads the row and fills the struct.
 *
 * To add a field of a message: rows.h of each engine says how its statements get the column; here
 * a member, one line in sql_messages_take, and one in is_same: the same id with another value is a
 * conflict. Leave that line out only if the answer to a repeated send (answer_message in
 * post_send.c) takes the value from the store.
 */
#ifndef SQL_MESSAGES_H
#define SQL_MESSAGES_H

#include "store/sql/rows.h"

/* Bytes with a NUL behind them. NULL: the column is NULL. */
struct sql_messages_text {
    const char *bytes;
    size_t length;
};

struct sql_messages_row { /* numbers that are NULL: 0. All is borrowed from the engine */
    uint64_t seq;
    int64_t time_ms;
    enum chat_type type;
    uint64_t reply_to;
    uint64_t target;
    uint64_t edited;
    int64_t sender; /* sql_rows_sender */
    enum sql_state state;
    struct sql_messages_text name;
    struct sql_messages_text id;   /* not needed if state isn't SQL_SHOWN, as the next one */
    struct sql_messages_text text; /* of an edit: its target's, or NULL if that isn't shown any more */
};

/* Sets the job's outcome: is the row what its draft says? The row's text is its own here. */
void sql_messages_compare(const struct sql_messages_row *row, struct store_job *job);

/* Adds the row to the page. False, and page->more: it doesn't fit, so the page is complete. *bytes:
 * 0 before the first row. Ask the database for one row more than range->limit. */
bool sql_messages_add(struct store_page *page, const struct store_range *range, const struct sql_messages_row *row,
                      size_t *bytes);

/* After the last row: the page is ascending, also if it was read backwards. */
void sql_messages_end(struct store_page *page, const struct store_range *range);

/* The seqs of a range. False: no message can be there. */
bool sql_messages_bounds(const struct store_range *range, uint64_t *first, uint64_t *last);

#endif
