/* query.c - see query.h. */
#include "store/sqlite/private/query.h"

#include "base/ck.h"
#include "store/sqlite/private/fail.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 24 }; /* one for each call of sqlite_query_begin_kept */

struct sqlite_kept {
    const char *sql[KEPT_MAX];
    sqlite3_stmt *statements[KEPT_MAX];
};

static void check(struct sqlite_query *q, int rc)
{
    if (rc != SQLITE_OK && q->result == 0) {
        q->result = sqlite_fail(q->s, rc, q->what, q->e);
    }
}

void sqlite_query_begin(struct sqlite_query *q, struct sqlite_handle *s, const char *sql, const char *what,
                        struct err *e)
{
    *q = (struct sqlite_query){.s = s, .what = what, .e = e};
    check(q, sqlite3_prepare_v2(s->db, sql, -1, &q->statement, NULL));
}

/* Where the statement is, or the next one can be. */
static size_t place_of(const struct sqlite_kept *kept, const char *sql)
{
    size_t i = 0;
    while (i + 1 < KEPT_MAX && kept->sql[i] != NULL && kept->sql[i] != sql) {
        i++;
    }
    CK(kept->sql[i] == NULL || kept->sql[i] == sql);
    return i;
}

void sqlite_query_begin_kept(struct sqlite_query *q, struct sqlite_handle *s, const char *sql, const char *what,
                             struct err *e)
{
    *q = (struct sqlite_query){.s = s, .what = what, .e = e, .kept = true};
    if (s->kept == NULL) {
        s->kept = ck_calloc(1, sizeof *s->kept);
    }
    size_t i = place_of(s->kept, sql);
    if (s->kept->statements[i] == NULL) {
        check(q, sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->kept->statements[i], NULL));
        s->kept->sql[i] = q->result == 0 ? sql : NULL;
    }
    q->statement = s->kept->statements[i];
}

void sqlite_query_finish(struct sqlite_handle *s)
{
    for (size_t i = 0; s->kept != NULL && i < KEPT_MAX; i++) {
        sqlite3_finalize(s->kept->statements[i]);
    }
    free(s->kept);
    s->kept = NULL;
}

void sqlite_query_number(struct sqlite_query *q, sqlite3_int64 number)
{
    q->bound++;
    if (q->result == 0) {
        check(q, sqlite3_bind_int64(q->statement, q->bound, number));
    }
}

void sqlite_query_number_or_null(struct sqlite_query *q, sqlite3_int64 number)
{
    if (number == 0) {
        q->bound++; /* what isn't bound is NULL */
    } else {
        sqlite_query_number(q, number);
    }
}

void sqlite_query_text(struct sqlite_query *q, const char *text)
{
    q->bound++;
    if (q->result == 0 && text != NULL) {
        check(q, sqlite3_bind_text(q->statement, q->bound, text, -1, SQLITE_STATIC));
    }
}

void sqlite_query_blob(struct sqlite_query *q, const void *bytes, size_t count)
{
    q->bound++;
    if (q->result == 0 && bytes != NULL) {
        check(q, sqlite3_bind_blob64(q->statement, q->bound, bytes, count, SQLITE_STATIC));
    }
}

bool sqlite_query_next(struct sqlite_query *q)
{
    if (q->result != 0) {
        return false;
    }
    int rc = sqlite3_step(q->statement);
    check(q, rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc);
    return rc == SQLITE_ROW;
}

sqlite3_int64 sqlite_query_number_at(const struct sqlite_query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

const char *sqlite_query_text_at(const struct sqlite_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q->statement, column);
    return text == NULL ? "" : (const char *)text;
}

bool sqlite_query_blob_at(const struct sqlite_query *q, int column, void *out, size_t size)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    size_t count = (size_t)sqlite3_column_bytes(q->statement, column);
    memset(out, 0, size);
    if (bytes == NULL || count > size) {
        return false;
    }
    memcpy(out, bytes, count);
    return true;
}

int sqlite_query_end(struct sqlite_query *q)
{
    if (!q->kept) {
        sqlite3_finalize(q->statement);
    } else if (q->statement != NULL) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    }
    q->statement = NULL;
    return q->result;
}

int sqlite_query_run(struct sqlite_query *q)
{
    while (sqlite_query_next(q)) {
    }
    return sqlite_query_end(q);
}

void *sqlite_query_grow(void *array, size_t count, size_t size)
{
    enum { FIRST = 8 };
    bool is_full = count == 0 || (count >= FIRST && (count & (count - 1)) == 0);
    return is_full ? ck_realloc(array, (count == 0 ? FIRST : count * 2) * size) : array;
}
