/* changes.c - see changes.h. */
#include "store/sql/changes.h"

#include "base/err.h"
#include "store/sql/persons.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

enum { MINUTE_MS = 60 * 1000 };

static const char find_target[] = "SELECT type, state, person_id, sender, time_ms FROM message WHERE message_id = ?";
static const char erase_text[] = "UPDATE message SET text = '', state = 1 WHERE message_id = ?";
/* Others never saw the name, and don't learn it now. */
static const char erase_shadow[] = "UPDATE message SET text = '', state = 1, name = '" CHAT_NAME_DEFAULT
                                   "' WHERE message_id = ?";
static const char replace_text[] = "UPDATE message SET text = ?, edited = ? WHERE message_id = ?";

/* message_id 0 in *out: there is no such message. */
static int find(struct sql_store *s, int64_t message_id, struct sql_target *out, struct err *e)
{
    struct sql_query q;
    *out = (struct sql_target){.message_id = 0};
    sql_query_begin_kept(&q, s, find_target, "find the target", e);
    sql_query_number(&q, message_id);
    if (sql_query_next(&q)) {
        out->message_id = message_id;
        out->type = (enum chat_type)sql_query_number_at(&q, 0);
        out->state = (enum sql_state)sql_query_number_at(&q, 1);
        out->person_id = sql_query_number_at(&q, 2);
        out->sender = sql_query_number_at(&q, 3);
        out->time_ms = sql_query_number_at(&q, 4);
    }
    return sql_query_end(&q);
}

/* Is there a message that this author sees, or may change as a moderator, in a state to be changed
 * so? */
static bool is_there(const struct sql_target *t, const struct sql_author *author, bool is_own, enum chat_type change)
{
    bool moderates = author->role >= CHAT_MODERATOR;
    if (t->message_id == 0 || t->state == SQL_ERASED) {
        return false;
    }
    if (t->type == CHAT_NOTICE) {
        return change == CHAT_DELETE;
    }
    if (t->type != CHAT_MESSAGE) {
        return false;
    }
    return t->state == SQL_SHOWN || ((is_own || moderates) && (t->state == SQL_SHADOW || change == CHAT_DELETE));
}

/* What an author may do now to its own message. */
static enum store_outcome judge_own(const struct sql_target *t, const struct sql_author *author,
                                    const struct store_job *job, int64_t now_ms)
{
    bool is_late = now_ms - t->time_ms > (int64_t)job->terms.edit_minutes * MINUTE_MS;
    bool is_seen = author->is_shadow && job->draft->type == CHAT_EDIT && t->state == SQL_SHOWN;
    return (is_late && author->role < CHAT_MODERATOR) || is_seen ? STORE_TOO_LATE : (enum store_outcome)0;
}

/* A moderator may change what those wrote whose role is lower now. A role that a token gave isn't
 * stored with the person. */
static int judge_other(struct sql_store *s, const struct sql_target *t, const struct sql_author *author,
                       struct store_job *job, struct err *e)
{
    struct err why = ERR_INIT;
    bool is_signed = (t->sender & CHAT_SIGNED) != 0;
    enum chat_role written = is_signed ? (enum chat_role)(t->sender >> 8 & 0xff) : CHAT_NOBODY;
    enum chat_role theirs = CHAT_NOBODY;
    if (author->role < CHAT_MODERATOR) {
        job->outcome = STORE_NOT_YOURS;
        return 0;
    }
    if (t->person_id != 0 && sql_persons_rank(s, t->person_id, job->draft->room, written, &theirs, &why) != 0 &&
        why.code != ERR_ABSENT) {
        return err_move(e, &why);
    }
    job->outcome = theirs >= author->role ? STORE_NOT_YOURS : (enum store_outcome)0;
    return 0;
}

int sql_changes_check(struct sql_store *s, const struct sql_room *room, struct sql_author *author,
                      struct store_job *job, int64_t now_ms, struct sql_target *out, struct err *e)
{
    uint64_t seq = job->draft->target;
    if (room->id == 0 || seq > room->head) {
        job->outcome = STORE_NO_TARGET;
        return 0;
    }
    if (find(s, sql_rows_message_id(room, seq), out, e) != 0) {
        return -1;
    }
    bool is_own = author->person_id != 0 && author->person_id == out->person_id;
    if (!is_there(out, author, is_own, job->draft->type)) {
        job->outcome = STORE_NO_TARGET;
        return 0;
    }
    if (!is_own) {
        return judge_other(s, out, author, job, e);
    }
    job->outcome = judge_own(out, author, job, now_ms);
    author->is_shadow = out->state == SQL_SHADOW;
    return 0;
}

int sql_changes_apply(struct sql_store *s, const struct sql_target *target, const struct store_job *job, struct err *e)
{
    struct sql_query q;
    if (job->draft->type == CHAT_EDIT) {
        sql_query_begin_kept(&q, s, replace_text, "edit the message", e);
        sql_query_text(&q, job->draft->text);
        sql_query_number(&q, (int64_t)job->seq);
    } else {
        const char *sql = target->state == SQL_SHADOW ? erase_shadow : erase_text;
        sql_query_begin_kept(&q, s, sql, "delete the message", e);
    }
    sql_query_number(&q, target->message_id);
    return sql_query_run(&q) == 0 ? sql_scrub_owe(s, e) : -1;
}
