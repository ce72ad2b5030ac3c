/* move_rows.c - see move_rows.h. */
#include "store/sql/move_rows.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <string.h>

enum {
    PAGE_BYTES = 4 * 1024 * 1024,
    BATCH_BYTES = 4 * 1024 * 1024,
    BATCH_ROWS = 2000,
    PARAMETERS = 224, /* of a statement, at most (sql_store.h) */
};

/* How a column's bytes begin. A number follows as 8 bytes; a text or bytes as their count in 8
 * bytes, themselves and a NUL. */
enum tag { TAG_NULL, TAG_NUMBER, TAG_BYTES };

struct column {
    enum tag tag;
    int64_t number;
    const char *bytes;
    size_t length;
};

static void fail(int *result)
{
    *result = -1;
}

/* ---- rows as bytes ---- */

/* Reads the column at *at, and moves *at behind it. */
static struct column take_column(const char **at)
{
    struct column c = {.tag = (enum tag) * *at};
    uint64_t value = 0;
    (*at)++;
    if (c.tag == TAG_NULL) {
        return c;
    }
    memcpy(&value, *at, sizeof value);
    *at += sizeof value;
    if (c.tag == TAG_NUMBER) {
        c.number = (int64_t)value;
    } else {
        c.length = (size_t)value;
        c.bytes = *at;
        *at += c.length + 1;
    }
    return c;
}

static void add_column(struct buf *to, const struct sql_query *q, int column, char type)
{
    uint64_t value = 0;
    size_t count = 0;
    const char *bytes = NULL;
    if (sql_query_is_null_at(q, column)) {
        buf_addc(to, TAG_NULL);
        return;
    }
    if (type == 'i') {
        value = (uint64_t)sql_query_number_at(q, column);
    } else {
        bytes = q->s->engine->blob_at(q, column, &count);
        value = count;
    }
    buf_addc(to, type == 'i' ? TAG_NUMBER : TAG_BYTES);
    buf_add(to, &value, sizeof value);
    if (type != 'i') {
        buf_add(to, bytes, count);
        buf_addc(to, '\0');
    }
}

static int compare_columns(const struct column *a, const struct column *b)
{
    if (a->tag == TAG_NUMBER) {
        return a->number < b->number ? -1 : a->number > b->number;
    }
    size_t common = a->length < b->length ? a->length : b->length;
    int order = common > 0 ? memcmp(a->bytes, b->bytes, common) : 0;
    return order != 0 ? order : a->length < b->length ? -1 : a->length > b->length;
}

int sql_move_rows_compare(const struct sql_move_table *table, const struct sql_move_row *a,
                          const struct sql_move_row *b)
{
    const char *at_a = a->bytes;
    const char *at_b = b->bytes;
    int order = 0;
    for (int i = 0; i < table->keys && order == 0; i++) {
        struct column one = take_column(&at_a);
        struct column other = take_column(&at_b);
        order = compare_columns(&one, &other);
    }
    return order;
}

int64_t sql_move_rows_number(const struct sql_move_row *row, const struct sql_move_table *table, int column)
{
    const char *at = row->bytes;
    struct column c = {.tag = TAG_NULL};
    CK(table->types[column] == 'i');
    for (int i = 0; i <= column; i++) {
        c = take_column(&at);
    }
    return c.number;
}

static void bind(struct sql_query *q, const struct column *c, char type)
{
    if (type == 't') {
        sql_query_text(q, c->bytes);
    } else if (type == 'b') {
        sql_query_blob(q, c->bytes, c->length);
    } else if (c->tag == TAG_NULL) {
        sql_query_number_or_null(q, 0);
    } else {
        sql_query_number(q, c->number);
    }
}

/* Binds the first columns of the row at *at, and moves *at behind them. */
static void bind_columns(struct sql_query *q, const struct sql_move_table *table, const char **at, int count)
{
    for (int i = 0; i < count; i++) {
        struct column c = take_column(at);
        bind(q, &c, table->types[i]);
    }
}

static const char *behind_row(const struct sql_move_table *table, const char *at)
{
    for (size_t i = 0; table->types[i] != '\0'; i++) {
        take_column(&at);
    }
    return at;
}

/* ---- SQL ---- */

/* "(person_id, room_id)": the columns of the key. */
static void add_keys(struct buf *sql, const struct sql_move_table *table)
{
    const char *end = table->columns;
    for (int i = 0; i < table->keys; i++) {
        end += strcspn(end + (i > 0 ? 1 : 0), ",") + (i > 0 ? 1 : 0);
    }
    buf_addc(sql, '(');
    buf_add(sql, table->columns, (size_t)(end - table->columns));
    buf_addc(sql, ')');
}

static void add_parameters(struct buf *sql, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_adds(sql, i == 0 ? "(?" : ", ?");
    }
    buf_addc(sql, ')');
}

static void add_updates(struct buf *sql, const struct sql_move_table *table)
{
    int column = 0;
    for (const char *at = table->columns; *at != '\0'; column++) {
        int length = (int)strcspn(at, ",");
        if (column >= table->keys) {
            buf_addf(sql, "%s%.*s = excluded.%.*s", column > table->keys ? ", " : "", length, at, length, at);
        }
        at += length;
        at += strspn(at, ", ");
    }
}

/* ---- reading ---- */

void sql_move_rows_begin(struct sql_move_reader *r, struct sql_store *s, const struct sql_move_table *table,
                         struct err *e)
{
    *r = (struct sql_move_reader){.s = s, .table = table, .e = e, .most = SQL_MOVE_PAGE};
    buf_init(&r->page, BUF_UNLIMITED);
    buf_init(&r->last, BUF_UNLIMITED);
}

static int ask(struct sql_move_reader *r, const char *sql)
{
    struct sql_query q;
    sql_query_begin(&q, r->s, sql, "read rows to move", r->e);
    if (r->last.length > 0) {
        const char *at = r->last.bytes;
        bind_columns(&q, r->table, &at, r->table->keys);
    }
    sql_query_number(&q, (int64_t)r->most);
    while (sql_query_next(&q)) {
        r->starts[r->count++] = r->page.length;
        for (int i = 0; r->table->types[i] != '\0'; i++) {
            add_column(&r->page, &q, i, r->table->types[i]);
        }
    }
    r->starts[r->count] = r->page.length;
    return sql_query_end(&q);
}

static void read_page(struct sql_move_reader *r)
{
    struct buf sql;
    bool begun = false;
    buf_init(&sql, BUF_UNLIMITED);
    buf_addf(&sql, "SELECT %s FROM %s", r->table->columns, r->table->name);
    if (r->last.length > 0) {
        buf_adds(&sql, " WHERE ");
        add_keys(&sql, r->table);
        buf_adds(&sql, " > ");
        add_parameters(&sql, (size_t)r->table->keys);
    }
    buf_adds(&sql, " ORDER BY ");
    size_t keys = sql.length;
    add_keys(&sql, r->table);
    sql.bytes[keys] = ' '; /* without brackets */
    sql.bytes[sql.length - 1] = ' ';
    buf_adds(&sql, "LIMIT ?");
    r->page.length = 0;
    r->count = 0;
    r->at = 0;
    r->result = sql_view_enter(r->s, &begun, r->e);
    if (r->result == 0) {
        r->result = ask(r, buf_text(&sql));
        sql_view_leave(r->s, begun);
    }
    buf_fini(&sql);
}

/* Long rows come in smaller pages. */
static void plan_page(struct sql_move_reader *r)
{
    size_t each = r->count > 0 ? r->page.length / r->count + 1 : 1;
    r->most = PAGE_BYTES / each < SQL_MOVE_PAGE ? PAGE_BYTES / each + 1 : SQL_MOVE_PAGE;
}

bool sql_move_rows_at(struct sql_move_reader *r, struct sql_move_row *out)
{
    if (r->at == r->count && !r->is_end && r->result == 0) {
        size_t asked = r->most;
        read_page(r);
        r->is_end = r->count < asked;
        plan_page(r);
    }
    if (r->result != 0 || r->at == r->count) {
        return false;
    }
    *out = (struct sql_move_row){.bytes = r->page.bytes + r->starts[r->at],
                                 .length = r->starts[r->at + 1] - r->starts[r->at]};
    return true;
}

void sql_move_rows_step(struct sql_move_reader *r)
{
    CK(r->at < r->count);
    if (++r->at == r->count) {
        r->last.length = 0;
        buf_add(&r->last, r->page.bytes + r->starts[r->at - 1], r->starts[r->at] - r->starts[r->at - 1]);
    }
}

int sql_move_rows_end(struct sql_move_reader *r)
{
    buf_fini(&r->page);
    buf_fini(&r->last);
    return r->result;
}

size_t sql_move_rows_length(const struct sql_move_table *table, const char *bytes)
{
    return (size_t)(behind_row(table, bytes) - bytes);
}

int sql_move_rows_find(struct sql_store *s, const struct sql_move_table *table, const struct sql_move_row *row,
                       struct buf *out, struct err *e)
{
    struct buf sql;
    struct sql_query q;
    const char *at = row->bytes;
    buf_init(&sql, BUF_UNLIMITED);
    buf_addf(&sql, "SELECT %s FROM %s WHERE ", table->columns, table->name);
    add_keys(&sql, table);
    buf_adds(&sql, " = ");
    add_parameters(&sql, (size_t)table->keys);
    sql_query_begin(&q, s, buf_text(&sql), "read a row again", e);
    bind_columns(&q, table, &at, table->keys);
    out->length = 0;
    if (sql_query_next(&q)) {
        for (int i = 0; table->types[i] != '\0'; i++) {
            add_column(out, &q, i, table->types[i]);
        }
    }
    int result = sql_query_end(&q);
    buf_fini(&sql);
    return result;
}

/* ---- writing ---- */

void sql_move_rows_write(struct sql_move_writer *w, struct sql_store *s, const struct sql_move_table *table,
                         struct err *e)
{
    *w = (struct sql_move_writer){.s = s, .table = table, .e = e};
    buf_init(&w->put, BUF_UNLIMITED);
    buf_init(&w->deleted, BUF_UNLIMITED);
}

/* One statement adds or replaces so many rows at *at. */
static int put_rows(struct sql_move_writer *w, const char **at, size_t count)
{
    struct buf sql;
    struct sql_query q;
    size_t columns = strlen(w->table->types);
    buf_init(&sql, BUF_UNLIMITED);
    buf_addf(&sql, "INSERT INTO %s (%s) VALUES ", w->table->name, w->table->columns);
    for (size_t i = 0; i < count; i++) {
        buf_adds(&sql, i > 0 ? ", " : "");
        add_parameters(&sql, columns);
    }
    buf_adds(&sql, " ON CONFLICT ");
    add_keys(&sql, w->table);
    buf_adds(&sql, " DO UPDATE SET ");
    add_updates(&sql, w->table);
    sql_query_begin(&q, w->s, buf_text(&sql), "store rows that move", w->e);
    for (size_t i = 0; i < count; i++) {
        bind_columns(&q, w->table, at, (int)columns);
    }
    int result = sql_query_run(&q);
    buf_fini(&sql);
    return result;
}

static int put_all(struct sql_move_writer *w)
{
    const char *at = w->put.bytes;
    const char *end = at + w->put.length;
    size_t group = PARAMETERS / strlen(w->table->types);
    int result = 0;
    while (result == 0 && at != end) {
        size_t count = 0;
        for (const char *row = at; row != end && count < group; count++) {
            row = behind_row(w->table, row);
        }
        while (result == 0 && count < group && count > 0) { /* the rest one by one: fewer forms of the statement */
            result = put_rows(w, &at, 1);
            count--;
        }
        result = result == 0 && count > 0 ? put_rows(w, &at, count) : result;
    }
    return result;
}

static int delete_all(struct sql_move_writer *w)
{
    struct buf sql;
    struct sql_query q;
    buf_init(&sql, BUF_UNLIMITED);
    buf_addf(&sql, "DELETE FROM %s WHERE ", w->table->name);
    add_keys(&sql, w->table);
    buf_adds(&sql, " = ");
    add_parameters(&sql, (size_t)w->table->keys);
    sql_query_begin(&q, w->s, buf_text(&sql), "delete rows that are gone", w->e);
    for (const char *at = w->deleted.bytes; q.result == 0 && at != w->deleted.bytes + w->deleted.length;) {
        const char *row = at;
        bind_columns(&q, w->table, &row, w->table->keys);
        while (sql_query_next(&q)) {
        }
        sql_query_again(&q);
        at = behind_row(w->table, at);
    }
    int result = sql_query_end(&q);
    buf_fini(&sql);
    return result;
}

static int store(struct sql_move_writer *w)
{
    struct err why = ERR_INIT;
    struct err *e = w->e;
    if (sql_write_begin(w->s, &why) != 0) {
        return err_move(e, &why);
    }
    w->e = &why;
    int result = w->deleted.length > 0 ? delete_all(w) : 0;
    result = result == 0 && w->put.length > 0 ? put_all(w) : result;
    result = result == 0 && w->changes ? sql_scrub_owe_later(w->s, &why) : result;
    result = sql_write_end(w->s, result, &why);
    w->e = e;
    return result == 0 ? 0 : err_move(e, &why);
}

static void flush(struct sql_move_writer *w)
{
    if (w->result == 0 && w->count > 0 && store(w) != 0) {
        fail(&w->result);
    }
    w->put.length = 0;
    w->deleted.length = 0;
    w->count = 0;
    w->changes = false;
}

static void collect(struct sql_move_writer *w, struct buf *to, const struct sql_move_row *row)
{
    buf_add(to, row->bytes, row->length);
    w->count++;
    if (w->count >= BATCH_ROWS || w->put.length + w->deleted.length >= BATCH_BYTES) {
        flush(w);
    }
}

void sql_move_rows_put(struct sql_move_writer *w, const struct sql_move_row *row, bool is_new)
{
    w->changes |= !is_new;
    collect(w, &w->put, row);
}

void sql_move_rows_delete(struct sql_move_writer *w, const struct sql_move_row *row)
{
    w->changes = true;
    collect(w, &w->deleted, row);
}

int sql_move_rows_finish(struct sql_move_writer *w)
{
    flush(w);
    buf_fini(&w->put);
    buf_fini(&w->deleted);
    return w->result;
}
