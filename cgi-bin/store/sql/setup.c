/* setup.c - see setup.h. */
#include "store/sql/setup.h"

#include "base/err.h"
#include "store/sql/query.h"
#include "store/sql/rows.h"

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- modes of rooms ---- */

static int find_or_add_room(struct sql_store *s, const char *name, struct sql_room *room, struct err *e)
{
    if (sql_rows_find_room(s, name, room, e) != 0) {
        return -1;
    }
    return room->id != 0 ? 0 : sql_rows_add_room(s, name, room, e);
}

static int check_rooms(struct sql_store *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT count(*) FROM room INDEXED BY room_with_rules"
                    " WHERE kind IS NOT NULL OR slow_s IS NOT NULL OR hours IS NOT NULL OR newcomers IS NOT NULL",
                    "count the rooms with modes", e);
    bool over = sql_query_next(&q) && sql_query_number_at(&q, 0) > STORE_RULES_ROOMS;
    int result = sql_query_end(&q);
    return result == 0 && over
               ? err_set(e, ERR_TOO_LARGE, "%d rooms have modes of their own. Take some back first.", STORE_RULES_ROOMS)
               : result;
}

/* A part that isn't changed keeps its column's value. */
static void bind_part(struct sql_query *q, const struct store_room_setup *mode, enum store_setup_part part,
                      int64_t value)
{
    sql_query_number(q, (mode->parts & part) != 0);
    if (value < 0) {
        sql_query_number_or_null(q, 0);
    } else {
        sql_query_number(q, value);
    }
}

static int64_t or_null(int64_t value)
{
    return value == 0 ? -1 : value;
}

#define IF_ASKED(flag, column, value) column " = CASE WHEN " flag " <> 0 THEN " value " ELSE " column " END"

static int update_room(struct sql_store *s, int64_t room_id, const struct store_room_setup *mode, struct err *e)
{
    struct sql_query q;
    bool has_hours = (mode->parts & STORE_SETUP_HOURS) != 0;
    sql_query_begin(
        &q, s,
        "UPDATE room SET " IF_ASKED("?1", "kind", "?2") ", " IF_ASKED("?3", "kind_until", "?4") ", " IF_ASKED(
            "?5", "slow_s",
            "?6") ", " IF_ASKED("?7", "newcomers",
                                "?8") ", " IF_ASKED("?9", "newcomers_until",
                                                    "?10") ", " IF_ASKED("?11", "keep_days",
                                                                         "?12") ", " IF_ASKED("?13", "keep_count",
                                                                                              "?14") ", " IF_ASKED("?15",
                                                                                                                   "hours",
                                                                                                                   "nullif(?16, '')") " WHERE room_id = ?17",
        "set the room's modes", e);
    bind_part(&q, mode, STORE_SETUP_KIND, or_null((int64_t)mode->kind));
    bind_part(&q, mode, STORE_SETUP_KIND, or_null(mode->kind_until_ms));
    bind_part(&q, mode, STORE_SETUP_SLOW, or_null(mode->slow_s));
    bind_part(&q, mode, STORE_SETUP_NEWCOMERS, or_null((int64_t)mode->newcomers));
    bind_part(&q, mode, STORE_SETUP_NEWCOMERS, or_null(mode->newcomers_until_ms));
    bind_part(&q, mode, STORE_SETUP_KEEP_DAYS, mode->keep_days);
    bind_part(&q, mode, STORE_SETUP_KEEP_COUNT, mode->keep_count);
    sql_query_number(&q, has_hours);
    sql_query_text(&q, has_hours ? mode->hours : NULL);
    sql_query_number(&q, room_id);
    return sql_query_run(&q);
}

int sql_setup_room(struct store *base, const char *room, const struct store_room_setup *mode, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    struct sql_room found;
    sql_act_subject(act, "%s", room);
    act->changes_rules = true;
    if (find_or_add_room(mine(base), room, &found, e) != 0 || update_room(mine(base), found.id, mode, e) != 0) {
        return -1;
    }
    return check_rooms(mine(base), e);
}

/* ---- words ---- */

static int check_words(struct sql_store *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM word", "count the words", e);
    bool over = sql_query_next(&q) && sql_query_number_at(&q, 0) > STORE_RULES_WORDS;
    int result = sql_query_end(&q);
    return result == 0 && over
               ? err_set(e, ERR_TOO_LARGE, "The list has %d words. Remove some first.", STORE_RULES_WORDS)
               : result;
}

int sql_setup_add_word(struct store *base, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                       struct err *e)
{
    struct sql_act *a = sql_act_of(base);
    struct sql_query q;
    sql_act_subject(a, "%s", pattern);
    a->changes_rules = true;
    sql_query_begin(&q, mine(base),
                    "INSERT INTO word (pattern, whole, act) VALUES (?, ?, ?)"
                    " ON CONFLICT (pattern) DO UPDATE SET whole = excluded.whole, act = excluded.act"
                    " RETURNING word_id",
                    "add the word", e);
    sql_query_text(&q, pattern);
    sql_query_number(&q, whole);
    sql_query_number(&q, act);
    if (sql_query_next(&q) && id != NULL) {
        *id = (uint64_t)sql_query_number_at(&q, 0);
    }
    return sql_query_run(&q) == 0 ? check_words(mine(base), e) : -1;
}

int sql_setup_remove_word(struct store *base, uint64_t id, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    struct sql_query q;
    act->changes_rules = true;
    sql_query_begin(&q, mine(base), "DELETE FROM word WHERE word_id = ? RETURNING pattern", "remove the word", e);
    sql_query_number(&q, (int64_t)id);
    if (sql_query_next(&q)) {
        sql_act_subject(act, "%s", sql_query_text_at(&q, 0));
    }
    return sql_query_run(&q);
}

/* ---- settings ---- */

int sql_setup_setting(struct store *base, const char *key, const char *value, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    struct sql_query q;
    sql_act_subject(act, "%s", key);
    act->changes_rules = true;
    sql_query_begin(&q, mine(base),
                    value == NULL ? "DELETE FROM setting WHERE key = ?"
                                  : "INSERT INTO setting (key, value) VALUES (?, ?)"
                                    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    "change the setting", e);
    sql_query_text(&q, key);
    if (value != NULL) {
        sql_query_text(&q, value);
    }
    return sql_query_run(&q);
}
