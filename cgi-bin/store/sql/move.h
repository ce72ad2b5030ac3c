/* move.h - moves a chat into another database: see store_move.h. */
#ifndef SQL_MOVE_H
#define SQL_MOVE_H

#include "store/sql/sql_store.h"
#include "store/store_move.h"

/* As store_move and store_move_undo, of two open stores whose tables are both of this room. */
int sql_move(struct store *from, struct store *to, const struct store_progress *progress, struct store_moved *out,
             struct err *e);
int sql_move_undo(struct store *from, struct store *to, const struct store_progress *progress, struct err *e);

#endif
