/* bans.c - see bans.h. */
#include "store/sql/bans.h"

#include "base/err.h"
#include "store/sql/query.h"

#include <stdio.h>
#include <string.h>

enum { FAMILY_AT = 4, NARROW_AT = 5, NARROW_BYTES = 6, WIDE_AT = 11, WIDE_BYTES = 6, IPV4 = 4 };

/* Whom a ban is for, as its row says it. */
struct subject {
    int64_t room_id;   /* 0: all rooms */
    int64_t person_id; /* 0: not of a person, and so on */
    const char *fold;
    const unsigned char *network;
    const unsigned char *wide;
    unsigned char bytes[CHAT_NETWORK_BYTES]; /* of network or wide */
};

/* ---- the subject of a ban: a person, a name or a network ---- */

static int count_keys(struct sql_store *s, int64_t person_id, uint64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT count(*) FROM key WHERE person_id = ?", "count the keys", e);
    sql_query_number(&q, person_id);
    *out = sql_query_next(&q) ? (uint64_t)sql_query_number_at(&q, 0) : 0;
    return sql_query_end(&q);
}

static int check_rank(struct sql_store *s, const struct store_ban_draft *draft, int64_t person_id, enum chat_role role,
                      struct err *e)
{
    enum chat_role rank = CHAT_NOBODY;
    bool is_there = draft->room != NULL && draft->room[0] != '\0';
    return sql_persons_rank(s, person_id, is_there ? draft->room : NULL, role, &rank, e) == 0
               ? sql_act_check_rank(s->act, rank, e)
               : -1;
}

static int of_person(struct sql_store *s, const struct store_ban_draft *draft, struct subject *subject,
                     struct store_ban_made *out, struct err *e)
{
    struct sql_sender sender = {.role = CHAT_NOBODY};
    int64_t id = 0;
    bool is_message = draft->whom.person == 0 && (draft->whom.held != 0 || draft->whom.room != NULL);
    if (is_message && sql_persons_sender_of(s, &draft->whom, &sender, e) != 0) {
        return -1;
    }
    if (sql_persons_resolve(s, &draft->whom, &id, e) != 0 || check_rank(s, draft, id, sender.role, e) != 0) {
        return -1;
    }
    subject->person_id = id;
    return count_keys(s, id, &out->covers, e) == 0 ? sql_persons_title(s, id, out->title, sizeof out->title, e) : -1;
}

/* The name's owner, if there is one, must have a lower rank. */
static int of_name(struct sql_store *s, const struct store_ban_draft *draft, struct subject *subject,
                   struct store_ban_made *out, struct err *e)
{
    struct err why = ERR_INIT;
    int64_t owner = 0;
    const struct store_whom whom = {.fold = draft->whom.fold};
    int result = sql_persons_resolve(s, &whom, &owner, &why);
    if (result != 0 && why.code != ERR_ABSENT) {
        return err_move(e, &why);
    }
    if (result == 0 && check_rank(s, draft, owner, CHAT_NOBODY, e) != 0) {
        return -1;
    }
    subject->fold = draft->whom.fold;
    out->covers = 1;
    snprintf(out->title, sizeof out->title, "the name %s", draft->name);
    return 0;
}

static const char *size_of_network(const struct subject *subject, uint64_t *covers)
{
    enum { IPV4_ADDRESSES = 256, WIDE_CONNECTIONS = 65536 };
    if (subject->bytes[FAMILY_AT] == IPV4) {
        *covers = IPV4_ADDRESSES;
        return "IPv4 /24, 256 addresses";
    }
    *covers = subject->wide != NULL ? WIDE_CONNECTIONS : 1;
    return subject->wide != NULL ? "IPv6 /48, up to 65536 connections" : "IPv6 /64, one connection";
}

/* Keeps the bytes that count, and zeros for the others. */
static void take_network(const struct sql_sender *sender, bool wide, struct subject *subject)
{
    size_t at = wide ? WIDE_AT : NARROW_AT;
    memcpy(subject->bytes, sender->network, FAMILY_AT + 1);
    memcpy(subject->bytes + at, sender->network + at, wide ? WIDE_BYTES : NARROW_BYTES);
    subject->network = wide ? NULL : subject->bytes;
    subject->wide = wide ? subject->bytes : NULL;
}

static int of_network(struct sql_store *s, const struct store_ban_draft *draft, struct subject *subject,
                      struct store_ban_made *out, struct err *e)
{
    struct sql_sender sender;
    if (sql_persons_sender_of(s, &draft->whom, &sender, e) != 0) {
        return -1;
    }
    if (!sender.has_network) {
        return err_set(e, ERR_ABSENT,
                       "The network of this message isn't known, or no longer. Ban the name or the key.");
    }
    if (sender.person_id != 0 && check_rank(s, draft, sender.person_id, sender.role, e) != 0) {
        return -1;
    }
    take_network(&sender, draft->of == STORE_OF_WIDE, subject);
    const char *size = size_of_network(subject, &out->covers);
    snprintf(out->title, sizeof out->title, "the network of %s (%s)", sender.name, size);
    return 0;
}

static int find_subject(struct sql_store *s, const struct store_ban_draft *draft, struct subject *subject,
                        struct store_ban_made *out, struct err *e)
{
    if (sql_persons_room(s, draft->room, &subject->room_id, e) != 0) {
        return -1;
    }
    switch (draft->of) {
    case STORE_OF_PERSON:
        return of_person(s, draft, subject, out, e);
    case STORE_OF_NAME:
        return of_name(s, draft, subject, out, e);
    default:
        return of_network(s, draft, subject, out, e);
    }
}

/* ---- the row ---- */

/* Binds room, person, name and networks. */
static void bind_subject(struct sql_query *q, const struct subject *subject)
{
    sql_query_number_or_null(q, subject->room_id);
    sql_query_number_or_null(q, subject->person_id);
    sql_query_text(q, subject->fold);
    sql_query_blob(q, subject->network, CHAT_NETWORK_BYTES);
    sql_query_blob(q, subject->wide, CHAT_NETWORK_BYTES);
}

/* Changes end and reason of the ban that is there. id 0: there is none. */
static int renew(struct sql_store *s, const struct store_ban_draft *draft, const struct subject *subject,
                 struct store_ban_made *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "UPDATE ban SET until_ms = ?1, reason = ?2, by_person = ?3, title = ?4"
                    " WHERE kind = ?5 AND (until_ms IS NULL OR until_ms > ?6) AND room_id IS ?7 AND person_id IS ?8"
                    " AND fold IS ?9 AND network IS ?10 AND wide IS ?11 RETURNING ban_id",
                    "renew the ban", e);
    sql_query_number_or_null(&q, draft->until_ms);
    sql_query_text(&q, draft->reason);
    sql_query_number_or_null(&q, s->act->person_id);
    sql_query_text(&q, out->title);
    sql_query_number(&q, draft->kind);
    sql_query_number(&q, s->act->now_ms);
    bind_subject(&q, subject);
    out->id = sql_query_next(&q) ? (uint64_t)sql_query_number_at(&q, 0) : 0;
    return sql_query_run(&q);
}

static int check_room_for_one(struct sql_store *s, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "SELECT count(*) FROM ban LEFT JOIN key USING (person_id)"
                    " WHERE until_ms IS NULL OR until_ms > ?",
                    "count the bans", e);
    sql_query_number(&q, s->act->now_ms);
    bool full = sql_query_next(&q) && sql_query_number_at(&q, 0) >= STORE_RULES_BANS;
    int result = sql_query_end(&q);
    return result == 0 && full ? err_set(e, ERR_TOO_LARGE, "The chat has %d bans. Lift some first.", STORE_RULES_BANS)
                               : result;
}

static int add(struct sql_store *s, const struct store_ban_draft *draft, const struct subject *subject,
               struct store_ban_made *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s,
                    "INSERT INTO ban (kind, until_ms, reason, title, by_person, made_ms, room_id, person_id, fold,"
                    " network, wide) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ban_id",
                    "add the ban", e);
    sql_query_number(&q, draft->kind);
    sql_query_number_or_null(&q, draft->until_ms);
    sql_query_text(&q, draft->reason);
    sql_query_text(&q, out->title);
    sql_query_number_or_null(&q, s->act->person_id);
    sql_query_number(&q, s->act->now_ms);
    bind_subject(&q, subject);
    int64_t id = 0;
    int result = sql_query_insert(&q, &id);
    out->id = (uint64_t)id;
    return result;
}

int sql_bans_add(struct store *base, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e)
{
    struct sql_store *s = (struct sql_store *)base;
    struct sql_act *act = sql_act_of(base);
    struct subject subject = {.room_id = 0};
    if (find_subject(s, draft, &subject, out, e) != 0 || renew(s, draft, &subject, out, e) != 0) {
        return -1;
    }
    act->changes_rules = true;
    sql_act_subject(act, "%s", out->title);
    if (out->id != 0) {
        return 0;
    }
    return check_room_for_one(s, e) == 0 ? add(s, draft, &subject, out, e) : -1;
}

/* ---- lifting ---- */

/* A person can't lift a ban of its own, unless it is an owner: a muted moderator stays muted. */
static int check_not_own(struct sql_store *s, uint64_t ban, struct err *e)
{
    const struct sql_act *act = s->act;
    struct sql_query q;
    if (act->by == NULL || act->person_id == 0 || act->by->role == CHAT_OWNER) {
        return 0;
    }
    sql_query_begin(&q, s, "SELECT 1 FROM ban WHERE ban_id = ? AND person_id = ?", "look whom the ban is for", e);
    sql_query_number(&q, (int64_t)ban);
    sql_query_number(&q, act->person_id);
    bool is_own = sql_query_next(&q);
    int result = sql_query_end(&q);
    return result == 0 && is_own ? err_set(e, ERR_WEAK, "This is your own. Another moderator can lift it.") : result;
}

int sql_bans_lift(struct store *base, uint64_t ban, struct err *e)
{
    struct sql_act *act = sql_act_of(base);
    struct sql_query q;
    if (check_not_own((struct sql_store *)base, ban, e) != 0) {
        return -1;
    }
    sql_query_begin(&q, (struct sql_store *)base,
                    "UPDATE ban SET until_ms = min(ifnull(until_ms, ?1), ?1) WHERE ban_id = ?2 RETURNING title",
                    "lift the ban", e);
    sql_query_number(&q, act->now_ms);
    sql_query_number(&q, (int64_t)ban);
    bool found = sql_query_next(&q);
    if (found) {
        sql_act_subject(act, "%s", sql_query_text_at(&q, 0));
        act->changes_rules = true;
    }
    int result = sql_query_run(&q);
    return result == 0 && !found ? err_set(e, ERR_ABSENT, "There is no such ban.") : result;
}
