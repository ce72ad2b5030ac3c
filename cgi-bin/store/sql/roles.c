/* roles.c - see roles.h. */
#include "store/sql/roles.h"

#include "base/ck.h"
#include "base/err.h"
#include "store/sql/query.h"
#include "store/store_rules.h"

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- roles ---- */

static int write_everywhere(struct sql_store *s, int64_t person_id, enum chat_role role, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "UPDATE person SET role = ?, made = ? WHERE person_id = ?", "set the role", e);
    sql_query_number(&q, role);
    sql_query_number(&q, role >= CHAT_MEMBER);
    sql_query_number(&q, person_id);
    return sql_query_run(&q);
}

static int write_in_room(struct sql_store *s, int64_t person_id, enum chat_role role, int64_t room_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO room_role (person_id, room_id, role) VALUES (?, ?, ?)"
                    " ON CONFLICT (person_id, room_id) DO UPDATE SET role = excluded.role",
                    "set the role in the room", e);
    sql_query_number(&q, person_id);
    sql_query_number(&q, room_id);
    sql_query_number(&q, role);
    return sql_query_run(&q);
}

static int take_back(struct sql_store *s, int64_t person_id, int64_t room_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "DELETE FROM room_role WHERE person_id = ? AND room_id = ?", "take the role back", e);
    sql_query_number(&q, person_id);
    sql_query_number(&q, room_id);
    return sql_query_run(&q);
}

/* After the change. An owner is always let in, to take roles back. */
static int check_keys(struct sql_store *s, enum chat_role role, struct err *e)
{
    struct sql_query q;
    if (role == CHAT_OWNER) {
        return 0;
    }
    sql_query_begin(&q, s,
                    "SELECT max((SELECT count(*) FROM person INDEXED BY person_with_role"
                    " CROSS JOIN key USING (person_id) WHERE role <> 2 OR made = 1),"
                    " (SELECT count(*) FROM room_role JOIN key USING (person_id)))",
                    "count the keys with roles", e);
    bool over = sql_query_next(&q) && sql_query_number_at(&q, 0) > STORE_RULES_KEYS;
    int result = sql_query_end(&q);
    return result == 0 && over
               ? err_set(e, ERR_TOO_LARGE, "%d devices have roles. Take some roles back first.", STORE_RULES_KEYS)
               : result;
}

int sql_roles_write(struct sql_store *s, int64_t person_id, enum chat_role role, int64_t room_id, struct err *e)
{
    s->act->changes_rules = true;
    if (room_id != 0 && role == CHAT_ROLE__MAX) {
        return take_back(s, person_id, room_id, e);
    }
    int result = room_id == 0 ? write_everywhere(s, person_id, role, e) : write_in_room(s, person_id, role, room_id, e);
    return result == 0 ? check_keys(s, role, e) : -1;
}

static int check_ranks(struct sql_store *s, int64_t person_id, enum chat_role role, const char *room, struct err *e)
{
    const struct sql_act *act = s->act;
    enum chat_role rank = CHAT_NOBODY;
    if (act->by != NULL && role != CHAT_ROLE__MAX && role > act->by->role) {
        return err_set(e, ERR_WEAK, "Nobody can give a role above the own one.");
    }
    if (sql_persons_rank(s, person_id, room, CHAT_NOBODY, &rank, e) != 0) {
        return -1;
    }
    return person_id == act->person_id ? 0 : sql_act_check_rank(act, rank, e);
}

/* The chat keeps an owner, whatever becomes of this person. */
static int check_last_owner(struct sql_store *s, int64_t person_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT (SELECT role FROM person WHERE person_id = ?1) = 4 AND NOT EXISTS"
                    " (SELECT 1 FROM person INDEXED BY person_with_role"
                    " WHERE (role <> 2 OR made = 1) AND role = 4 AND person_id <> ?1)",
                    "look for other owners", e);
    sql_query_number(&q, person_id);
    bool is_last = sql_query_next(&q) && sql_query_number_at(&q, 0) != 0;
    int result = sql_query_end(&q);
    return result == 0 && is_last ? err_set(e, ERR_WEAK, "This is the only owner. Make another owner first.") : result;
}

static int set_role(struct sql_store *s, int64_t person_id, enum chat_role role, const char *room, struct err *e)
{
    int64_t room_id = 0;
    if (sql_persons_room(s, room, &room_id, e) != 0 ||
        check_ranks(s, person_id, role, room_id == 0 ? NULL : room, e) != 0) {
        return -1;
    }
    if (room_id == 0 && role < CHAT_OWNER && check_last_owner(s, person_id, e) != 0) {
        return -1;
    }
    return sql_roles_write(s, person_id, role, room_id, e);
}

int sql_roles_set(struct store *base, const struct store_whom *whom, enum chat_role role, const char *room,
                  struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_act *act = sql_act_of(base);
    int64_t person_id = 0;
    char title[CHAT_NAME_BYTES_MAX + 16];
    CK(role < CHAT_ROLE__MAX || (room != NULL && room[0] != '\0'));
    if (sql_persons_resolve(s, whom, &person_id, e) != 0 ||
        sql_persons_title(s, person_id, title, sizeof title, e) != 0) {
        return -1;
    }
    sql_act_subject(act, "%s", title);
    return set_role(s, person_id, role, room, e);
}

int sql_roles_own(struct store *base, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    if (sql_persons_take_actor(mine(base), e) != 0) {
        return -1;
    }
    return sql_roles_write(mine(base), act->person_id, CHAT_OWNER, 0, e);
}

/* ---- newcomers ---- */

int sql_roles_trust(struct store *base, const struct store_whom *whom, struct err *e)
{
    struct sql_store *s = mine(base);
    struct sql_act *act = sql_act_of(base);
    struct sql_query q;
    int64_t person_id = 0;
    char title[CHAT_NAME_BYTES_MAX + 16];
    if (sql_persons_resolve(s, whom, &person_id, e) != 0 ||
        sql_persons_title(s, person_id, title, sizeof title, e) != 0) {
        return -1;
    }
    sql_act_subject(act, "%s", title);
    sql_query_begin(&q, s, "UPDATE person SET trusted = 1 WHERE person_id = ?", "trust the person", e);
    sql_query_number(&q, person_id);
    return sql_query_run(&q);
}
