/* move_marks.c - see move_marks.h. */
#include "store/sql/move_marks.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <string.h>

/* ---- setting ---- */

int sql_move_marks_set(struct sql_store *s, enum sql_moved moved, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "UPDATE meta SET schema = schema % " SQL_MOVED_UNIT_TEXT " + ? * " SQL_MOVED_UNIT_TEXT,
                    "mark the database", e);
    sql_query_number(&q, moved);
    return sql_query_run(&q);
}

int sql_move_marks_change(struct sql_store *s, enum sql_moved moved, struct err *e)
{
    struct err why = ERR_INIT;
    int result = sql_write_begin(s, &why);
    if (result == 0) {
        result = sql_write_end(s, sql_move_marks_set(s, moved, &why), &why);
    }
    return result == 0 ? 0 : err_move(e, &why);
}

/* ---- looking ---- */

struct look {
    enum sql_moved moved;
    char epoch[CHAT_EPOCH_SIZE];
};

/* In a view. The begin of it sets s->moved. */
static int look_at(struct sql_store *s, struct look *out, struct err *e)
{
    bool begun = false;
    if (sql_view_enter(s, &begun, e) != 0) {
        return -1;
    }
    out->moved = s->moved;
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
    sql_view_leave(s, begun);
    return 0;
}

static int is_empty(struct sql_store *s, bool *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT EXISTS (SELECT 1 FROM room) OR EXISTS (SELECT 1 FROM person)"
                    " OR EXISTS (SELECT 1 FROM held) OR EXISTS (SELECT 1 FROM audit)"
                    " OR EXISTS (SELECT 1 FROM word) OR EXISTS (SELECT 1 FROM setting)",
                    "look for a chat", e);
    *out = sql_query_next(&q) && sql_query_number_at(&q, 0) == 0;
    return sql_query_end(&q);
}

/* ---- the begin ---- */

static int refuse(const struct look *old, const struct look *new, struct err *e)
{
    if (new->moved == SQL_MOVED_HERE) {
        return err_set(e, ERR_CONFLICT,
                       "A move of another chat into it has begun. Take an empty database, or empty this one.");
    }
    if (strcmp(old->epoch, new->epoch) == 0) {
        return err_set(
            e, ERR_CONFLICT,
            "This chat is in it already, and in use, and so is the old one. If the old one is the right one, "
            "take an empty database.");
    }
    return err_set(e, ERR_CONFLICT, "It has another chat in it. Take an empty database, or empty this one.");
}

/* Inside a transaction of the new database. It may be marked already: by a move that was
 * interrupted, or by one that moved this chat out of it. */
static int mark_new(struct sql_store *to, const struct look *old, bool *was_done, struct err *e)
{
    struct look new = {.moved = to->moved};
    struct sql_query q;
    bool empty = false;
    memcpy(new.epoch, to->epoch, sizeof new.epoch);
    bool is_same = strcmp(old->epoch, new.epoch) == 0;
    if (new.moved == SQL_MOVED_NOT && is_empty(to, &empty, e) != 0) {
        return -1;
    }
    *was_done = is_same && new.moved == SQL_MOVED_NOT && old->moved == SQL_MOVED_AWAY;
    if (*was_done) {
        return 0;
    }
    if (!(new.moved == SQL_MOVED_NOT ? empty : is_same) ||
        (new.moved == SQL_MOVED_AWAY && old->moved == SQL_MOVED_AWAY)) {
        return refuse(old, &new, e);
    }
    sql_query_begin(&q, to, "UPDATE meta SET epoch = ?", "begin a move", e);
    sql_query_text(&q, old->epoch);
    return sql_query_run(&q) == 0 ? sql_move_marks_set(to, SQL_MOVED_HERE, e) : -1;
}

int sql_move_marks_begin(struct sql_store *from, struct sql_store *to, bool *was_done, struct err *e_from,
                         struct err *e_to)
{
    struct look old;
    struct err why = ERR_INIT;
    *was_done = false;
    if (look_at(from, &old, e_from) != 0) {
        return -1;
    }
    if (old.moved == SQL_MOVED_HERE) {
        return err_set(e_from, ERR_CONFLICT, "A move into it has begun, and hasn't ended: end that first.");
    }
    int result = sql_write_begin(to, &why);
    if (result == 0) {
        result = sql_write_end(to, mark_new(to, &old, was_done, &why), &why);
    }
    if (result != 0) {
        return err_move(e_to, &why);
    }
    memcpy(to->epoch, old.epoch, sizeof to->epoch);
    return 0;
}

/* ---- meta ---- */

int sql_move_marks_copy_meta(struct sql_store *from, struct sql_store *to, struct err *e_from, struct err *e_to)
{
    struct sql_query q;
    struct err why = ERR_INIT;
    int64_t created_ms = 0;
    int64_t rules = 0;
    int64_t upkept_ms = 0;
    sql_query_begin(&q, from, "SELECT created_ms, rules, upkept_ms FROM meta WHERE one = 1", "read meta", e_from);
    if (sql_query_next(&q)) {
        created_ms = sql_query_number_at(&q, 0);
        rules = sql_query_number_at(&q, 1);
        upkept_ms = sql_query_number_at(&q, 2);
    }
    if (sql_query_end(&q) != 0) {
        return -1;
    }
    if (sql_write_begin(to, &why) != 0) {
        return err_move(e_to, &why);
    }
    sql_query_begin(&q, to, "UPDATE meta SET created_ms = ?, rules = ?, upkept_ms = ?", "store meta", &why);
    sql_query_number(&q, created_ms);
    sql_query_number(&q, rules);
    sql_query_number(&q, upkept_ms);
    return sql_write_end(to, sql_query_run(&q), &why) == 0 ? 0 : err_move(e_to, &why);
}

/* ---- the end ---- */

int sql_move_marks_finish(struct sql_store *from, struct sql_store *to, struct err *e)
{
    enum { TRIES = 20, PAUSE_MS = 500 };
    bool is_unknown = false;
    struct err why = ERR_INIT;
    int result = -1;
    for (int i = 0; i < TRIES && result != 0; i++) {
        err_clear(&why);
        clock_sleep_ms(i > 0 ? PAUSE_MS : 0);
        result = sql_move_marks_change(to, SQL_MOVED_NOT, &why);
        is_unknown |= result != 0 && why.code != ERR_BUSY;
    }
    if (result == 0) {
        return 0;
    }
    if (!is_unknown && sql_move_marks_change(from, SQL_MOVED_NOT, NULL) == 0) {
        return err_set(e, why.code, "The new database: %s The chat stays in the old one; run the same command again.",
                       why.text);
    }
    return err_set(e, why.code,
                   "The new database: %s Everything is copied, but it couldn't be opened for the programs, and the old "
                   "database is closed: the chat answers 503. Run the same command again as soon as the new database "
                   "can be reached; or go back, with --undo.",
                   why.text);
}

int sql_move_marks_may_undo(struct sql_store *from, struct sql_store *to, bool *is_filled, struct err *e_from,
                            struct err *e_to)
{
    struct look old;
    struct look new;
    if (look_at(from, &old, e_from) != 0 || look_at(to, &new, e_to) != 0) {
        return -1;
    }
    *is_filled = new.moved == SQL_MOVED_HERE;
    if (old.moved != SQL_MOVED_AWAY) {
        return err_set(e_from, ERR_CONFLICT, "The chat wasn't moved out of it, so there is nothing to undo.");
    }
    if (strcmp(old.epoch, new.epoch) != 0 || new.moved == SQL_MOVED_AWAY) {
        return err_set(e_to, ERR_CONFLICT, "The chat wasn't moved into it, or was moved on from there.");
    }
    return 0;
}
