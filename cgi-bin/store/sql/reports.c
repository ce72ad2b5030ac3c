/* reports.c - see reports.h. */
#include "store/sql/reports.h"

#include "base/err.h"
#include "store/sql/query.h"

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- reporting ---- */

/* Only a message whose text others have seen can be reported: no event, none that was erased. One
 * that its author alone sees is to all others as one that was erased. */
static int check_message(struct sql_store *s, int64_t message_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT type = 1 AND ifnull(state, 2) = 2 FROM message WHERE message_id = ?",
                    "look at the message", e);
    sql_query_number(&q, message_id);
    bool is_there = sql_query_next(&q) && sql_query_number_at(&q, 0) != 0;
    int result = sql_query_end(&q);
    return result == 0 && !is_there ? err_set(e, ERR_ABSENT, "There is no such message.") : result;
}

static int check_count(struct sql_store *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM report INDEXED BY report_open WHERE settled_ms IS NULL",
                    "count the reports", e);
    bool full = sql_query_next(&q) && sql_query_number_at(&q, 0) >= STORE_REPORTS;
    int result = sql_query_end(&q);
    return result == 0 && full ? err_set(e, ERR_TOO_LARGE, "%d reports wait for the moderators already.", STORE_REPORTS)
                               : result;
}

static int insert(struct sql_store *s, int64_t message_id, const unsigned char *reporter, const char *reason,
                  struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO report (message_id, reporter, reason, made_ms) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (message_id, reporter) DO NOTHING",
                    "add the report", e);
    sql_query_number(&q, message_id);
    sql_query_blob(&q, reporter, STORE_REPORTER);
    sql_query_text(&q, reason);
    sql_query_number(&q, s->act->now_ms);
    return sql_query_run(&q);
}

static int count_open(struct sql_store *s, int64_t message_id, uint64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM report WHERE message_id = ? AND settled_ms IS NULL",
                    "count the reports", e);
    sql_query_number(&q, message_id);
    *out = sql_query_next(&q) ? (uint64_t)sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

int sql_reports_add(struct store *base, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                    const char *reason, uint64_t *open, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_sender sender;
    sql_act_of(base);
    if (sql_persons_sender(s, room, seq, &sender, e) != 0 || check_message(s, sender.message_id, e) != 0 ||
        check_count(s, e) != 0) {
        return -1;
    }
    sql_act_subject(s->act, "%s", sender.name);
    return insert(s, sender.message_id, reporter, reason, e) == 0 ? count_open(s, sender.message_id, open, e) : -1;
}

/* ---- settling ---- */

static int message_of(struct sql_store *s, uint64_t report, int64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT message_id FROM report WHERE report_id = ?", "find the report", e);
    sql_query_number(&q, (int64_t)report);
    *out = sql_query_next(&q) ? sql_query_number_at(&q, 0) : 0;
    int result = sql_query_end(&q);
    return result == 0 && *out == 0 ? err_set(e, ERR_ABSENT, "There is no such report.") : result;
}

int sql_reports_settle(struct store *base, uint64_t report, const char *room, uint64_t seq, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_act *act = sql_act_of(base);
    struct sql_sender sender;
    struct sql_query q;
    if ((report != 0 ? message_of(s, report, &sender.message_id, e) : sql_persons_sender(s, room, seq, &sender, e)) !=
        0) {
        return -1;
    }
    sql_query_begin(&q, s, "UPDATE report SET settled_ms = ? WHERE message_id = ? AND settled_ms IS NULL",
                    "settle the reports", e);
    sql_query_number(&q, act->now_ms);
    sql_query_number(&q, sender.message_id);
    return sql_query_run(&q);
}
