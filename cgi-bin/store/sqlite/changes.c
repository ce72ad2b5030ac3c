/* changes.c - see changes.h. */
#include "store/sqlite/private/changes.h"

#include "base/err.h"
#include "store/sqlite/private/persons.h"
#include "store/sqlite/private/query.h"
#include "store/sqlite/private/scrub.h"

enum { MINUTE_MS = 60 * 1000 };

static const char find_target[] = "SELECT type, state, person_id, sender, time_ms FROM message WHERE message_id = ?";
static const char erase_text[] = "UPDATE message SET text = '', state = 1 WHERE message_id = ?";
/* Others never saw the name, and don't learn it now. */
static const char erase_shadow[] = "UPDATE message SET text = '', state = 1, name = '" CHAT_NAME_DEFAULT
                                   "' WHERE message_id = ?";
static const char replace_text[] = "UPDATE message SET text = ?, edited = ? WHERE message_id = ?";

/* message_id 0 in *out: there is no such message. */
static int find(struct sqlite_handle *s, sqlite3_int64 message_id, struct sqlite_target *out, struct err *e)
{
    struct sqlite_query q;
    *out = (struct sqlite_target){.message_id = 0};
    sqlite_query_begin_kept(&q, s, find_target, "find the target", e);
    sqlite_query_number(&q, message_id);
    if (sqlite_query_next(&q)) {
        out->message_id = message_id;
        out->type = (enum chat_type)sqlite_query_number_at(&q, 0);
        out->state = (enum sqlite_state)sqlite_query_number_at(&q, 1);
        out->person_id = sqlite_query_number_at(&q, 2);
        out->sender = sqlite_query_number_at(&q, 3);
        out->time_ms = sqlite_query_number_at(&q, 4);
    }
    return sqlite_query_end(&q);
}

/* Is there a message that this author sees, or may change as a moderator, in a state to be changed
 * so? */
static bool is_there(const struct sqlite_target *t, const struct sqlite_author *author, bool is_own,
                     enum chat_type change)
{
    bool moderates = author->role >= CHAT_MODERATOR;
    if (t->message_id == 0 || t->state == SQLITE_ERASED) {
        return false;
    }
    if (t->type == CHAT_NOTICE) {
        return change == CHAT_DELETE;
    }
    if (t->type != CHAT_MESSAGE) {
        return false;
    }
    return t->state == SQLITE_SHOWN || ((is_own || moderates) && (t->state == SQLITE_SHADOW || change == CHAT_DELETE));
}

/* What an author may do now to its own message. */
static enum store_outcome judge_own(const struct sqlite_target *t, const struct sqlite_author *author,
                                    const struct store_job *job, int64_t now_ms)
{
    bool is_late = now_ms - t->time_ms > (int64_t)job->terms.edit_minutes * MINUTE_MS;
    bool is_seen = author->is_shadow && job->draft->type == CHAT_EDIT && t->state == SQLITE_SHOWN;
    return (is_late && author->role < CHAT_MODERATOR) || is_seen ? STORE_TOO_LATE : (enum store_outcome)0;
}

/* A moderator may change what those wrote whose role is lower now. A role that a token gave isn't
 * stored with the person. */
static int judge_other(struct sqlite_handle *s, const struct sqlite_target *t, const struct sqlite_author *author,
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
    if (t->person_id != 0 && sqlite_persons_rank(s, t->person_id, job->draft->room, written, &theirs, &why) != 0 &&
        why.code != ERR_ABSENT) {
        return err_move(e, &why);
    }
    job->outcome = theirs >= author->role ? STORE_NOT_YOURS : (enum store_outcome)0;
    return 0;
}

int sqlite_changes_check(struct sqlite_handle *s, const struct sqlite_room *room, struct sqlite_author *author,
                         struct store_job *job, int64_t now_ms, struct sqlite_target *out, struct err *e)
{
    uint64_t seq = job->draft->target;
    if (room->id == 0 || seq > room->head) {
        job->outcome = STORE_NO_TARGET;
        return 0;
    }
    if (find(s, sqlite_rows_message_id(room, seq), out, e) != 0) {
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
    author->is_shadow = out->state == SQLITE_SHADOW;
    return 0;
}

int sqlite_changes_apply(struct sqlite_handle *s, const struct sqlite_target *target, const struct store_job *job,
                         struct err *e)
{
    struct sqlite_query q;
    if (job->draft->type == CHAT_EDIT) {
        sqlite_query_begin_kept(&q, s, replace_text, "edit the message", e);
        sqlite_query_text(&q, job->draft->text);
        sqlite_query_number(&q, (sqlite3_int64)job->seq);
    } else {
        const char *sql = target->state == SQLITE_SHADOW ? erase_shadow : erase_text;
        sqlite_query_begin_kept(&q, s, sql, "delete the message", e);
    }
    sqlite_query_number(&q, target->message_id);
    return sqlite_query_run(&q) == 0 ? sqlite_scrub_owe(s, e) : -1;
}
