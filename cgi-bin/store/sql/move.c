/* move.c - see move.h. */
#include "store/sql/move.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/sql/move_marks.h"
#include "store/sql/move_rows.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static_assert((int)STORE_MOVE_TABLES == (int)SQL_MOVE_TABLES, "each table is told");

enum {
    LONG_COPY_MS = 5000, /* after a copy that took longer, another one catches up with what came meanwhile */
    COPY_PERCENT = 80,   /* of the time; then the rest, with the writers kept out */
    CLOSE_MS = 60000,    /* to wait for a moment without writers */
    TELL_EACH = 500,     /* rows */
};

struct move {
    struct sql_store *from;
    struct sql_store *to;
    const struct store_progress *progress;
    struct store_moved *out;
    struct err from_e; /* errors of the old database, and of the new one */
    struct err to_e;
    uint64_t messages; /* in the old database at the begin */
    bool is_closed;    /* the old database has an open transaction that keeps writers out */
};

/* ---- progress and errors ---- */

static void tell(const struct move *m, unsigned from, unsigned to, uint64_t rows)
{
    uint64_t all = m->messages > 0 ? m->messages : 1;
    uint64_t part = rows < all ? rows : all;
    if (m->progress != NULL) {
        m->progress->tell(m->progress->context, from + (unsigned)((to - from) * part / all));
    }
}

static int report(const struct move *m, int result, struct err *e)
{
    if (result != 0) {
        bool is_old = m->from_e.code != ERR_NONE;
        const struct err *why = is_old ? &m->from_e : &m->to_e;
        return err_set(e, why->code, "The %s database: %s", is_old ? "old" : "new", why->text);
    }
    return 0;
}

static int count_of(struct sql_store *s, const char *sql, int64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, sql, "count for a move", e);
    *out = sql_query_next(&q) ? sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

/* A server ends a transaction in which nothing happens for long. */
static int keep_alive(struct move *m)
{
    int64_t one = 0;
    return m->is_closed ? count_of(m->from, "SELECT 1", &one, &m->from_e) : 0;
}

/* ---- one table: makes the new database's rows those of the old one ---- */

enum part { PART_PUT = 1, PART_DELETE = 2 };

struct merge {
    struct move *m;
    const struct sql_move_table *table;
    enum part parts;
    int64_t parents; /* rows that refer to a greater number are left out; their parents aren't there yet */
    struct sql_move_reader old;
    struct sql_move_reader new;
    struct sql_move_writer writer;
    struct buf written; /* rows that were put, one behind the other: they are read again */
    uint64_t rows;      /* of the old database, as is the next one */
    uint64_t checksum;  /* the sum of the rows' hashes */
    uint64_t new_checksum;
};

static uint64_t hash_of(const struct sql_move_row *row)
{
    return hash_bytes(HASH_START, row->bytes, row->length);
}

static bool may_put(const struct merge *g, const struct sql_move_row *row)
{
    const struct sql_move_table *t = g->table;
    return (g->parts & PART_PUT) != 0 &&
           (t->parent == NULL || sql_move_rows_number(row, t, t->child) >> t->child_shift <= g->parents);
}

/* there: the new database's row with this key, or NULL. */
static void take_old(struct merge *g, const struct sql_move_row *row, const struct sql_move_row *there)
{
    bool is_same = there != NULL && there->length == row->length && memcmp(there->bytes, row->bytes, row->length) == 0;
    uint64_t hash = hash_of(row);
    g->rows++;
    g->checksum += hash;
    if (is_same) {
        g->new_checksum += hash;
    } else if (may_put(g, row)) {
        sql_move_rows_put(&g->writer, row, there == NULL);
        if (g->m->is_closed) {
            buf_add(&g->written, row->bytes, row->length);
        }
    } else if (there != NULL) {
        g->new_checksum += hash_of(there);
    }
    if (g->rows % TELL_EACH == 0 && strcmp(g->table->name, "message") == 0) {
        tell(g->m, g->m->is_closed ? COPY_PERCENT : 0, g->m->is_closed ? 100 : COPY_PERCENT, g->rows);
    }
}

/* A row that only the new database has. */
static void take_new(struct merge *g, const struct sql_move_row *row)
{
    if ((g->parts & PART_DELETE) != 0) {
        sql_move_rows_delete(&g->writer, row);
    } else {
        g->new_checksum += hash_of(row);
    }
}

/* False: both are at their ends. */
static bool merge_row(struct merge *g)
{
    struct sql_move_row a;
    struct sql_move_row b;
    bool has_a = sql_move_rows_at(&g->old, &a);
    bool has_b = g->old.result == 0 && sql_move_rows_at(&g->new, &b);
    if (g->old.result != 0 || g->new.result != 0 || g->writer.result != 0 || (!has_a && !has_b)) {
        return false;
    }
    int order = !has_b ? -1 : !has_a ? 1 : sql_move_rows_compare(g->table, &a, &b);
    if (order > 0) {
        take_new(g, &b);
    } else {
        take_old(g, &a, order == 0 ? &b : NULL);
        sql_move_rows_step(&g->old);
    }
    if (order >= 0) {
        sql_move_rows_step(&g->new);
    }
    return true;
}

/* For a table that refers to another one: how far that one has been copied. */
static int find_parents(struct merge *g)
{
    char sql[100];
    g->parents = INT64_MAX;
    if (g->table->parent == NULL || g->m->is_closed) {
        return 0;
    }
    snprintf(sql, sizeof sql, "SELECT max(%s_id) FROM %s", g->table->parent, g->table->parent);
    return count_of(g->m->to, sql, &g->parents, &g->m->to_e);
}

/* What was written is read again. */
static int read_written(struct merge *g)
{
    struct buf found;
    int result = 0;
    uint64_t count = 0;
    buf_init(&found, BUF_UNLIMITED);
    for (size_t at = 0; at < g->written.length && result == 0;) {
        struct sql_move_row row = {.bytes = g->written.bytes + at};
        row.length = sql_move_rows_length(g->table, row.bytes);
        at += row.length;
        result = sql_move_rows_find(g->m->to, g->table, &row, &found, &g->m->to_e);
        g->new_checksum += hash_bytes(HASH_START, found.bytes, found.length);
        if (result == 0 && ++count % TELL_EACH == 0) {
            result = keep_alive(g->m);
        }
    }
    buf_fini(&found);
    return result;
}

/* All rows of the table are equal in both databases. */
static int verify(struct merge *g)
{
    char sql[60];
    int64_t rows = 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", g->table->name);
    if (read_written(g) != 0 || count_of(g->m->to, sql, &rows, &g->m->to_e) != 0) {
        return -1;
    }
    return (uint64_t)rows == g->rows && g->checksum == g->new_checksum
               ? 0
               : err_set(&g->m->to_e, ERR_CONFLICT,
                         "Its table %s has %" PRId64 " rows (checksum %016" PRIx64 "), and the old one has %" PRIu64
                         " (%016" PRIx64 "). Does another program write to it? Run the same command again.",
                         g->table->name, rows, g->new_checksum, g->rows, g->checksum);
}

static int merge(struct move *m, size_t index, enum part parts)
{
    const struct sql_move_table *table = &sql_move_tables[index];
    struct merge g = {.m = m, .table = table, .parts = parts};
    if (find_parents(&g) != 0) {
        return -1;
    }
    buf_init(&g.written, BUF_UNLIMITED);
    sql_move_rows_begin(&g.old, m->from, table, &m->from_e);
    sql_move_rows_begin(&g.new, m->to, table, &m->to_e);
    sql_move_rows_write(&g.writer, m->to, table, &m->to_e);
    while (merge_row(&g)) {
    }
    int result = sql_move_rows_end(&g.old);
    result = sql_move_rows_end(&g.new) != 0 ? -1 : result;
    result = sql_move_rows_finish(&g.writer) != 0 ? -1 : result;
    if (result == 0 && m->is_closed && parts != PART_DELETE) {
        result = verify(&g);
    }
    buf_fini(&g.written);
    m->out->tables[index] = (struct store_move_table){.name = table->name, .rows = g.rows, .checksum = g.checksum};
    return result;
}

/* ---- while people go on ---- */

/* Rows that others refer to can't be deleted before those, so only messages are. */
static int copy_early(struct move *m)
{
    int result = 0;
    for (size_t i = 0; i < SQL_MOVE_TABLES && result == 0; i++) {
        bool is_message = strcmp(sql_move_tables[i].name, "message") == 0;
        if (sql_move_tables[i].is_early) {
            result = merge(m, i, is_message ? PART_PUT | PART_DELETE : PART_PUT);
        }
    }
    return result;
}

static int copy(struct move *m)
{
    enum { TIMES = 3 };
    int64_t took = LONG_COPY_MS;
    int result = 0;
    for (int i = 0; i < TIMES && result == 0 && took >= LONG_COPY_MS; i++) {
        int64_t begun = clock_mono_ms();
        result = copy_early(m);
        took = clock_mono_ms() - begun;
    }
    return result;
}

/* ---- with the writers kept out ---- */

static int merge_all(struct move *m)
{
    int result = 0;
    for (size_t i = SQL_MOVE_TABLES; i-- > 0 && result == 0;) {
        bool is_message = strcmp(sql_move_tables[i].name, "message") == 0;
        result = is_message ? 0 : merge(m, i, PART_DELETE);
    }
    for (size_t i = 0; i < SQL_MOVE_TABLES && result == 0; i++) {
        result = merge(m, i, PART_PUT | PART_DELETE);
    }
    return result;
}

/* Numbers of rows that are gone aren't given again. */
static int set_number(struct move *m, const struct sql_move_table *table)
{
    char column[40];
    char sql[100];
    int64_t kept = 0;
    int64_t last = 0;
    snprintf(column, sizeof column, "%.*s", (int)strcspn(table->columns, ","), table->columns);
    snprintf(sql, sizeof sql, "SELECT max(%s) FROM %s", column, table->name);
    if (m->from->engine->last_number(m->from, table->name, column, &kept, &m->from_e) != 0 ||
        count_of(m->from, sql, &last, &m->from_e) != 0) {
        return -1;
    }
    last = last > kept ? last : kept;
    return last > 0 ? m->to->engine->number_behind(m->to, table->name, column, last, &m->to_e) : 0;
}

static int set_numbers(struct move *m)
{
    int result = sql_write_begin(m->to, &m->to_e);
    if (result != 0) {
        return -1;
    }
    for (size_t i = 0; i < SQL_MOVE_TABLES && result == 0; i++) {
        result = sql_move_tables[i].is_numbered ? set_number(m, &sql_move_tables[i]) : 0;
    }
    if (result != 0) {
        err_set(&m->to_e, ERR_SYSTEM, "The numbers of rows can't be set.");
    }
    return sql_write_end(m->to, result, &m->to_e);
}

/* Waits for other writers of the old database. */
static int close_old(struct move *m)
{
    int64_t until = clock_mono_ms() + CLOSE_MS;
    do {
        err_clear(&m->from_e);
        m->is_closed = sql_write_begin(m->from, &m->from_e) == 0;
    } while (!m->is_closed && m->from_e.code == ERR_BUSY && clock_mono_ms() < until);
    return m->is_closed ? 0 : -1;
}

/* Ends the transaction that keeps writers out. */
static int open_old(struct move *m, int result)
{
    struct err why = m->from_e.code != ERR_NONE ? m->from_e : m->to_e;
    m->is_closed = false;
    result = sql_write_end(m->from, result, &why); /* a failure wants a reason */
    if (result != 0 && m->to_e.code == ERR_NONE) {
        err_move(&m->from_e, &why);
    }
    return result;
}

static int move_rest(struct move *m)
{
    int64_t begun = clock_mono_ms();
    if (close_old(m) != 0) {
        return -1;
    }
    int result = merge_all(m);
    result = result == 0 ? set_numbers(m) : result;
    result = result == 0 ? sql_move_marks_copy_meta(m->from, m->to, &m->from_e, &m->to_e) : result;
    result = result == 0 ? sql_move_marks_set(m->from, SQL_MOVED_AWAY, &m->from_e) : result;
    result = open_old(m, result);
    m->out->closed_ms = clock_mono_ms() - begun;
    return result;
}

/* ---- the whole ---- */

static void begin(struct move *m, struct store *from, struct store *to, const struct store_progress *progress,
                  struct store_moved *out)
{
    *m = (struct move){
        .from = (struct sql_store *)from, .to = (struct sql_store *)to, .progress = progress, .out = out};
    m->from->is_mover = true;
    m->to->is_mover = true;
}

static int count_messages(struct move *m)
{
    int64_t count = 0;
    int result = count_of(m->from, "SELECT count(*) FROM message", &count, &m->from_e);
    m->messages = (uint64_t)count;
    return result;
}

int sql_move(struct store *from, struct store *to, const struct store_progress *progress, struct store_moved *out,
             struct err *e)
{
    struct move m;
    begin(&m, from, to, progress, out);
    int result = sql_move_marks_begin(m.from, m.to, &out->was_done, &m.from_e, &m.to_e);
    memcpy(out->epoch, m.from->epoch, sizeof out->epoch);
    if (result != 0 || out->was_done) {
        return report(&m, result, e);
    }
    result = count_messages(&m);
    result = result == 0 ? copy(&m) : result;
    result = result == 0 ? move_rest(&m) : result;
    if (result != 0) {
        return report(&m, result, e);
    }
    return sql_move_marks_finish(m.from, m.to, e);
}

/* ---- going back ---- */

/* Nothing is written: what differs is found by the comparison. */
static int compare_now(struct move *m)
{
    int result = count_messages(m);
    m->is_closed = true; /* by its mark */
    for (size_t i = 0; i < SQL_MOVE_TABLES && result == 0; i++) {
        result = merge(m, i, (enum part)0);
    }
    if (m->to_e.code == ERR_CONFLICT) {
        err_clear(&m->to_e);
        err_set(&m->to_e, ERR_CONFLICT,
                "It isn't as it was after the move: people have used it since. To go back with what they wrote, set "
                "'store' to it and move the chat the other way.");
    }
    return result;
}

int sql_move_undo(struct store *from, struct store *to, const struct store_progress *progress, struct err *e)
{
    struct move m;
    struct store_moved told;
    bool is_filled = false;
    begin(&m, from, to, progress, &told);
    if (sql_move_marks_may_undo(m.from, m.to, &is_filled, &m.from_e, &m.to_e) != 0) {
        return report(&m, -1, e);
    }
    int result = sql_write_begin(m.to, &m.to_e);
    if (result == 0) {
        result = is_filled ? 0 : compare_now(&m);
        result = result == 0 ? sql_move_marks_set(m.to, SQL_MOVED_HERE, &m.to_e) : result;
        if (result != 0) {
            err_set(&m.to_e, m.from_e.code, "%s", m.from_e.text);
        }
        result = sql_write_end(m.to, result, &m.to_e);
    }
    if (result == 0) {
        result = sql_move_marks_change(m.from, SQL_MOVED_NOT, &m.from_e);
    }
    return report(&m, result, e);
}
