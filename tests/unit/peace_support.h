/* peace_support.h - for tests of acts and rules, beside store_support.h: short ways to act. */
#ifndef PEACE_SUPPORT_H
#define PEACE_SUPPORT_H

#include "store_support.h"

#include "base/clock.h"
#include "store/store_act.h"
#include "store/store_ban.h"
#include "store/store_desk.h"
#include "store/store_invite.h"
#include "store/store_person.h"
#include "store/store_report.h"
#include "store/store_rules.h"
#include "store/store_setup.h"

#define begin(s, by) assert_int_equal(store_act_begin(s, by, "tester", NULL), 0)

static inline void commit_at(struct store *s, const char *act, const char *file, int line)
{
    struct store_changes changes = {.count = 0};
    struct err e = ERR_INIT;
    const struct store_act_note note = {.act = act, .reason = "spam"};
    if (store_act_commit(s, &note, &changes, &e) != 0) {
        print_error("store_act_commit: %d %s\n", (int)e.code, e.text);
        _fail(file, line);
    }
    store_changes_fini(&changes);
}
#define commit(s, act) commit_at(s, act, __FILE__, __LINE__)

static inline uint64_t rules_number(struct store *s)
{
    uint64_t number = 0;
    assert_int_equal(store_rules_number(s, &number, NULL), 0);
    return number;
}

static inline size_t count_bans(struct store *s)
{
    struct store_rules rules;
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    size_t count = rules.ban_count;
    store_rules_fini(&rules);
    return count;
}

static inline struct store_ban_draft name_ban(const char *name, int64_t until_ms)
{
    return (struct store_ban_draft){.kind = STORE_BAN,
                                    .of = STORE_OF_NAME,
                                    .whom = {.fold = name},
                                    .name = name,
                                    .until_ms = until_ms,
                                    .reason = "spam"};
}

static inline void ban_name(struct store *s, const char *name, int64_t until_ms, struct store_ban_made *out)
{
    const struct store_ban_draft draft = name_ban(name, until_ms);
    begin(s, NULL);
    assert_int_equal(store_ban_add(s, &draft, out, NULL), 0);
    commit(s, "ban");
}

static inline void ban_person(struct store *s, const struct chat_sender *by, uint64_t person,
                              struct store_ban_made *out)
{
    struct store_ban_made made;
    const struct store_ban_draft draft = {
        .kind = STORE_BAN, .of = STORE_OF_PERSON, .whom = {.person = person}, .reason = "spam"};
    begin(s, by);
    assert_int_equal(store_ban_add(s, &draft, out != NULL ? out : &made, NULL), 0);
    commit(s, "ban");
}

/* ---- persons ---- */

/* A sender whose key is made of this number; the mark is "0101" for 1, and so on. */
static inline struct chat_sender sender_of(int number, enum chat_role role)
{
    struct chat_sender sender = {.has_key = true, .role = role, .has_network = true};
    memset(sender.key, number, sizeof sender.key);
    return sender;
}

static inline void own(struct store *s, const struct chat_sender *by)
{
    begin(s, by);
    assert_int_equal(store_person_own(s, NULL), 0);
    commit(s, "sign-in");
}

/* 0: no such person. */
static inline uint64_t id_of(struct store *s, const struct chat_sender *sender)
{
    struct store_person person;
    assert_int_equal(store_person_by_key(s, sender->key, NULL, &person, NULL), 0);
    return person.id;
}

/* CHAT_ROLE__MAX: no such person. */
static inline enum chat_role role_of(struct store *s, const struct chat_sender *sender)
{
    struct store_person person;
    assert_int_equal(store_person_by_key(s, sender->key, NULL, &person, NULL), 0);
    return person.id != 0 ? person.role : CHAT_ROLE__MAX;
}

static inline int end_act(struct store *s, int result, const char *act)
{
    if (result == 0) {
        commit(s, act);
    } else {
        store_act_cancel(s);
    }
    return result;
}

static inline int set_role(struct store *s, const struct chat_sender *by, uint64_t person, enum chat_role role,
                           const char *room, struct err *e)
{
    const struct store_whom whom = {.person = person};
    begin(s, by);
    return end_act(s, store_person_role(s, &whom, role, room, e), "role");
}

/* Codes are numbers here. Returns the one of a new invite. */
static inline unsigned char invite(struct store *s, const struct chat_sender *by, enum chat_role role, const char *room,
                                   unsigned uses)
{
    static unsigned char next = 100;
    struct store_invite one = {.role = role, .room = room, .until_ms = INT64_MAX, .uses = uses};
    one.hash[0] = ++next;
    begin(s, by);
    assert_int_equal(store_invite_add(s, &one, NULL, NULL), 0);
    commit(s, "invite");
    return next;
}

static inline void make_code(struct store *s, const struct chat_sender *by, unsigned char code)
{
    const struct store_invite one = {.hash = {code}, .moves = true, .until_ms = INT64_MAX, .uses = 1};
    begin(s, by);
    assert_int_equal(store_invite_add(s, &one, NULL, NULL), 0);
    commit(s, "code");
}

static inline int try_invite(struct store *s, const struct chat_sender *by, unsigned char code, bool moves,
                             struct err *e)
{
    struct store_invite_used used;
    const unsigned char hash[STORE_INVITE_HASH] = {code};
    begin(s, by);
    return end_act(s, store_invite_use(s, hash, moves, &used, e), moves ? "move" : "join");
}

static inline void use_invite(struct store *s, const struct chat_sender *by, unsigned char code)
{
    assert_int_equal(try_invite(s, by, code, false, NULL), 0);
}

#endif
