/* reports.c - see reports.h. */
#include "store/sqlite/private/reports.h"

#include "base/err.h"
#include "store/sqlite/private/query.h"

static struct sqlite_handle *mine(struct store *base)
{
    return (struct sqlite_handle *)base;
}

/* ---- reporting ---- */

/* Only a message whose text others have seen can be reported: no event, none that was erased. One
 * that its author alone sees is to all others as one that was erased. */
static int check_message(struct sqlite_handle *s, sqlite3_int64 message_id, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "SELECT type = 1 AND ifnull(state, 2) = 2 FROM message WHERE message_id = ?",
                       "look at the message", e);
    sqlite_query_number(&q, message_id);
    bool is_there = sqlite_query_next(&q) && sqlite_query_number_at(&q, 0) != 0;
    int result = sqlite_query_end(&q);
    return result == 0 && !is_there ? err_set(e, ERR_ABSENT, "There is no such message.") : result;
}

static int check_count(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "SELECT count(*) FROM report INDEXED BY report_open WHERE settled_ms IS NULL",
                       "count the reports", e);
    bool full = sqlite_query_next(&q) && sqlite_query_number_at(&q, 0) >= STORE_REPORTS;
    int result = sqlite_query_end(&q);
    return result == 0 && full ? err_set(e, ERR_TOO_LARGE, "%d reports wait for the moderators already.", STORE_REPORTS)
                               : result;
}

static int insert(struct sqlite_handle *s, sqlite3_int64 message_id, const unsigned char *reporter, const char *reason,
                  struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s,
                       "INSERT INTO report (message_id, reporter, reason, made_ms) VALUES (?, ?, ?, ?)"
                       " ON CONFLICT (message_id, reporter) DO NOTHING",
                       "add the report", e);
    sqlite_query_number(&q, message_id);
    sqlite_query_blob(&q, reporter, STORE_REPORTER);
    sqlite_query_text(&q, reason);
    sqlite_query_number(&q, s->act->now_ms);
    return sqlite_query_run(&q);
}

static int count_open(struct sqlite_handle *s, sqlite3_int64 message_id, uint64_t *out, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "SELECT count(*) FROM report WHERE message_id = ? AND settled_ms IS NULL",
                       "count the reports", e);
    sqlite_query_number(&q, message_id);
    *out = sqlite_query_next(&q) ? (uint64_t)sqlite_query_number_at(&q, 0) : 0;
    return sqlite_query_end(&q);
}

int sqlite_reports_add(struct store *base, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                       const char *reason, uint64_t *open, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_sender sender;
    sqlite_act_of(base);
    if (sqlite_persons_sender(s, room, seq, &sender, e) != 0 || check_message(s, sender.message_id, e) != 0 ||
        check_count(s, e) != 0) {
        return -1;
    }
    sqlite_act_subject(s->act, "%s", sender.name);
    return insert(s, sender.message_id, reporter, reason, e) == 0 ? count_open(s, sender.message_id, open, e) : -1;
}

/* ---- settling ---- */

static int message_of(struct sqlite_handle *s, uint64_t report, sqlite3_int64 *out, struct err *e)
{
    struct sqlite_query q;
    sqlite_query_begin(&q, s, "SELECT message_id FROM report WHERE report_id = ?", "find the report", e);
    sqlite_query_number(&q, (sqlite3_int64)report);
    *out = sqlite_query_next(&q) ? sqlite_query_number_at(&q, 0) : 0;
    int result = sqlite_query_end(&q);
    return result == 0 && *out == 0 ? err_set(e, ERR_ABSENT, "There is no such report.") : result;
}

int sqlite_reports_settle(struct store *base, uint64_t report, const char *room, uint64_t seq, struct err *e)
{
    struct sqlite_handle *s = mine(base);
    struct sqlite_act *act = sqlite_act_of(base);
    struct sqlite_sender sender;
    struct sqlite_query q;
    if ((report != 0 ? message_of(s, report, &sender.message_id, e)
                     : sqlite_persons_sender(s, room, seq, &sender, e)) != 0) {
        return -1;
    }
    sqlite_query_begin(&q, s, "UPDATE report SET settled_ms = ? WHERE message_id = ? AND settled_ms IS NULL",
                       "settle the reports", e);
    sqlite_query_number(&q, act->now_ms);
    sqlite_query_number(&q, sender.message_id);
    return sqlite_query_run(&q);
}
