/* act.c - see act.h. */
#include "store/sql/act.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/sql/events.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"
#include "store/sql/transaction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

struct sql_act *sql_act_of(struct store *base)
{
    CK(mine(base)->act != NULL);
    return mine(base)->act;
}

/* ---- begin ---- */

static int find_actor(struct sql_store *s, struct sql_act *act, struct err *e)
{
    struct sql_query q;
    if (act->by == NULL || !act->by->has_key) {
        return 0;
    }
    sql_query_begin(&q, s, "SELECT person_id, title FROM key CROSS JOIN person USING (person_id) WHERE hash = ?",
                    "find the actor", e);
    sql_query_blob(&q, act->by->key, CHAT_KEY_BYTES);
    if (sql_query_next(&q)) {
        act->person_id = sql_query_number_at(&q, 0);
        const char *title = sql_query_text_at(&q, 1);
        snprintf(act->name, sizeof act->name, "%s", title[0] != '\0' ? title : SQL_EVENTS_NAME);
    }
    return sql_query_end(&q);
}

static void forget(struct sql_store *s)
{
    store_changes_fini(&s->act->changes);
    free(s->act);
    s->act = NULL;
}

int sql_act_begin(struct store *base, const struct chat_sender *by, const char *who, struct err *e)
{
    struct sql_store *s = mine(base);
    CK(s->act == NULL);
    s->act = ck_calloc(1, sizeof *s->act);
    *s->act = (struct sql_act){.by = by, .who = who, .name = SQL_EVENTS_NAME};
    if (sql_write_begin(s, e) != 0) {
        forget(s);
        return -1;
    }
    s->act->now_ms = clock_wall_ms(); /* after waiting for others */
    if (find_actor(s, s->act, e) != 0) {
        sql_act_cancel(base);
        return -1;
    }
    return 0;
}

/* ---- end ---- */

void sql_act_cancel(struct store *base)
{
    struct sql_store *s = mine(base);
    struct err ignored = ERR_INIT;
    CK(s->act != NULL);
    sql_write_end(s, -1, &ignored);
    forget(s);
}

static int write_audit(struct sql_store *s, const struct store_act_note *note, struct err *e)
{
    const struct sql_act *act = s->act;
    struct sql_query q;
    bool has_subject = note->subject == NULL && act->subject[0] != '\0';
    sql_query_begin(&q, s,
                    "INSERT INTO audit (time_ms, person_id, who, act, room, seq, subject, reason, detail)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "write the audit log", e);
    sql_query_number(&q, act->now_ms);
    sql_query_number_or_null(&q, act->person_id);
    sql_query_text(&q, act->who);
    sql_query_text(&q, note->act);
    sql_query_text(&q, note->room);
    sql_query_number_or_null(&q, (int64_t)note->seq);
    sql_query_text(&q, has_subject ? act->subject : note->subject);
    sql_query_text(&q, note->reason);
    sql_query_text(&q, note->detail);
    return sql_query_run(&q);
}

static int raise_rules(struct sql_store *s, struct store_changes *changes, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "UPDATE meta SET rules = rules + 1 RETURNING rules", "raise the rules' number", e);
    if (sql_query_next(&q)) {
        changes->rules = (uint64_t)sql_query_number_at(&q, 0);
    }
    return sql_query_run(&q);
}

int sql_act_commit(struct store *base, const struct store_act_note *note, struct store_changes *changes, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_act *act = sql_act_of(base);
    struct err why = ERR_INIT;
    int result = note != NULL && note->act != NULL ? write_audit(s, note, &why) : 0;
    if (result == 0 && act->changes_rules) {
        result = raise_rules(s, &act->changes, &why);
    }
    result = sql_write_end(s, result, &why);
    if (result == 0) {
        for (size_t i = 0; i < act->changes.count; i++) {
            store_changes_raise(changes, act->changes.rooms[i].room, act->changes.rooms[i].head);
        }
        changes->rules = act->changes.rules != 0 ? act->changes.rules : changes->rules;
        changes->oldest_moved = changes->oldest_moved || act->changes.oldest_moved;
    }
    forget(s);
    return result == 0 ? 0 : err_move(e, &why);
}

/* ---- for steps ---- */

void sql_act_subject(struct sql_act *act, const char *format, ...)
{
    va_list values;
    if (act->subject[0] == '\0') {
        va_start(values, format);
        vsnprintf(act->subject, sizeof act->subject, format, values);
        va_end(values);
    }
}

int sql_act_check_rank(const struct sql_act *act, enum chat_role rank, struct err *e)
{
    if (act->by == NULL || act->by->role > rank) {
        return 0;
    }
    return err_set(e, ERR_WEAK, "This person is %s%s, so you can't do that to them.", rank == CHAT_OWNER ? "an " : "a ",
                   chat_role_word(rank));
}

int sql_act_author(struct sql_store *s, struct sql_events_author *out, struct err *e)
{
    const struct sql_act *act = s->act;
    struct sql_query q;
    *out = (struct sql_events_author){.name = SQL_EVENTS_NAME};
    if (act->by == NULL) {
        return 0;
    }
    out->name = act->name;
    out->person_id = act->person_id;
    out->sender = (int64_t)act->by->role << 8;
    sql_query_begin(&q, s, "SELECT mark FROM person WHERE person_id = ?", "find the mark", e);
    sql_query_number(&q, act->person_id);
    if (sql_query_next(&q)) {
        out->sender |= sql_query_number_at(&q, 0) << 16 | CHAT_HAS_MARK | (act->by->is_signed ? CHAT_SIGNED : 0);
    }
    return sql_query_end(&q);
}

/* ---- messages ---- */

static int add_message(struct sql_store *s, struct sql_room *room, struct store_job *job, struct err *e)
{
    const struct sql_author program = {.person_id = 0};
    if (room->head >= SQL_ROWS_SEQ_MAX) {
        return err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
    }
    if (room->id == 0 && sql_rows_add_room(s, job->draft->room, room, e) != 0) {
        return -1;
    }
    if (sql_rows_add_message(s, room, &program, job, e) != 0) {
        return -1;
    }
    return job->outcome == STORE_STORED ? sql_rows_raise_head(s, room, e) : 0;
}

/* Makes a missing room. */
static int append(struct sql_store *s, struct chat_draft *draft, struct err *e)
{
    struct sql_room room;
    struct store_job job = {.draft = draft};
    if (sql_rows_find_room(s, draft->room, &room, e) != 0 || add_message(s, &room, &job, e) != 0) {
        return -1;
    }
    if (job.outcome == STORE_CONFLICT) {
        return err_set(e, ERR_CONFLICT, "The room has another message with this id.");
    }
    store_changes_raise(&s->act->changes, draft->room, room.head);
    return 0;
}

int sql_act_notice(struct store *base, const char *room, const char *text, struct err *e)
{
    const struct sql_act *act = sql_act_of(base);
    struct chat_draft draft;
    chat_draft_init(&draft);
    draft.type = CHAT_NOTICE;
    snprintf(draft.room, sizeof draft.room, "%s", room);
    snprintf(draft.name, sizeof draft.name, "%s", act->name);
    chat_text_take(&draft, ck_strdup(text), strlen(text));
    int result = append(mine(base), &draft, e);
    chat_draft_fini(&draft);
    return result;
}
