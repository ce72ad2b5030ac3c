/* transaction.c - see transaction.h. */
#include "store/postgres/private/transaction.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "base/log.h"
#include "store/postgres/private/batch.h"
#include "store/postgres/private/fail.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/locks.h"
#include "store/postgres/private/meta.h"
#include "store/postgres/private/seen.h"
#include "store/postgres/private/takeover.h"

#include <stdio.h>
#include <string.h>

enum { IDLE_MS = 30000 };

static struct postgres_handle *mine(struct sql_store *s)
{
    return (struct postgres_handle *)s;
}

/* The transaction is over, however it ended. */
static void forget(struct postgres_handle *s)
{
    s->open = POSTGRES_NOTHING;
    s->is_lost = false;
    postgres_batch_forget(s);
}

/* Ends a transaction that isn't to be committed. Statements that failed may have begun it. */
static void roll_back(struct postgres_handle *s)
{
    if (s->db != NULL && PQtransactionStatus(s->db) != PQTRANS_IDLE) {
        PQclear(postgres_link_run(s, "ROLLBACK", "roll back", NULL));
    }
    if (s->db != NULL && PQtransactionStatus(s->db) != PQTRANS_IDLE) {
        postgres_link_close(s);
    }
    forget(s);
}

/* How a transaction begins. */
struct beginning {
    enum postgres_open open;
    const char *text;          /* its last statement reads meta; NULL: a batch begins (batch.h), */
    const char *const *limits; /* with these statements first */
};

static int begin_once(struct postgres_handle *s, const struct beginning *b, bool *taken_over, struct err *e)
{
    PGresult *row = b->text != NULL ? postgres_link_run(s, b->text, "begin", e)
                                    : postgres_batch_begin(s, b->limits, POSTGRES_META_SELECT, e);
    int result = -1;
    int64_t timeline = row != NULL ? postgres_meta_timeline(row) : 0;
    bool is_old = timeline != 0 && postgres_seen_check(s, timeline, e) != 0;
    *taken_over = row != NULL && !is_old && postgres_meta_is_taken_over(s, row);
    if (row != NULL) {
        s->open = b->open;
        result = *taken_over || is_old ? -1 : postgres_meta_check(s, row, e);
    }
    PQclear(row);
    if (result != 0) {
        bool can_repeat = s->can_repeat; /* of the failure, not of the rollback */
        roll_back(s);
        s->can_repeat = can_repeat;
    }
    if (is_old) { /* the next connection may find the present one */
        postgres_link_close(s);
        s->is_lost = false;
    }
    return result;
}

static int begin(struct postgres_handle *s, const struct beginning *b, struct err *e)
{
    bool taken_over = false;
    int result = begin_once(s, b, &taken_over, e);
    if (taken_over && postgres_takeover_settle(s, e) == 0) {
        result = begin_once(s, b, &taken_over, e);
    }
    return result != 0 && taken_over && s->db != NULL
               ? err_set(e, ERR_BUSY, "Another server of the database has just taken over. Try again in a moment.")
               : result;
}

/* ---- writing ---- */

enum { LIMITS_MOST = 3, LIMIT_SIZE = 90 };

/* What set_up in link.c can't set for the whole session. limits: pointers to texts, the last one is
 * NULL. */
static void write_limits(const struct postgres_handle *s, char texts[LIMITS_MOST][LIMIT_SIZE],
                         const char *limits[LIMITS_MOST + 1])
{
    size_t count = 0;
    if (s->is_pooled) {
        snprintf(texts[count], LIMIT_SIZE, "SET LOCAL lock_timeout = %u",
                 s->busy_timeout_ms > 0 ? s->busy_timeout_ms : 1);
        count++;
        snprintf(texts[count], LIMIT_SIZE, "SET LOCAL idle_in_transaction_session_timeout = %d", IDLE_MS);
        count++;
    }
    if (s->needs_sync) {
        snprintf(texts[count++], LIMIT_SIZE, "SET LOCAL synchronous_commit = on");
    }
    for (size_t i = 0; i < count; i++) {
        limits[i] = texts[i];
    }
    limits[count] = NULL;
}

/* Alone, or beside other appends. */
static int begin_by_text(struct postgres_handle *s, const char *const *limits, struct err *e)
{
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    buf_adds(&text, "BEGIN ISOLATION LEVEL READ COMMITTED; ");
    for (size_t i = 0; limits[i] != NULL; i++) {
        buf_addf(&text, "%s; ", limits[i]);
    }
    if (s->is_append) {
        buf_addf(&text, POSTGRES_LOCKS_SHARE, POSTGRES_LOCKS_RULES, s->lock);
    } else {
        buf_addf(&text, POSTGRES_LOCKS_TAKE, POSTGRES_LOCKS_RULES, s->lock);
    }
    buf_adds(&text, "; " POSTGRES_META_SELECT);
    const struct beginning b = {.open = POSTGRES_WRITE, .text = buf_text(&text)};
    int result = begin(s, &b, e);
    buf_fini(&text);
    return result;
}

int postgres_transaction_write_begin(struct sql_store *base, struct err *e)
{
    struct postgres_handle *s = mine(base);
    char texts[LIMITS_MOST][LIMIT_SIZE];
    const char *limits[LIMITS_MOST + 1];
    CK(s->mode == STORE_WRITE && s->open == POSTGRES_NOTHING);
    if (postgres_link_open(s, e) != 0) { /* it tells whether there is a pool */
        return -1;
    }
    write_limits(s, texts, limits);
    if (s->is_append && s->job_count > 0) {
        const struct beginning b = {.open = POSTGRES_WRITE, .limits = limits};
        return begin(s, &b, e);
    }
    return begin_by_text(s, limits, e);
}

/* The messages may be stored. */
static int fail_unknown(struct postgres_handle *s, struct err *e)
{
    log_line("%s: it isn't known whether the last commit has happened", s->label);
    return err_set(e, ERR_UNSURE,
                   "The database went away while it stored this, so it may or may not be stored. Try "
                   "again.");
}

/* A server that waits for a replica warns if it gave that up: then a replica that takes over may
 * not have the commit. COMMIT of a transaction that has failed is answered by ROLLBACK. */
static int commit(struct postgres_handle *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (s->is_lost) { /* before the commit, so it didn't happen */
        return postgres_fail_unreachable(e);
    }
    PGresult *done = postgres_batch_is_due(s) ? postgres_batch_commit(s, &why)
                                              : postgres_link_run(s, "COMMIT", "commit", &why);
    bool is_done = done != NULL && strcmp(PQcmdStatus(done), "COMMIT") == 0;
    bool is_unknown = done == NULL ? s->has_no_answer : is_done && s->was_warned;
    PQclear(done);
    if (is_unknown) {
        return fail_unknown(s, e);
    }
    if (!is_done && done != NULL) {
        return err_set(e, ERR_SYSTEM, "The database didn't store this: see the log.");
    }
    return is_done ? 0 : err_move(e, &why);
}

int postgres_transaction_write_end(struct sql_store *base, int result, struct err *e)
{
    struct postgres_handle *s = mine(base);
    bool can_repeat = s->can_repeat;
    if (result == 0) {
        result = commit(s, e);
        can_repeat = s->can_repeat;
    }
    if (result == 0) {
        forget(s);
    } else {
        roll_back(s);
    }
    s->can_repeat = result != 0 && can_repeat;
    return result;
}

/* ---- views ---- */

int postgres_transaction_view_begin(struct postgres_handle *s, struct err *e)
{
    CK(s->open == POSTGRES_NOTHING);
    /* Its first SELECT fixes the view. */
    static const struct beginning b = {
        .open = POSTGRES_VIEW, .text = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " POSTGRES_META_SELECT};
    return begin(s, &b, e);
}

void postgres_transaction_view_end(struct postgres_handle *s)
{
    if (s->open != POSTGRES_VIEW) {
        return;
    }
    s->open = POSTGRES_NOTHING; /* nothing was written, so nothing is waited for */
    if (s->db != NULL) {
        postgres_link_leave(s, "COMMIT");
    }
    forget(s);
}
