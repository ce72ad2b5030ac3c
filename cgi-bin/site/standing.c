/* standing.c - see standing.h. */
#include "site/standing.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "peace/hours.h"
#include "peace/network.h"
#include "peace/token.h"
#include "site/rules.h"
#include "system/conf.h"

#include <stdlib.h>
#include <string.h>

/* ---- a room ---- */

static int compare_room(const void *name, const void *row)
{
    return strcmp(name, ((const struct store_room_rules *)row)->room);
}

void standing_room(const struct rules *r, const char *room, int64_t now_ms, struct standing_room *out)
{
    const struct store_rules *s = rules_store(r);
    const struct conf *conf = rules_conf(r);
    const struct store_room_rules *own = s->room_count > 0
                                             ? bsearch(room, s->rooms, s->room_count, sizeof *s->rooms, compare_room)
                                             : NULL;
    *out = (struct standing_room){.kind = (enum store_room_kind)(conf->room_kind + 1),
                                  .newcomers = (enum store_newcomers)(conf->newcomers + 1)};
    if (own == NULL) {
        return;
    }
    if (own->kind != 0 && (own->kind_until_ms == 0 || now_ms < own->kind_until_ms)) {
        out->kind = own->kind;
        out->until_ms = own->kind_until_ms;
    }
    out->slow_s = own->slow_s;
    if (own->newcomers != 0 && (own->newcomers_until_ms == 0 || now_ms < own->newcomers_until_ms)) {
        out->newcomers = own->newcomers;
    }
    out->hours = own->hours != NULL && own->hours[0] != '\0' ? rules_hours(r, (size_t)(own - s->rooms)) : NULL;
}

/* ---- a role ---- */

static int compare_known(const void *key, const void *row)
{
    return memcmp(key, ((const struct store_known *)row)->key, CHAT_KEY_BYTES);
}

static const struct store_known *find_known(const struct store_rules *s, const unsigned char key[CHAT_KEY_BYTES])
{
    return s->known_count > 0 ? bsearch(key, s->known, s->known_count, sizeof *s->known, compare_known) : NULL;
}

static const struct store_room_role *find_room_role(const struct store_rules *s,
                                                    const unsigned char key[CHAT_KEY_BYTES], const char *room)
{
    size_t low = 0;
    size_t high = s->room_role_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(s->room_roles[middle].key, key, CHAT_KEY_BYTES);
        order = order != 0 ? order : strcmp(s->room_roles[middle].room, room);
        if (order == 0) {
            return &s->room_roles[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

static enum chat_role greater(enum chat_role a, enum chat_role b)
{
    return a > b ? a : b;
}

/* What the host's site says, of this room. */
static void take_token(const struct token *token, const char *room, struct standing *out)
{
    if (token == NULL || !token_has_room(token, room)) {
        return;
    }
    out->is_member = true;
    out->role = token->role != CHAT_NOBODY ? token->role : CHAT_MEMBER;
}

/* What the chat's own moderators say. An owner stays one in all rooms. */
static void take_given(const struct store_rules *s, const struct standing_asker *asker, const char *room,
                       struct standing *out)
{
    const struct store_known *known = find_known(s, asker->key);
    const struct store_room_role *here = find_room_role(s, asker->key, room);
    enum chat_role role = known != NULL ? known->role : CHAT_MEMBER;
    if (here != NULL && role != CHAT_OWNER) {
        out->role = here->role > CHAT_MEMBER ? greater(out->role, here->role) : here->role;
        out->is_member = here->role > CHAT_NOBODY;
    } else if (known != NULL) {
        out->role = role >= CHAT_MEMBER ? greater(out->role, role) : role;
        out->is_member = out->is_member || (known->made && role >= CHAT_MEMBER);
    }
}

static void find_role(const struct rules *r, const struct standing_asker *asker, const char *room, struct standing *out)
{
    bool as_member = asker->has_key || rules_conf(r)->guests != CONF_GUESTS_NO;
    *out = (struct standing){.has_key = asker->has_key, .role = as_member ? CHAT_MEMBER : CHAT_READER};
    if (asker->has_key) {
        take_token(asker->token, room, out);
        take_given(rules_store(r), asker, room, out);
    }
    out->role = greater(out->role, CHAT_READER); /* without the key, anyone may read an open room */
    out->is_member = out->is_member || out->role >= CHAT_MODERATOR;
}

/* ---- bans ---- */

/* The asker's network, under the secret that a ban was made with. */
struct hashed {
    uint32_t number; /* 0: none yet */
    bool is_known;
    unsigned char network[CHAT_NETWORK_BYTES];
};

static void hash_for(const struct store_rules *s, const struct address *address, uint32_t number, struct hashed *h)
{
    if (h->number == number) {
        return;
    }
    *h = (struct hashed){.number = number};
    for (size_t i = 0; i < s->secret_count && !h->is_known; i++) {
        h->is_known = s->secrets[i].id == number && network_of(address, number, s->secrets[i].bytes, h->network);
    }
}

static bool is_of(const struct store_rules *s, const struct store_ban *ban, const struct standing_asker *asker,
                  struct hashed *h)
{
    switch (ban->of) {
    case STORE_OF_PERSON:
        return asker->has_key && memcmp(ban->bytes, asker->key, CHAT_KEY_BYTES) == 0;
    case STORE_OF_NAME:
        return asker->fold != NULL && strcmp(ban->fold, asker->fold) == 0;
    case STORE_OF_NETWORK:
    case STORE_OF_WIDE:
        hash_for(s, &asker->address, network_number(ban->bytes), h);
        return h->is_known &&
               network_is_same(h->network, ban->bytes, ban->of == STORE_OF_WIDE ? NETWORK_WIDE : NETWORK_NARROW);
    }
    return false;
}

/* A ban counts more than a mute, then the one that ends later. */
static bool is_worse(const struct store_ban *a, const struct store_ban *b)
{
    if (b == NULL || a->kind != b->kind) {
        return b == NULL || a->kind == STORE_BAN;
    }
    return b->until_ms != 0 && (a->until_ms == 0 || a->until_ms > b->until_ms);
}

static void find_bans(const struct store_rules *s, const struct standing_asker *asker, const char *room, int64_t now_ms,
                      struct standing *out)
{
    struct hashed h = {.number = 0};
    for (size_t i = 0; i < s->ban_count; i++) {
        const struct store_ban *ban = &s->bans[i];
        bool is_over = ban->until_ms != 0 && now_ms >= ban->until_ms;
        bool is_here = ban->room[0] == '\0' || strcmp(ban->room, room) == 0;
        bool counts = ban->of == STORE_OF_PERSON || out->role < CHAT_MODERATOR;
        if (is_over || !is_here || !counts || !is_of(s, ban, asker, &h)) {
            continue;
        }
        if (ban->kind == STORE_SHADOW) {
            out->is_shadowed = true;
        } else if (is_worse(ban, out->ban)) {
            out->ban = ban;
        }
    }
}

void standing_of(const struct rules *r, const struct standing_asker *asker, const char *room, int64_t now_ms,
                 struct standing *out)
{
    find_role(r, asker, room, out);
    find_bans(rules_store(r), asker, room, now_ms, out);
    if (out->ban != NULL && out->ban->kind == STORE_BAN) {
        out->role = CHAT_READER;
        out->is_member = false;
    }
}

bool standing_is_moderator_somewhere(const struct rules *r, const struct standing_asker *asker, int64_t now_ms)
{
    const struct store_rules *s = rules_store(r);
    struct standing found;
    standing_of(r, asker, "", now_ms, &found);
    bool is = found.role >= CHAT_MODERATOR || (asker->token != NULL && asker->token->role >= CHAT_MODERATOR);
    for (size_t i = 0; asker->has_key && !is && i < s->room_role_count; i++) {
        is = s->room_roles[i].role >= CHAT_MODERATOR && memcmp(s->room_roles[i].key, asker->key, CHAT_KEY_BYTES) == 0;
    }
    return is;
}

/* ---- answers ---- */

/* Adds the reason for programs. It is cut between two characters where it is longer than a
 * value. */
static void add_reason(struct err *e, const char *reason)
{
    size_t length = 0;
    size_t left = strlen(reason);
    uint32_t codepoint;
    while (left > 0) {
        size_t step = str_utf8_next(reason + length, left, &codepoint);
        if (step == 0 || length + step >= sizeof e->more[0].value) {
            break;
        }
        length += step;
        left -= step;
    }
    if (length > 0) {
        err_more(e, "reason", "%.*s", (int)length, reason);
    }
}

static int refuse_until(struct err *e, enum err_code code, int64_t until_ms, const char *what, const char *reason)
{
    char until[CLOCK_TEXT_SIZE] = "";
    if (until_ms != 0) {
        clock_text(until_ms, until);
    }
    err_set(e, code, "%s%s%s.%s%s", what, until_ms != 0 ? " until " : "", until,
            reason != NULL && reason[0] != '\0' ? " The reason: " : "", reason != NULL ? reason : "");
    err_more(e, "until", "%s", until);
    if (reason != NULL) {
        add_reason(e, reason);
    }
    return -1;
}

static int refuse_banned(const struct standing *s, struct err *e)
{
    bool is_ban = s->ban->kind == STORE_BAN;
    return refuse_until(e, is_ban ? ERR_BANNED : ERR_MUTED, s->ban->until_ms,
                        is_ban ? "You are banned" : "You can read here, but not write", s->ban->reason);
}

static bool has_ban(const struct standing *s)
{
    return s->ban != NULL && s->ban->kind == STORE_BAN;
}

int standing_need(const struct standing *s, enum chat_role need, struct err *e)
{
    if (s->role >= need) {
        return 0;
    }
    if (has_ban(s)) {
        return refuse_banned(s, e);
    }
    return s->has_key
               ? err_set(e, ERR_WEAK, "Your role here is too weak for that: it needs a %s.", chat_role_word(need))
               : err_set(e, ERR_SIGN_IN, "That needs a key or a token of somebody who may do it.");
}

static bool is_for_members(const struct standing_room *room)
{
    return room->kind == STORE_ROOM_MEMBERS || room->is_absent;
}

/* The same words for a room for members and for one that isn't there. */
static int refuse_stranger(const struct standing *s, struct err *e)
{
    if (has_ban(s)) {
        return refuse_banned(s, e);
    }
    return s->has_key
               ? err_set(e, ERR_WEAK, "This room is for its members.")
               : err_set(e, ERR_SIGN_IN, "This room is for its members. Sign in, or open the link that you got.");
}

static int refuse_locked(const struct standing_room *room, struct err *e)
{
    return refuse_until(e, ERR_CLOSED, room->until_ms, "This room is closed", NULL);
}

int standing_read(const struct standing *s, const struct standing_room *room, struct err *e)
{
    if (s->role >= CHAT_MODERATOR) {
        return 0;
    }
    if (room->kind == STORE_ROOM_LOCKED) {
        return refuse_locked(room, e);
    }
    return is_for_members(room) && !s->is_member ? refuse_stranger(s, e) : 0;
}

static int refuse_guest(const struct standing *s, struct err *e)
{
    return s->has_key ? err_set(e, ERR_WEAK, "You can read here, but not write.")
                      : err_set(e, ERR_SIGN_IN, "Only visitors with a key or a token can write here.");
}

int standing_write(const struct standing *s, const struct standing_room *room, int64_t now_ms, struct err *e)
{
    int64_t until = 0;
    if (s->ban != NULL) {
        return refuse_banned(s, e);
    }
    if (standing_read(s, room, e) != 0) {
        return -1;
    }
    if (s->role < CHAT_MEMBER) {
        return refuse_guest(s, e);
    }
    if (s->role >= CHAT_MODERATOR) {
        return 0;
    }
    if (room->is_absent) {
        return err_set(e, ERR_WEAK, "Only moderators make new rooms.");
    }
    if (room->kind == STORE_ROOM_READ_ONLY) {
        return refuse_until(e, ERR_CLOSED, room->until_ms, "Only moderators write here", NULL);
    }
    if (room->hours != NULL && !hours_are_open(room->hours, now_ms, &until)) {
        return refuse_until(e, ERR_CLOSED, until, "This room is closed", NULL);
    }
    return 0;
}

bool standing_all_read(const struct standing_room *room)
{
    return (room->kind == STORE_ROOM_OPEN || room->kind == STORE_ROOM_READ_ONLY) && !room->is_absent;
}
