/* move_marks.h - the marks of the two databases of a move (moved.h), and their table meta.
 *
 * e_from, e_to: for errors of the old database, and of the new one. -1 with one of them set.
 */
#ifndef SQL_MOVE_MARKS_H
#define SQL_MOVE_MARKS_H

#include "store/sql/sql_store.h"

/* Marks the new database as one that is being filled, with the old one's epoch. *was_done: nothing
 * is left to do. -1 also if the new one has another chat. */
int sql_move_marks_begin(struct sql_store *from, struct sql_store *to, bool *was_done, struct err *e_from,
                         struct err *e_to);

/* Inside a transaction that writes. */
int sql_move_marks_set(struct sql_store *s, enum sql_moved moved, struct err *e);
/* In a transaction of its own. */
int sql_move_marks_change(struct sql_store *s, enum sql_moved moved, struct err *e);

/* What belongs to the chat of the table meta. The old database has an open transaction. */
int sql_move_marks_copy_meta(struct sql_store *from, struct sql_store *to, struct err *e_from, struct err *e_to);

/* The old database is marked as moved: opens the new one. If that can't be, opens the old one
 * again, as long as it is sure that the new one stays closed. */
int sql_move_marks_finish(struct sql_store *from, struct sql_store *to, struct err *e);

/* -1: the old database isn't moved, or the new one is of another chat. *is_filled: the new one
 * isn't open yet. */
int sql_move_marks_may_undo(struct sql_store *from, struct sql_store *to, bool *is_filled, struct err *e_from,
                            struct err *e_to);

#endif
