/* engine.c - see engine.h. */
#include "store/sqlite/private/engine.h"

#include "base/ck.h"
#include "store/sql/query.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/kept.h"
#include "store/sqlite/private/numbers.h"
#include "store/sqlite/private/pages.h"
#include "store/sqlite/private/rows.h"
#include "store/sqlite/private/schema.h"
#include "store/sqlite/private/scrub.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/view.h"
#include "store/sqlite/private/write.h"
#include "system/file.h"

#include <stdio.h>
#include <stdlib.h>

static struct sqlite_handle *mine(struct sql_store *s)
{
    return (struct sqlite_handle *)s;
}

/* ---- statements ---- */

static void check(struct sql_query *q, int rc)
{
    if (rc != SQLITE_OK && q->result == 0) {
        sqlite_fail(mine(q->s), rc, q->what, q->e);
        sql_query_failed(q);
    }
}

static void prepare(struct sql_query *q)
{
    struct sqlite_handle *s = mine(q->s);
    sqlite3_stmt *statement = NULL;
    if (q->kept) {
        check(q, sqlite_kept_get(s, q->sql, &statement));
    } else {
        check(q, sqlite3_prepare_v2(s->db, q->sql, -1, &statement, NULL));
    }
    q->statement = statement;
    q->parameters = sqlite3_bind_parameter_count(statement);
}

static void bind_number(struct sql_query *q, int parameter, int64_t number)
{
    check(q, sqlite3_bind_int64(q->statement, parameter, number));
}

static void bind_text(struct sql_query *q, int parameter, const char *text)
{
    check(q, sqlite3_bind_text(q->statement, parameter, text, -1, SQLITE_STATIC));
}

static void bind_blob(struct sql_query *q, int parameter, const void *bytes, size_t count)
{
    check(q, sqlite3_bind_blob64(q->statement, parameter, bytes, count, SQLITE_STATIC));
}

static bool next(struct sql_query *q)
{
    int rc = sqlite3_step(q->statement);
    check(q, rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc);
    return rc == SQLITE_ROW;
}

static bool is_null_at(const struct sql_query *q, int column)
{
    return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

static int64_t number_at(const struct sql_query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

static const char *text_at(const struct sql_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q->statement, column);
    return text == NULL ? "" : (const char *)text;
}

static const void *blob_at(const struct sql_query *q, int column, size_t *count)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    *count = (size_t)sqlite3_column_bytes(q->statement, column);
    return bytes;
}

static uint64_t changes(const struct sql_query *q)
{
    return (uint64_t)sqlite3_changes(mine(q->s)->db);
}

static void reset(struct sql_query *q)
{
    if (q->statement != NULL) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    }
}

static void release(struct sql_query *q)
{
    if (q->kept) {
        reset(q);
    } else {
        sqlite3_finalize(q->statement);
    }
    q->statement = NULL;
}

/* ---- transactions ---- */

static int write_begin(struct sql_store *base, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_write *write = ck_calloc(1, sizeof *write);
    if (sqlite_write_begin(s, write, e) != 0) {
        free(write);
        return -1;
    }
    s->write = write;
    return 0;
}

static int write_end(struct sql_store *base, int result, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_write *write = s->write;
    s->write = NULL;
    result = sqlite_write_end(s, write, result, e);
    free(write);
    return result;
}

static int view_enter(struct sql_store *base, bool *begun, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    *begun = !s->viewing && s->write == NULL;
    return *begun ? sqlite_view_begin(&base->base, e) : 0;
}

static void view_leave(struct sql_store *base, bool begun)
{
    if (begun) {
        sqlite_view_end(&base->base);
    }
}

/* One process writes at a time, in all rooms. */
static int expect(struct sql_store *base, const struct store_job *jobs, size_t count, struct err *e)
{
    (void)base;
    (void)jobs;
    (void)count;
    (void)e;
    return 0;
}

/* SQLite syncs only after a change. This one changes nothing but a counter of the file. */
static int touch(struct sql_store *base, struct err *e)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", sqlite_schema_latest());
    return sqlite_sql_exec(mine(base), sql, "sync", e);
}

static int owe_scrub(struct sql_store *base, bool later, struct err *e)
{
    return later ? sqlite_scrub_owe_later(mine(base), e) : sqlite_scrub_owe(mine(base), e);
}

/* ---- rooms and messages ---- */

static int find_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    return sqlite_rows_find_room(mine(s), name, out, e);
}

static int add_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e)
{
    return sqlite_rows_add_room(mine(s), name, out, e);
}

static int raise_head(struct sql_store *s, const struct sql_room *room, struct err *e)
{
    return sqlite_rows_raise_head(mine(s), room, e);
}

static int find_sent(struct sql_store *s, const struct sql_room *room, int64_t person_id, struct store_job *job,
                     struct err *e)
{
    return sqlite_rows_find_sent(mine(s), room, person_id, job, e);
}

static int find_at(struct sql_store *s, int64_t message_id, struct store_job *job, struct err *e)
{
    return sqlite_rows_find_at(mine(s), message_id, job, e);
}

static int add_message(struct sql_store *s, int64_t message_id, const struct sql_author *author,
                       const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e)
{
    return sqlite_rows_add_message(mine(s), message_id, author, draft, time_ms, added, e);
}

/* ---- space ---- */

static int space(struct sql_store *s, struct sql_space *out, struct err *e)
{
    *out = (struct sql_space){.log = (int64_t)file_size(mine(s)->log_path)};
    return sqlite_pages_count(mine(s), out, e);
}

static bool space_is_due(struct sql_store *s)
{
    return sqlite_pages_are_due(mine(s));
}

static int return_space(struct sql_store *s, struct err *e)
{
    return sqlite_pages_return(mine(s), e);
}

const struct sql_engine sqlite_engine = {
    .prepare = prepare,
    .bind_number = bind_number,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .next = next,
    .is_null_at = is_null_at,
    .number_at = number_at,
    .text_at = text_at,
    .blob_at = blob_at,
    .changes = changes,
    .reset = reset,
    .release = release,
    .write_begin = write_begin,
    .write_end = write_end,
    .view_enter = view_enter,
    .view_leave = view_leave,
    .expect = expect,
    .touch = touch,
    .owe_scrub = owe_scrub,
    .find_room = find_room,
    .add_room = add_room,
    .raise_head = raise_head,
    .find_sent = find_sent,
    .find_at = find_at,
    .add_message = add_message,
    .space = space,
    .space_is_due = space_is_due,
    .return_space = return_space,
    .last_number = sqlite_numbers_last,
    .number_behind = sqlite_numbers_behind,
};
