/* statements.h - the statements of store/sql/query.h: translated once, and prepared once in each
 * connection.
 *
 * A statement is known by its text. PostgreSQL wants to know the types of its parameters, which the
 * first use tells; used with other ones, it is prepared once more. The name of a prepared statement
 * is a hash of its text and types, so that the programs behind a pool, which may share connections
 * without knowing it, at least mean the same by a name. Where a pool mixes up prepared statements,
 * they are not used (link.h).
 */
#ifndef POSTGRES_STATEMENTS_H
#define POSTGRES_STATEMENTS_H

#include "store/postgres/private/handle.h"
#include "store/sql/query.h"

/* The functions of an engine (store/sql/sql_store.h). */
void postgres_statements_prepare(struct sql_query *q);
void postgres_statements_bind_number(struct sql_query *q, int parameter, int64_t number);
void postgres_statements_bind_text(struct sql_query *q, int parameter, const char *text);
void postgres_statements_bind_blob(struct sql_query *q, int parameter, const void *bytes, size_t count);
bool postgres_statements_next(struct sql_query *q);
bool postgres_statements_is_null_at(const struct sql_query *q, int column);
int64_t postgres_statements_number_at(const struct sql_query *q, int column);
const char *postgres_statements_text_at(const struct sql_query *q, int column);
const void *postgres_statements_blob_at(const struct sql_query *q, int column, size_t *count);
uint64_t postgres_statements_changes(const struct sql_query *q);
void postgres_statements_reset(struct sql_query *q);
void postgres_statements_release(struct sql_query *q);

/* Binds a list of texts: for `= ANY(?)` and `unnest(?)`. Those that are NULL are NULL in it. */
void postgres_statements_bind_texts(struct sql_query *q, const char *const *texts, size_t count);
/* The same for lists of bytes, each of `size`; and of numbers. */
void postgres_statements_bind_blobs(struct sql_query *q, const void *const *blobs, size_t size, size_t count);
void postgres_statements_bind_numbers(struct sql_query *q, const int64_t *numbers, bool zero_is_null, size_t count);

/* Runs all of them with one wait for the network. After one that fails the others aren't done. 0:
 * each has its rows; -1 with the error set. */
int postgres_statements_ask_all(struct postgres_handle *s, struct sql_query *queries, size_t count, const char *what,
                                struct err *e);
/* Moves the statement and what is bound to it to *later, which is ended as any other; q has nothing
 * bound, as if it were new. */
void postgres_statements_move(struct sql_query *q, struct sql_query *later);

/* Takes the rows away from a statement that was asked so; as text, if as_text was called before. */
PGresult *postgres_statements_take_rows(struct sql_query *q);
void postgres_statements_as_text(struct sql_query *q);

/* Which of two comes first, by this parameter: as strcmp. Both have the same text, and the
 * parameter has the same type. */
int postgres_statements_compare(const struct sql_query *a, const struct sql_query *b, int parameter);

/* Makes the rows of q the answers to asked->sql, for the values that were asked for, until
 * postgres_statements_forget_known. */
void postgres_statements_know(struct postgres_handle *s, const struct postgres_asked *asked, struct sql_query *q);
/* `change` changes the answer to `sql` for the value that is its parameter of this number. */
void postgres_statements_know_changed(struct postgres_handle *s, const char *sql, const struct sql_query *change,
                                      int parameter);
void postgres_statements_forget_known(struct postgres_handle *s);

void postgres_statements_free(struct postgres_handle *s);

#endif
