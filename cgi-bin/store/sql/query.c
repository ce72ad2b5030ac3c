/* query.c - see query.h. */
#include "store/sql/query.h"

#include "base/ck.h"

#include <string.h>

static void begin(struct sql_query *q, struct sql_store *s)
{
    q->s = s;
    s->engine->prepare(q);
}

void sql_query_begin(struct sql_query *q, struct sql_store *s, const char *sql, const char *what, struct err *e)
{
    *q = (struct sql_query){.sql = sql, .what = what, .e = e};
    begin(q, s);
}

void sql_query_begin_kept(struct sql_query *q, struct sql_store *s, const char *sql, const char *what, struct err *e)
{
    *q = (struct sql_query){.sql = sql, .what = what, .e = e, .kept = true};
    begin(q, s);
}

void sql_query_failed(struct sql_query *q)
{
    q->result = -1;
}

void sql_query_number(struct sql_query *q, int64_t number)
{
    q->bound++;
    if (q->result == 0) {
        q->s->engine->bind_number(q, q->bound, number);
    }
}

void sql_query_number_or_null(struct sql_query *q, int64_t number)
{
    if (number == 0) {
        q->bound++; /* what isn't bound is a number that is NULL */
    } else {
        sql_query_number(q, number);
    }
}

void sql_query_text(struct sql_query *q, const char *text)
{
    q->bound++;
    if (q->result == 0) {
        q->s->engine->bind_text(q, q->bound, text);
    }
}

void sql_query_blob(struct sql_query *q, const void *bytes, size_t count)
{
    q->bound++;
    if (q->result == 0) {
        q->s->engine->bind_blob(q, q->bound, bytes, count);
    }
}

int sql_query_parameters(const struct sql_query *q)
{
    return q->parameters;
}

bool sql_query_next(struct sql_query *q)
{
    return q->result == 0 && q->s->engine->next(q);
}

bool sql_query_is_null_at(const struct sql_query *q, int column)
{
    return q->s->engine->is_null_at(q, column);
}

int64_t sql_query_number_at(const struct sql_query *q, int column)
{
    return q->s->engine->number_at(q, column);
}

const char *sql_query_text_at(const struct sql_query *q, int column)
{
    return q->s->engine->text_at(q, column);
}

size_t sql_query_length_at(const struct sql_query *q, int column)
{
    size_t count = 0;
    (void)q->s->engine->blob_at(q, column, &count);
    return count;
}

bool sql_query_blob_at(const struct sql_query *q, int column, void *out, size_t size)
{
    size_t count = 0;
    const void *bytes = q->s->engine->blob_at(q, column, &count);
    memset(out, 0, size);
    if (bytes == NULL || count > size) {
        return false;
    }
    memcpy(out, bytes, count);
    return true;
}

void sql_query_again(struct sql_query *q)
{
    q->bound = 0;
    q->s->engine->reset(q);
}

int sql_query_end(struct sql_query *q)
{
    q->s->engine->release(q);
    return q->result;
}

int sql_query_run(struct sql_query *q)
{
    while (sql_query_next(q)) {
    }
    return sql_query_end(q);
}

int sql_query_change(struct sql_query *q, uint64_t *changed)
{
    while (sql_query_next(q)) {
    }
    *changed = q->result == 0 ? q->s->engine->changes(q) : 0;
    return sql_query_end(q);
}

int sql_query_insert(struct sql_query *q, int64_t *number)
{
    *number = 0;
    while (sql_query_next(q)) {
        *number = sql_query_number_at(q, 0);
    }
    return sql_query_end(q);
}

void *sql_query_grow(void *array, size_t count, size_t size)
{
    enum { FIRST = 8 };
    bool is_full = count == 0 || (count >= FIRST && (count & (count - 1)) == 0);
    return is_full ? ck_realloc(array, (count == 0 ? FIRST : count * 2) * size) : array;
}
