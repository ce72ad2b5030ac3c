/* rules.c - see rules.h. */
#include "store/sql/rules.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/sql/act.h"
#include "store/sql/query.h"
#include "store/sql/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sql_store *mine(struct store *base)
{
    return (struct sql_store *)base;
}

/* ---- the number ---- */

static int read_number(struct sql_store *s, uint64_t *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT rules FROM meta", "read the rules' number", e);
    if (sql_query_next(&q)) {
        *out = (uint64_t)sql_query_number_at(&q, 0);
    }
    return sql_query_end(&q);
}

int sql_rules_number(struct store *base, uint64_t *out, struct err *e)
{
    bool begun = false;
    if (sql_view_enter(mine(base), &begun, e) != 0) {
        return -1;
    }
    int result = read_number(mine(base), out, e);
    sql_view_leave(mine(base), begun);
    return result;
}

/* ---- one list after another ---- */

/* Two texts in one block; *other points to the second one. */
static char *pair(const char *first, const char *second, char **other)
{
    size_t length = strlen(first) + 1;
    char *block = ck_malloc(length + strlen(second) + 1);
    memcpy(block, first, length);
    *other = block + length;
    memcpy(*other, second, strlen(second) + 1);
    return block;
}

static void take_setting(const struct sql_query *q, struct store_rules *out)
{
    out->settings = sql_query_grow(out->settings, out->setting_count, sizeof *out->settings);
    struct store_setting *setting = &out->settings[out->setting_count++];
    setting->key = pair(sql_query_text_at(q, 0), sql_query_text_at(q, 1), &setting->value);
}

static void take_room(const struct sql_query *q, struct store_rules *out)
{
    out->rooms = sql_query_grow(out->rooms, out->room_count, sizeof *out->rooms);
    struct store_room_rules *room = &out->rooms[out->room_count++];
    *room = (struct store_room_rules){
        .kind = (enum store_room_kind)sql_query_number_at(q, 1),
        .kind_until_ms = sql_query_number_at(q, 2),
        .slow_s = (unsigned)sql_query_number_at(q, 3),
        .hours = ck_strdup(sql_query_text_at(q, 4)),
        .newcomers = (enum store_newcomers)sql_query_number_at(q, 5),
        .newcomers_until_ms = sql_query_number_at(q, 6),
    };
    snprintf(room->room, sizeof room->room, "%s", sql_query_text_at(q, 0));
}

static void take_known(const struct sql_query *q, struct store_rules *out)
{
    out->known = sql_query_grow(out->known, out->known_count, sizeof *out->known);
    struct store_known *known = &out->known[out->known_count++];
    *known = (struct store_known){
        .person = (uint64_t)sql_query_number_at(q, 1),
        .role = (enum chat_role)sql_query_number_at(q, 2),
        .made = sql_query_number_at(q, 3) != 0,
    };
    sql_query_blob_at(q, 0, known->key, sizeof known->key);
}

static void take_room_role(const struct sql_query *q, struct store_rules *out)
{
    out->room_roles = sql_query_grow(out->room_roles, out->room_role_count, sizeof *out->room_roles);
    struct store_room_role *one = &out->room_roles[out->room_role_count++];
    *one = (struct store_room_role){.role = (enum chat_role)sql_query_number_at(q, 2)};
    sql_query_blob_at(q, 0, one->key, sizeof one->key);
    snprintf(one->room, sizeof one->room, "%s", sql_query_text_at(q, 1));
}

enum ban_column { BAN_ID, BAN_KIND, BAN_ROOM, BAN_UNTIL, BAN_FOLD, BAN_REASON, BAN_KEY, BAN_NETWORK, BAN_WIDE };

static enum store_ban_of ban_of(const struct sql_query *q, struct store_ban *ban)
{
    if (sql_query_blob_at(q, BAN_NETWORK, ban->bytes, sizeof ban->bytes)) {
        return STORE_OF_NETWORK;
    }
    if (sql_query_blob_at(q, BAN_WIDE, ban->bytes, sizeof ban->bytes)) {
        return STORE_OF_WIDE;
    }
    return sql_query_blob_at(q, BAN_KEY, ban->bytes, sizeof ban->bytes) ? STORE_OF_PERSON : STORE_OF_NAME;
}

static void take_ban(const struct sql_query *q, struct store_rules *out)
{
    out->bans = sql_query_grow(out->bans, out->ban_count, sizeof *out->bans);
    struct store_ban *ban = &out->bans[out->ban_count++];
    *ban = (struct store_ban){
        .id = (uint64_t)sql_query_number_at(q, BAN_ID),
        .kind = (enum store_ban_kind)sql_query_number_at(q, BAN_KIND),
        .until_ms = sql_query_number_at(q, BAN_UNTIL),
    };
    snprintf(ban->room, sizeof ban->room, "%s", sql_query_text_at(q, BAN_ROOM));
    ban->of = ban_of(q, ban);
    ban->fold = pair(sql_query_text_at(q, BAN_FOLD), sql_query_text_at(q, BAN_REASON), &ban->reason);
}

static void take_word(const struct sql_query *q, struct store_rules *out)
{
    out->words = sql_query_grow(out->words, out->word_count, sizeof *out->words);
    out->words[out->word_count++] = (struct store_word){
        .id = (uint64_t)sql_query_number_at(q, 0),
        .pattern = ck_strdup(sql_query_text_at(q, 1)),
        .whole = sql_query_number_at(q, 2) != 0,
        .act = (enum store_word_act)sql_query_number_at(q, 3),
    };
}

static void take_secret(const struct sql_query *q, struct store_rules *out)
{
    out->secrets = sql_query_grow(out->secrets, out->secret_count, sizeof *out->secrets);
    struct store_secret *secret = &out->secrets[out->secret_count++];
    secret->id = (uint32_t)sql_query_number_at(q, 0);
    sql_query_blob_at(q, 1, secret->bytes, sizeof secret->bytes);
    secret->made_ms = sql_query_number_at(q, 2);
}

/* Parameters of each: ?1 the limit, ?2 now. INDEXED BY: there may be a million persons or rooms,
 * and few of them are meant. */
static const struct list {
    const char *sql;
    int limit;
    void (*take)(const struct sql_query *q, struct store_rules *out);
} lists[] = {
    {"SELECT key, value FROM setting ORDER BY key LIMIT ?1", STORE_RULES_SETTINGS, take_setting},
    {"SELECT name, CASE WHEN kind_until > ?2 OR kind_until IS NULL THEN kind END, kind_until, slow_s, hours, newcomers,"
     " newcomers_until FROM room INDEXED BY room_with_rules"
     " WHERE kind IS NOT NULL OR slow_s IS NOT NULL OR hours IS NOT NULL OR newcomers IS NOT NULL"
     " ORDER BY name LIMIT ?1",
     STORE_RULES_ROOMS, take_room},
    {"SELECT hash, person_id, role, made FROM (SELECT hash, person_id, role, made"
     " FROM person INDEXED BY person_with_role CROSS JOIN key USING (person_id)"
     " WHERE role <> 2 OR made = 1 ORDER BY role DESC LIMIT ?1) AS known ORDER BY hash",
     STORE_RULES_KEYS, take_known},
    {"SELECT hash, room.name, room_role.role FROM room_role JOIN key USING (person_id) JOIN room USING (room_id)"
     " ORDER BY hash, room.name LIMIT ?1",
     STORE_RULES_KEYS, take_room_role},
    {"SELECT ban_id, kind, (SELECT name FROM room WHERE room.room_id = ban.room_id), until_ms, fold, reason, hash,"
     " network, wide FROM ban LEFT JOIN key USING (person_id)"
     " WHERE (until_ms IS NULL OR until_ms > ?2) AND (ban.person_id IS NULL OR hash IS NOT NULL)"
     " ORDER BY ban_id DESC LIMIT ?1",
     STORE_RULES_BANS, take_ban},
    {"SELECT word_id, pattern, whole, act FROM word ORDER BY pattern LIMIT ?1", STORE_RULES_WORDS, take_word},
    {"SELECT secret_id, secret, made_ms FROM network_secret ORDER BY secret_id DESC LIMIT ?1", STORE_RULES_SECRETS,
     take_secret},
};

static int load_list(struct sql_store *s, const struct list *list, struct store_rules *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, list->sql, "load the rules", e);
    sql_query_number(&q, list->limit);
    if (sql_query_parameters(&q) > 1) {
        sql_query_number(&q, clock_wall_ms());
    }
    while (sql_query_next(&q)) {
        list->take(&q, out);
    }
    return sql_query_end(&q);
}

int sql_rules_load(struct store *base, struct store_rules *out, struct err *e)
{
    bool begun = false;
    if (sql_view_enter(mine(base), &begun, e) != 0) {
        return -1;
    }
    int result = read_number(mine(base), &out->number, e);
    for (size_t i = 0; result == 0 && i < sizeof lists / sizeof *lists; i++) {
        result = load_list(mine(base), &lists[i], out, e);
    }
    sql_view_leave(mine(base), begun);
    return result;
}

/* ---- secrets ---- */

static int is_renewal_due(struct sql_store *s, int64_t oldest_ms, bool *out, struct err *e)
{
    struct sql_query q;
    sql_query_begin(&q, s, "SELECT 1 FROM network_secret WHERE made_ms >= ? LIMIT 1", "look for a secret", e);
    sql_query_number(&q, oldest_ms);
    *out = !sql_query_next(&q);
    return sql_query_end(&q);
}

static int add_secret(struct sql_store *s, struct err *e)
{
    unsigned char secret[STORE_SECRET_BYTES];
    struct sql_query q;
    random_fill(secret, sizeof secret);
    sql_query_begin(&q, s, "INSERT INTO network_secret (secret, made_ms) VALUES (?, ?)", "make a secret", e);
    sql_query_blob(&q, secret, sizeof secret);
    sql_query_number(&q, s->act->now_ms);
    s->act->changes_rules = true;
    int result = sql_query_run(&q);
    explicit_bzero(secret, sizeof secret);
    return result;
}

int sql_rules_renew_secret(struct store *base, int64_t oldest_ms, struct store_changes *changes, struct err *e)
{
    struct sql_store *s = mine(base);
    bool is_due = false;
    if (sql_act_begin(base, NULL, "", e) != 0) {
        return -1;
    }
    if (is_renewal_due(s, oldest_ms, &is_due, e) != 0 || (is_due && add_secret(s, e) != 0)) {
        sql_act_cancel(base);
        return -1;
    }
    return sql_act_commit(base, NULL, changes, e);
}
