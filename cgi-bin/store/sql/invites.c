/* invites.c - see invites.h. */
#include "store/sql/invites.h"

#include "base/err.h"
#include "store/sql/query.h"

#include <stdio.h>
#include <string.h>

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- making ---- */

/* Those that have ended, and the person's earlier code. person_id 0: of no person. */
static int remove_old(struct sql_store *s, int64_t person_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "DELETE FROM invite WHERE until_ms <= ? OR person_id = ?", "remove old invites", e);
    sql_query_number(&q, s->act->now_ms);
    sql_query_number(&q, person_id);
    return sql_query_run(&q);
}

static int check_count(struct sql_store *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM invite WHERE person_id IS NULL", "count the invites", e);
    bool full = sql_query_next(&q) && sql_query_number_at(&q, 0) >= STORE_INVITES;
    int result = sql_query_end(&q);
    return result == 0 && full ? err_set(e, ERR_TOO_LARGE, "There are %d invites. Revoke some first.", STORE_INVITES)
                               : result;
}

/* To be a reader in all rooms would take something from a visitor, who may write in open ones. */
static int check_role(const struct sql_act *act, const struct store_invite *invite, bool is_there, struct err *e)
{
    if (invite->role < CHAT_MEMBER && !is_there) {
        return err_field(e, ERR_INPUT, "room", "An invite for readers is for a room: which one?");
    }
    if (act->by == NULL || act->by->role == CHAT_OWNER || invite->role < act->by->role) {
        return 0;
    }
    return err_set(e, ERR_WEAK, "Only an owner can invite %ss.", chat_role_word(invite->role));
}

static int insert(struct sql_store *s, const struct store_invite *invite, int64_t person_id, int64_t room_id,
                  int64_t *id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO invite (hash, person_id, role, room_id, by_person, made_ms, until_ms, uses)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING invite_id",
                    "add the invite", e);
    sql_query_blob(&q, invite->hash, sizeof invite->hash);
    sql_query_number_or_null(&q, person_id);
    sql_query_number_or_null(&q, invite->moves ? 0 : (int64_t)invite->role);
    sql_query_number_or_null(&q, room_id);
    sql_query_number_or_null(&q, s->act->person_id);
    sql_query_number(&q, s->act->now_ms);
    sql_query_number(&q, invite->until_ms);
    sql_query_number(&q, invite->uses);
    return sql_query_insert(&q, id);
}

static int add_mover(struct sql_store *s, const struct store_invite *invite, int64_t *id, struct err *e)
{
    return sql_persons_take_actor(s, e) == 0 && remove_old(s, s->act->person_id, e) == 0
               ? insert(s, invite, s->act->person_id, 0, id, e)
               : -1;
}

static int add_role(struct sql_store *s, const struct store_invite *invite, int64_t *id, struct err *e)
{
    int64_t room_id = 0;
    bool is_there = invite->room != NULL && invite->room[0] != '\0';
    sql_act_subject(s->act, "%s%s%s", chat_role_word(invite->role), is_there ? " in " : "",
                    is_there ? invite->room : "");
    if (check_role(s->act, invite, is_there, e) != 0 || sql_persons_room(s, invite->room, &room_id, e) != 0) {
        return -1;
    }
    return remove_old(s, 0, e) == 0 && check_count(s, e) == 0 ? insert(s, invite, 0, room_id, id, e) : -1;
}

int sql_invites_add(struct store *base, const struct store_invite *invite, uint64_t *id, struct err *e)
{
    int64_t made = 0;
    sql_act_of(base);
    if ((invite->moves ? add_mover(mine(base), invite, &made, e) : add_role(mine(base), invite, &made, e)) != 0) {
        return -1;
    }
    if (id != NULL) {
        *id = (uint64_t)made;
    }
    return 0;
}

int sql_invites_revoke(struct store *base, uint64_t id, struct err *e)
{
    struct sql_query q;
    sql_act_of(base);
    sql_query_begin(&q, mine(base), "DELETE FROM invite WHERE invite_id = ?", "revoke the invite", e);
    sql_query_number(&q, (int64_t)id);
    return sql_query_run(&q);
}

/* ---- using ---- */

struct invite_row {
    int64_t id; /* 0: no such code */
    int64_t person_id;
    enum chat_role role;
    int64_t room_id;
    int64_t uses;
};

static int find(struct sql_store *s, const unsigned char *hash, struct invite_row *row, struct store_invite_used *out,
                struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT invite_id, person_id, role, room_id, uses,"
                    " (SELECT name FROM room WHERE room.room_id = invite.room_id)"
                    " FROM invite WHERE hash = ? AND until_ms > ?",
                    "find the invite", e);
    sql_query_blob(&q, hash, STORE_INVITE_HASH);
    sql_query_number(&q, s->act->now_ms);
    *row = (struct invite_row){.id = 0};
    if (sql_query_next(&q)) {
        row->id = sql_query_number_at(&q, 0);
        row->person_id = sql_query_number_at(&q, 1);
        row->role = (enum chat_role)sql_query_number_at(&q, 2);
        row->room_id = sql_query_number_at(&q, 3);
        row->uses = sql_query_number_at(&q, 4);
        snprintf(out->room, sizeof out->room, "%s", sql_query_text_at(&q, 5));
    }
    return sql_query_end(&q);
}

static int refuse(struct err *e)
{
    return err_set(e, ERR_ABSENT, "This code isn't valid, or no longer. Ask for a new one.");
}

static int take_use(struct sql_store *s, const struct invite_row *row, struct err *e)
{
    struct sql_query q;
    if (row->uses == 0) {
        return refuse(e);
    }
    sql_query_begin(&q, s, "UPDATE invite SET uses = uses - 1 WHERE invite_id = ?", "use the invite", e);
    sql_query_number(&q, row->id);
    return sql_query_run(&q);
}

/* ---- a role ---- */

static int role_of(struct sql_store *s, const char *room, struct store_person *out, struct err *e)
{
    const struct store_whom whom = {.person = (uint64_t)s->act->person_id};
    return sql_persons_find(&s->base, &whom, room, out, e);
}

/* The greatest role that a moderator or invite gave, there or in all rooms. */
static int given_role(struct sql_store *s, const struct invite_row *row, const char *room, enum chat_role *out,
                      struct err *e)
{
    struct store_person person;
    struct sql_query q;
    if (role_of(s, room, &person, e) != 0) {
        return -1;
    }
    *out = person.made || person.role > CHAT_MEMBER ? person.role : CHAT_NOBODY;
    sql_query_begin(&q, s, "SELECT role FROM room_role WHERE person_id = ? AND room_id = ?", "read the role", e);
    sql_query_number(&q, s->act->person_id);
    sql_query_number(&q, row->room_id);
    if (sql_query_next(&q) && sql_query_number_at(&q, 0) > (int64_t)*out) {
        *out = (enum chat_role)sql_query_number_at(&q, 0);
    }
    return sql_query_end(&q);
}

static int join(struct sql_store *s, const struct invite_row *row, struct store_invite_used *out, struct err *e)
{
    enum chat_role given = CHAT_NOBODY;
    if (sql_persons_take_actor(s, e) != 0 || given_role(s, row, out->room, &given, e) != 0) {
        return -1;
    }
    if (given >= row->role) {
        return 0;
    }
    return take_use(s, row, e) == 0 ? sql_roles_write(s, s->act->person_id, row->role, row->room_id, e) : -1;
}

/* ---- another device ---- */

static int check_without_role(struct sql_store *s, struct err *e)
{
    enum chat_role rank = CHAT_NOBODY;
    if (sql_persons_rank(s, s->act->person_id, NULL, CHAT_NOBODY, &rank, e) != 0) {
        return -1;
    }
    return rank <= CHAT_MEMBER ? 0
                               : err_set(e, ERR_CONFLICT,
                                         "This device is a%s %s's. Make the code here, and use it on the other device.",
                                         rank == CHAT_OWNER ? "n" : "", chat_role_word(rank));
}

static int change(struct sql_store *s, const char *sql, int64_t to, int64_t from, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, sql, "move the key", e);
    sql_query_number(&q, to);
    sql_query_number(&q, from);
    if (sql_query_parameters(&q) > 2) {
        sql_query_number(&q, s->act->now_ms);
    }
    return sql_query_run(&q);
}

/* What is done about messages of a person without keys is meant for the key that wrote them. */
static int note_move(struct sql_store *s, int64_t from, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "UPDATE person SET moved_key = ?1 WHERE person_id = ?2"
                    " AND NOT EXISTS (SELECT 1 FROM key WHERE key.person_id = ?2)",
                    "note where the key is", e);
    sql_query_blob(&q, s->act->by->key, CHAT_KEY_BYTES);
    sql_query_number(&q, from);
    return sql_query_run(&q);
}

/* Bans go with the key, so that no code is a way out of them. Not those that the other person has:
 * a key may go to and fro. */
static int move_things(struct sql_store *s, int64_t to, int64_t from, struct err *e)
{
    static const char *const moves[] = {
        "INSERT INTO ban (kind, room_id, person_id, title, reason, by_person, made_ms, until_ms)"
        " SELECT kind, room_id, ?1, title, reason, by_person, made_ms, until_ms FROM ban WHERE person_id = ?2"
        " AND (until_ms IS NULL OR until_ms > ?3) AND NOT EXISTS (SELECT 1 FROM ban AS theirs"
        " WHERE theirs.person_id = ?1 AND theirs.kind = ban.kind AND theirs.room_id IS ban.room_id"
        " AND (theirs.until_ms IS NULL OR theirs.until_ms >= ban.until_ms))",
        "UPDATE name SET person_id = ?1 WHERE person_id = ?2"
        " AND NOT EXISTS (SELECT 1 FROM key WHERE key.person_id = ?2)",
        "DELETE FROM invite WHERE person_id = ?2" /* its codes would bring a person without keys back */
        " AND NOT EXISTS (SELECT 1 FROM key WHERE key.person_id = ?2)",
    };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof moves / sizeof *moves; i++) {
        result = change(s, moves[i], to, from, e);
    }
    return result == 0 ? note_move(s, from, e) : result;
}

/* Rules count once for each key, and their number has a limit. */
static int check_keys(struct sql_store *s, int64_t person_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM key WHERE person_id = ?", "count the keys", e);
    sql_query_number(&q, person_id);
    bool full = sql_query_next(&q) && sql_query_number_at(&q, 0) >= STORE_PERSON_KEYS;
    int result = sql_query_end(&q);
    return result == 0 && full ? err_set(e, ERR_TOO_LARGE, "This name is on %d devices already, the most there can be.",
                                         STORE_PERSON_KEYS)
                               : result;
}

static int put_key(struct sql_store *s, int64_t person_id, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO key (hash, person_id, added_ms) VALUES (?, ?, ?)"
                    " ON CONFLICT (hash) DO UPDATE SET person_id = excluded.person_id",
                    "give the key to the person", e);
    sql_query_blob(&q, s->act->by->key, CHAT_KEY_BYTES);
    sql_query_number(&q, person_id);
    sql_query_number(&q, s->act->now_ms);
    s->act->changes_rules = true; /* roles and bans count for one key more */
    return sql_query_run(&q);
}

static int move(struct sql_store *s, const struct invite_row *row, struct err *e)
{
    struct sql_act *act = s->act;
    int64_t from = act->person_id;
    if (from == row->person_id) {
        return 0;
    }
    if ((from != 0 && check_without_role(s, e) != 0) || take_use(s, row, e) != 0 ||
        check_keys(s, row->person_id, e) != 0 || put_key(s, row->person_id, e) != 0) {
        return -1;
    }
    act->person_id = row->person_id;
    return from == 0 ? 0 : move_things(s, row->person_id, from, e);
}

/* ---- the answer ---- */

static int describe(struct sql_store *s, const struct invite_row *row, struct store_invite_used *out, struct err *e)
{
    struct store_person person;
    if (role_of(s, out->room, &person, e) != 0) {
        return -1;
    }
    out->role = row->room_id != 0 ? person.room_role : person.role;
    out->mark = person.mark;
    snprintf(out->name, sizeof out->name, "%s", person.name_count > 0 ? person.names[0] : person.title);
    return 0;
}

int sql_invites_use(struct store *base, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                    struct store_invite_used *out, struct err *e)
{
    struct sql_store *s = mine(base);
    struct invite_row row;
    sql_act_of(base);
    if (find(s, hash, &row, out, e) != 0) {
        return -1;
    }
    if (row.id == 0 || (row.person_id != 0) != moves) {
        return refuse(e);
    }
    if ((moves ? move(s, &row, e) : join(s, &row, out, e)) != 0) {
        return -1;
    }
    return describe(s, &row, out, e);
}
