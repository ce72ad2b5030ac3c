/* acts_persons.c - acts on persons: bans, cleaning up after one, roles, erasure. */
#include "base/clock.h"
#include "base/err.h"
#include "routes/act.h"
#include "site/rules.h"
#include "store/store_ban.h"
#include "store/store_erase.h"

#include <stdio.h>
#include <string.h>

enum {
    BAN_MINUTES = 24 * 60,
    BAN_MINUTES_MAX = 10 * 366 * 24 * 60,
    CLEAN_MINUTES = 60,
    CLEAN_MINUTES_MAX = 7 * 24 * 60,
    ERASE_STEPS = 50, /* what is left after them goes on in quiet times */
};

/* The field `of`. Newcomers can only be cleaned up. */
static const char *const of_words[] = {"key", "network", "wide-network", NULL};
static const char *const clean_words[] = {"key", "network", "wide-network", "newcomers", NULL};
enum { OF_KEY, OF_NETWORK, OF_WIDE, OF_NEWCOMERS, OF_UNSAID };

static int read_until(struct act *a, const char *field, struct err *e)
{
    if (act_number(a, field, 0, BAN_MINUTES_MAX, BAN_MINUTES, &a->f.minutes, e) != 0) {
        return -1;
    }
    a->f.until_ms = a->f.minutes != 0 ? a->caller.now_ms + (int64_t)a->f.minutes * 60 * 1000 : 0;
    return 0;
}

/* It is named by a message, in the room or waiting. */
static bool is_by_message(const struct act *a)
{
    return a->f.seq != 0 || a->f.held != 0;
}

/* In all rooms, unless the actor is a moderator of this room alone, or says so. */
static int read_scope(struct act *a, struct err *e)
{
    bool everywhere = act_is_everywhere(a, CHAT_MODERATOR);
    bool all = everywhere;
    bool by_room = !is_by_message(a) && a->room[0] != '\0'; /* a room without a message says where */
    if (act_yes(a, "all_rooms", everywhere && !by_room, &all, e) != 0) {
        return -1;
    }
    a->f.only_room = all && everywhere ? NULL : a->room;
    return 0;
}

/* Without `of`, the key, or the network of a guest. */
static int find_of(struct act *a, struct store *store, struct err *e)
{
    const struct store_whom whom = act_whom_of(a);
    struct store_person person;
    struct err absent = ERR_INIT;
    if (a->f.of != OF_UNSAID) {
        return 0;
    }
    bool found = store_person_find(store, &whom, NULL, &person, &absent) == 0;
    if (!found && absent.code != ERR_ABSENT) {
        return err_move(e, &absent);
    }
    a->f.of = found || !is_by_message(a) ? OF_KEY : OF_NETWORK;
    return 0;
}

/* ---- bans ---- */

static const char *const kind_words[] = {"ban", "mute", "shadow", NULL};

static int read_ban(struct act *a, struct err *e)
{
    if (act_whom(a, e) != 0 || act_choice(a, "kind", kind_words, 0, &a->f.choice, e) != 0 ||
        act_choice(a, "of", of_words, OF_UNSAID, &a->f.of, e) != 0 || read_until(a, "minutes", e) != 0) {
        return -1;
    }
    if (a->f.of != OF_KEY && a->f.of != OF_UNSAID && !is_by_message(a)) {
        return err_field(e, ERR_INPUT, "of", "A network is named by a message: room and seq, or held.");
    }
    return read_scope(a, e);
}

static enum store_ban_of store_of(const struct act *a)
{
    static const enum store_ban_of all[] = {[OF_KEY] = STORE_OF_PERSON,
                                            [OF_NETWORK] = STORE_OF_NETWORK,
                                            [OF_WIDE] = STORE_OF_WIDE,
                                            [OF_NEWCOMERS] = STORE_OF_NETWORK,
                                            [OF_UNSAID] = STORE_OF_PERSON};
    return a->f.whom.fold != NULL ? STORE_OF_NAME : all[a->f.of];
}

static int make_ban(const struct act *a, struct store *store, enum store_ban_kind kind, const struct store_whom *whom,
                    struct store_ban_made *made, struct err *e)
{
    const struct store_ban_draft draft = {.kind = kind,
                                          .of = store_of(a),
                                          .whom = *whom,
                                          .name = a->f.name,
                                          .room = a->f.only_room,
                                          .until_ms = a->f.until_ms,
                                          .reason = a->f.reason};
    return store_ban_add(store, &draft, made, e);
}

static int add_ban(struct act *a, struct store *store, enum store_ban_kind kind, struct err *e)
{
    struct store_ban_made made;
    const struct store_whom whom = act_whom_of(a);
    if (make_ban(a, store, kind, &whom, &made, e) != 0) {
        return -1;
    }
    json_out_number(&a->out, "ban", (int64_t)made.id);
    json_out_number(&a->out, "covers", (int64_t)made.covers);
    return 0;
}

/* For the audit log. */
static void note_length(struct act *a)
{
    int length = a->f.minutes == 0
                     ? snprintf(a->f.code, sizeof a->f.code, "without end")
                     : snprintf(a->f.code, sizeof a->f.code, "%llu min", (unsigned long long)a->f.minutes);
    if (a->f.whom.fold == NULL && a->f.of < OF_UNSAID && (size_t)length < sizeof a->f.code) {
        snprintf(a->f.code + length, sizeof a->f.code - (size_t)length, ", %s", clean_words[a->f.of]);
    }
    a->note.detail = a->f.code;
}

static int run_ban(struct act *a, struct store *store, struct err *e)
{
    if (find_of(a, store, e) != 0 || add_ban(a, store, (enum store_ban_kind)(a->f.choice + STORE_BAN), e) != 0) {
        return -1;
    }
    note_length(a);
    a->note.act = kind_words[a->f.choice];
    return 0;
}

static const struct store_ban *find_ban(const struct act *a)
{
    const struct store_rules *s = rules_store(a->caller.rules);
    const struct store_ban *found = NULL;
    for (size_t i = 0; i < s->ban_count && found == NULL; i++) {
        found = s->bans[i].id == a->f.number ? &s->bans[i] : NULL;
    }
    return found;
}

/* A moderator of one room lifts bans of that room. */
static int read_lift(struct act *a, struct err *e)
{
    if (act_number(a, "ban", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.number, e) != 0) {
        return -1;
    }
    const struct store_ban *ban = find_ban(a);
    bool is_here = ban != NULL && ban->room[0] != '\0' && strcmp(ban->room, a->room) == 0;
    return is_here || act_is_everywhere(a, CHAT_MODERATOR)
               ? 0
               : err_field(e, ERR_ABSENT, "ban", "There is no such ban in this room.");
}

static int run_lift(struct act *a, struct store *store, struct err *e)
{
    return store_ban_lift(store, a->f.number, e);
}

/* ---- cleaning up ---- */

static int read_clean(struct act *a, struct err *e)
{
    uint64_t minutes = 0;
    bool is_held = act_has(a, "held");
    if ((is_held ? act_whom(a, e) : act_message(a, e)) != 0 ||
        act_choice(a, "of", clean_words, OF_UNSAID, &a->f.of, e) != 0 ||
        act_number(a, "minutes", 1, CLEAN_MINUTES_MAX, CLEAN_MINUTES, &minutes, e) != 0 ||
        read_until(a, "ban_minutes", e) != 0) {
        return -1;
    }
    a->f.number = minutes;
    a->f.flag = a->f.minutes != 0; /* bans too */
    return read_scope(a, e);
}

/* Bans each network that several newcomers wrote from. */
static int ban_networks(struct act *a, struct store *store, const struct store_erase_recent *what, struct err *e)
{
    struct store_erase_networks networks;
    uint64_t covers = 0;
    if (store_erase_networks(store, what, &networks, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < networks.count; i++) {
        const struct store_erase_network *network = &networks.all[i];
        const struct store_whom whom = {
            .room = network->held == 0 ? network->room : NULL, .seq = network->seq, .held = network->held};
        struct store_ban_made made;
        if (make_ban(a, store, STORE_BAN, &whom, &made, e) != 0) {
            return -1;
        }
        covers += made.covers;
    }
    json_out_number(&a->out, "bans", (int64_t)networks.count);
    json_out_number(&a->out, "covers", (int64_t)covers);
    return 0;
}

static int ban_cleaned(struct act *a, struct store *store, const struct store_erase_recent *what, struct err *e)
{
    return what->of == STORE_ERASE_OF_NEWCOMERS ? ban_networks(a, store, what, e) : add_ban(a, store, STORE_BAN, e);
}

static int run_clean(struct act *a, struct store *store, struct err *e)
{
    static const enum store_erase_of all[] = {[OF_KEY] = STORE_ERASE_OF_PERSON,
                                              [OF_NETWORK] = STORE_ERASE_OF_NETWORK,
                                              [OF_WIDE] = STORE_ERASE_OF_NETWORK,
                                              [OF_NEWCOMERS] = STORE_ERASE_OF_NEWCOMERS,
                                              [OF_UNSAID] = STORE_ERASE_OF_PERSON};
    uint64_t count = 0;
    if (find_of(a, store, e) != 0) {
        return -1;
    }
    const struct store_erase_recent what = {.of = all[a->f.of],
                                            .whom = act_whom_of(a),
                                            .only_room = a->f.only_room,
                                            .since_ms = a->caller.now_ms - (int64_t)a->f.number * 60 * 1000};
    if ((a->f.flag && ban_cleaned(a, store, &what, e) != 0) || store_erase_recent(store, &what, &count, e) != 0) {
        return -1;
    }
    json_out_number(&a->out, "deleted", (int64_t)count);
    note_length(a);
    return 0;
}

/* ---- persons ---- */

/* A moderator of one room names a person by a message there. */
static int read_trust(struct act *a, struct err *e)
{
    if (act_whom(a, e) != 0) {
        return -1;
    }
    return is_by_message(a) || act_is_everywhere(a, CHAT_MODERATOR)
               ? 0
               : err_set(e, ERR_WEAK, "A moderator of one room names the person by room and seq.");
}

static int run_trust(struct act *a, struct store *store, struct err *e)
{
    const struct store_whom whom = act_whom_of(a);
    return store_person_trust(store, &whom, e);
}

/* The role counts in all rooms, or in `room`. With a message, `room` says where that is; then the
 * role is for all rooms, unless all_rooms=no. */
static int read_role(struct act *a, struct err *e)
{
    static const char *const roles[] = {"nobody", "reader", "member", "moderator", "owner", "default", NULL};
    bool all = false;
    if (act_whom(a, e) != 0 || act_choice(a, "role", roles, -1, &a->f.choice, e) != 0 ||
        act_yes(a, "all_rooms", is_by_message(a) || a->room[0] == '\0', &all, e) != 0) {
        return -1;
    }
    a->f.only_room = all ? NULL : a->room;
    if (a->f.choice == CHAT_ROLE__MAX && (all || a->room[0] == '\0')) {
        return err_field(e, ERR_INPUT, "role", "The role default is for one room: give room, and all_rooms=no.");
    }
    if (!all && a->room[0] == '\0') {
        return err_field(e, ERR_INPUT, "room", "room is missing.");
    }
    return 0;
}

static int run_role(struct act *a, struct store *store, struct err *e)
{
    const struct store_whom whom = act_whom_of(a);
    a->note.detail = a->f.choice < CHAT_ROLE__MAX ? chat_role_word((enum chat_role)a->f.choice) : "default";
    return store_person_role(store, &whom, (enum chat_role)a->f.choice, a->f.only_room, e);
}

static int run_erase(struct act *a, struct store *store, struct err *e)
{
    const struct store_whom whom = act_whom_of(a);
    return store_erase_person(store, &whom, e);
}

/* Short transactions, each of some messages. */
static void erase_texts(struct act *a, struct store *store, struct store_changes *changes)
{
    uint64_t all = 0;
    bool left = true;
    for (int i = 0; i < ERASE_STEPS && left; i++) {
        uint64_t count = 0;
        if (store_erase_step(store, changes, &count, &left, NULL) != 0) {
            break;
        }
        all += count;
    }
    json_out_number(&a->out, "erased", (int64_t)all);
}

const struct act_row acts_persons[] = {
    {.name = "clean", .need = CHAT_MODERATOR, .read = read_clean, .run = run_clean},
    {.name = "ban", .need = CHAT_MODERATOR, .read = read_ban, .run = run_ban},
    {.name = "lift", .need = CHAT_MODERATOR, .read = read_lift, .run = run_lift},
    {.name = "trust", .need = CHAT_MODERATOR, .read = read_trust, .run = run_trust},
    {.name = "role", .need = CHAT_OWNER, .is_for_all = true, .read = read_role, .run = run_role},
    {.name = "erase", .need = CHAT_OWNER, .is_for_all = true, .read = act_whom, .run = run_erase, .then = erase_texts},
    {.name = NULL},
};
