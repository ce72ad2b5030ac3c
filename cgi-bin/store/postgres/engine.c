/* engine.c - see engine.h. */
#include "store/postgres/private/engine.h"

#include "store/postgres/private/link.h"
#include "store/postgres/private/rows.h"
#include "store/postgres/private/statements.h"
#include "store/postgres/private/transaction.h"
#include "store/postgres/private/upkeep.h"
#include "store/postgres/private/view.h"

/* The transaction has begun with them: batch.h. */
static int expect(struct sql_store *s, const struct store_job *jobs, size_t count, struct err *e)
{
    (void)s;
    (void)jobs;
    (void)count;
    (void)e;
    return 0;
}

/* What can be seen here is on the server's disk, but perhaps not on its replica's: after a restart
 * or a wait that was cancelled PostgreSQL shows commits that no replica has. A commit that writes
 * to the log waits for a replica to have all that came before. */
static int touch(struct sql_store *s, struct err *e)
{
    PGresult *done = postgres_link_run((struct postgres_handle *)s,
                                       "SELECT pg_logical_emit_message(true, 'pollchat', '')", "write to the log", e);
    PQclear(done);
    return done != NULL ? 0 : -1;
}

/* Rows that were changed or deleted are overwritten by PostgreSQL's own VACUUM. */
static int owe_scrub(struct sql_store *s, bool later, struct err *e)
{
    (void)s;
    (void)later;
    (void)e;
    return 0;
}

static bool space_is_due(struct sql_store *s)
{
    (void)s;
    return false;
}

static int return_space(struct sql_store *s, struct err *e)
{
    (void)s;
    (void)e;
    return 0;
}

const struct sql_engine postgres_engine = {
    .prepare = postgres_statements_prepare,
    .bind_number = postgres_statements_bind_number,
    .bind_text = postgres_statements_bind_text,
    .bind_blob = postgres_statements_bind_blob,
    .next = postgres_statements_next,
    .is_null_at = postgres_statements_is_null_at,
    .number_at = postgres_statements_number_at,
    .text_at = postgres_statements_text_at,
    .blob_at = postgres_statements_blob_at,
    .changes = postgres_statements_changes,
    .reset = postgres_statements_reset,
    .release = postgres_statements_release,
    .write_begin = postgres_transaction_write_begin,
    .write_end = postgres_transaction_write_end,
    .view_enter = postgres_view_enter,
    .view_leave = postgres_view_leave,
    .expect = expect,
    .touch = touch,
    .owe_scrub = owe_scrub,
    .find_room = postgres_rows_find_room,
    .add_room = postgres_rows_add_room,
    .raise_head = postgres_rows_raise_head,
    .find_sent = postgres_rows_find_sent,
    .find_at = postgres_rows_find_at,
    .add_message = postgres_rows_add_message,
    .space = postgres_upkeep_space,
    .space_is_due = space_is_due,
    .return_space = return_space,
    .last_number = postgres_upkeep_last_number,
    .number_behind = postgres_upkeep_number_behind,
};
