/* takeover.c - see takeover.h. */
#include "store/postgres/private/takeover.h"

#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/postgres/private/link.h"
#include "store/postgres/private/locks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMELINE, SYNCED, SYSTEM, NOW };

static int run(struct postgres_handle *s, const char *text, struct err *e)
{
    PGresult *result = postgres_link_run(s, text, "look which server has taken over", e);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static int64_t number_at(const PGresult *row, int column)
{
    return strtoll(PQgetvalue(row, 0, column), NULL, 10);
}

static int note(struct postgres_handle *s, int64_t timeline, bool is_sure, struct err *e)
{
    char text[200];
    char change[60] = "";
    char epoch[RANDOM_ID_SIZE];
    random_id(epoch);
    if (!is_sure) {
        snprintf(change, sizeof change, "epoch = '%s', ", epoch);
    }
    snprintf(text, sizeof text, "UPDATE meta SET %stimeline = %" PRId64 ", system = %" PRId64, change, timeline,
             (int64_t)s->system);
    return run(s, text, e);
}

/* Alone. Another program may have been faster. */
static int decide(struct postgres_handle *s, const PGresult *row, struct err *e)
{
    int64_t before = number_at(row, TIMELINE);
    int64_t now = number_at(row, NOW);
    int64_t system = number_at(row, SYSTEM);
    bool is_other = s->system != 0 && system != 0 && system != (int64_t)s->system;
    bool is_sure = number_at(row, SYNCED) != 0 && before != 0 && !is_other;
    if (now == 0 || (before == now && !is_other)) {
        return 0;
    }
    if (note(s, now, is_sure, e) != 0) {
        return -1;
    }
    log_line("%s: another server has taken over (timeline %" PRId64 ", before %" PRId64 "): %s", s->label, now, before,
             is_sure ? "each commit had waited for a replica, so nothing is lost"
                     : "the last messages may be lost, so there is a new epoch and clients start again");
    return 0;
}

static int settle(struct postgres_handle *s, struct err *e)
{
    PGresult *row = postgres_link_run(s, "SELECT timeline, synced, system, " POSTGRES_TAKEOVER_TIMELINE " FROM meta",
                                      "look which server has taken over", e);
    int result = row != NULL && PQntuples(row) == 1 ? decide(s, row, e) : -1;
    PQclear(row);
    return result == 0 ? run(s, "COMMIT", e) : -1;
}

int postgres_takeover_settle(struct postgres_handle *s, struct err *e)
{
    char text[120];
    snprintf(text, sizeof text, "BEGIN; " POSTGRES_LOCKS_TAKE, POSTGRES_LOCKS_RULES, s->lock);
    int result = run(s, text, e);
    s->open = s->db != NULL ? POSTGRES_WRITE : POSTGRES_NOTHING;
    if (result == 0) {
        result = settle(s, e);
    }
    if (result != 0 && s->db != NULL) {
        (void)run(s, "ROLLBACK", NULL);
    }
    s->open = POSTGRES_NOTHING;
    s->is_lost = false;
    return result;
}

/* Not on a server that has just taken over: until that is decided, what the server before it did
 * counts. */
void postgres_takeover_note_sync(struct postgres_handle *s)
{
    char text[900];
    struct err ignored = ERR_INIT;
    const char *is_read_only = PQparameterStatus(s->db, "default_transaction_read_only");
    if (is_read_only != NULL && strcmp(is_read_only, "on") == 0) {
        return;
    }
    snprintf(text, sizeof text,
             "UPDATE meta SET synced = " POSTGRES_TAKEOVER_SYNCED ", system = CASE WHEN system = 0 THEN %" PRId64
             " ELSE system END"
             " WHERE NOT pg_is_in_recovery() AND timeline = " POSTGRES_TAKEOVER_TIMELINE
             " AND (synced <> " POSTGRES_TAKEOVER_SYNCED " OR (system = 0 AND %" PRId64 " <> 0))",
             (int64_t)s->system, (int64_t)s->system);
    (void)run(s, text, &ignored);
}
