/* rows.h - the tables as C: each prepared statement beside the code that binds and reads it.
 *
 * To add a field of a message, beside what store/sql/messages.h says:
 *   1. a migration that adds the column (schema.h); a text is NOT NULL DEFAULT '', also if it is
 *      optional: text_of ends the program at a NULL, as it can't tell it from lack of memory
 *   2. a line in COLUMNS of rows.c, which makes all statements from it
 *   3. one line in bind_message, from the draft, and one in numbers_of or row_of
 *
 * A message that isn't shown, and an edit, are read as store_range says; the texts of edits are
 * found by a join, so that a text is stored once.
 *
 * The functions run inside the caller's transaction. -1 with the error set.
 */
#ifndef SQLITE_ROWS_H
#define SQLITE_ROWS_H

#include "store/sql/rows.h"
#include "store/sqlite/private/handle.h"

/* Prepares the statements; a reader's handle gets those that read. The database must have this
 * program's schema. */
int sqlite_rows_prepare(struct sqlite_handle *s, struct err *e);
void sqlite_rows_finish(struct sqlite_handle *s); /* fine if they weren't prepared */

int sqlite_rows_begin(struct sqlite_handle *s, bool to_write, struct err *e);
int sqlite_rows_commit(struct sqlite_handle *s, struct err *e);
void sqlite_rows_rollback(struct sqlite_handle *s); /* fine without a transaction */

struct sqlite_meta {
    char epoch[CHAT_EPOCH_SIZE + 8]; /* cut if it is longer, so that it can't be taken for a good one */
    int schema;
    bool scrub;     /* see scrub.h */
    uint64_t rules; /* number of the rules (store_rules.h) */
};
int sqlite_rows_meta(struct sqlite_handle *s, struct sqlite_meta *out, struct err *e);
int sqlite_rows_data_version(struct sqlite_handle *s, uint64_t *out, struct err *e); /* PRAGMA data_version */

/* As the functions of the same names in store/sql/rows.h. */
int sqlite_rows_find_room(struct sqlite_handle *s, const char *name, struct sql_room *out, struct err *e);
int sqlite_rows_add_room(struct sqlite_handle *s, const char *name, struct sql_room *out, struct err *e);

int sqlite_rows_raise_head(struct sqlite_handle *s, const struct sql_room *room, struct err *e);

/* As the engine's functions of the same names (store/sql/sql_store.h). */
int sqlite_rows_find_sent(struct sqlite_handle *s, const struct sql_room *room, int64_t person_id,
                          struct store_job *job, struct err *e);
int sqlite_rows_find_at(struct sqlite_handle *s, int64_t message_id, struct store_job *job, struct err *e);
int sqlite_rows_add_message(struct sqlite_handle *s, int64_t message_id, const struct sql_author *author,
                            const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e);

int sqlite_rows_read(struct sqlite_handle *s, const struct store_range *range, struct store_page *page,
                     struct err *e); /* see store_read */

#endif
