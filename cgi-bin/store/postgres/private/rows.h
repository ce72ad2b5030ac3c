/* rows.h - rooms and messages: the statements of each send and poll.
 *
 * To add a field of a message, beside what store/sql/messages.h says: a migration that adds the
 * column (schema.h), a line in COLUMNS of rows.c, one line in add_message, from the draft, and one
 * in row_of.
 */
#ifndef POSTGRES_ROWS_H
#define POSTGRES_ROWS_H

#include "store/postgres/private/handle.h"

struct sql_author;
struct sql_room;

/* As the engine's functions of the same names (store/sql/sql_store.h). */
int postgres_rows_find_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);
int postgres_rows_add_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);
int postgres_rows_raise_head(struct sql_store *s, const struct sql_room *room, struct err *e);
int postgres_rows_find_sent(struct sql_store *s, const struct sql_room *room, int64_t person_id, struct store_job *job,
                            struct err *e);
int postgres_rows_find_at(struct sql_store *s, int64_t message_id, struct store_job *job, struct err *e);
int postgres_rows_add_message(struct sql_store *s, int64_t message_id, const struct sql_author *author,
                              const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e);

int postgres_rows_read(struct sql_store *s, const struct store_range *range, struct store_page *page, struct err *e);

#endif
