/* test_standing.c - site/standing.h: who may do what, with rules made by the test and a time that
 * is an argument.
 */
#include "support.h"

#include "base/err.h"
#include "peace/hours.h"
#include "peace/network.h"
#include "peace/token.h"
#include "site/rules.h"
#include "site/standing.h"
#include "system/conf.h"
#include "system/conf_load.h"

enum { ANN = 1, BOB, MOD, OWNER, OUT }; /* persons, by the first byte of their keys */

#define NOW INT64_C(1790000000000)

static struct conf conf;

/* Lists that rules take over; so they are made on the heap. */
struct world {
    struct store_rules s;
    const struct rules *rules;
};

static void world_init(struct world *w)
{
    static const char *const environment[] = {"POLLCHAT_DATA=/nonexistent", NULL};
    memset(w, 0, sizeof *w);
    assert_int_equal(conf_load(&conf, "/nonexistent", environment, NULL, NULL), 0);
    w->s.number = 7;
}

static const struct rules *rules_of(struct world *w)
{
    static const struct site_key key;
    if (w->rules == NULL) {
        w->rules = rules_new(&w->s, &conf, &key, 0);
    }
    return w->rules;
}

static void world_fini(struct world *w)
{
    rules_release(w->rules);
}

static struct standing_asker asker_of(int person)
{
    struct standing_asker a = {.has_key = person != 0};
    a.key[0] = (unsigned char)person;
    return a;
}

static void add_known(struct world *w, int person, enum chat_role role)
{
    w->s.known = realloc(w->s.known, (w->s.known_count + 1) * sizeof *w->s.known);
    struct store_known *k = &w->s.known[w->s.known_count++];
    *k = (struct store_known){.person = (uint64_t)person, .role = role, .made = true};
    k->key[0] = (unsigned char)person;
}

static void add_room_role(struct world *w, int person, const char *room, enum chat_role role)
{
    w->s.room_roles = realloc(w->s.room_roles, (w->s.room_role_count + 1) * sizeof *w->s.room_roles);
    struct store_room_role *r = &w->s.room_roles[w->s.room_role_count++];
    *r = (struct store_room_role){.role = role};
    r->key[0] = (unsigned char)person;
    snprintf(r->room, sizeof r->room, "%s", room);
}

static struct store_room_rules *add_room(struct world *w, const char *room, enum store_room_kind kind)
{
    w->s.rooms = realloc(w->s.rooms, (w->s.room_count + 1) * sizeof *w->s.rooms);
    struct store_room_rules *r = &w->s.rooms[w->s.room_count++];
    *r = (struct store_room_rules){.kind = kind, .hours = strdup("")};
    snprintf(r->room, sizeof r->room, "%s", room);
    return r;
}

static struct store_ban *add_ban(struct world *w, enum store_ban_kind kind, enum store_ban_of of)
{
    w->s.bans = realloc(w->s.bans, (w->s.ban_count + 1) * sizeof *w->s.bans);
    struct store_ban *b = &w->s.bans[w->s.ban_count++];
    char *block = calloc(1, 64); /* fold and reason are in one */
    *b = (struct store_ban){.id = w->s.ban_count, .kind = kind, .of = of, .fold = block, .reason = block + 32};
    return b;
}

static struct standing stand(struct world *w, const struct standing_asker *a, const char *room, int64_t now)
{
    struct standing s;
    standing_of(rules_of(w), a, room, now, &s);
    return s;
}

static enum err_code reads(struct world *w, const struct standing_asker *a, const char *room, int64_t now)
{
    struct err e = ERR_INIT;
    struct standing_room found;
    struct standing s = stand(w, a, room, now);
    standing_room(rules_of(w), room, now, &found);
    (void)standing_read(&s, &found, &e);
    return e.code;
}

static enum err_code writes(struct world *w, const struct standing_asker *a, const char *room, int64_t now)
{
    struct err e = ERR_INIT;
    struct standing_room found;
    struct standing s = stand(w, a, room, now);
    standing_room(rules_of(w), room, now, &found);
    (void)standing_write(&s, &found, now, &e);
    return e.code;
}

static void guests_and_keys_are_members_of_an_open_room(void **state)
{
    struct world w;
    struct standing_asker guest = asker_of(0);
    struct standing_asker ann = asker_of(ANN);
    (void)state;
    world_init(&w);
    assert_int_equal(writes(&w, &guest, "lobby", NOW), ERR_NONE);
    assert_int_equal(writes(&w, &ann, "lobby", NOW), ERR_NONE);
    assert_int_equal(stand(&w, &ann, "lobby", NOW).role, CHAT_MEMBER);
    world_fini(&w);
}

static void with_guests_no_a_guest_reads_and_is_asked_to_sign_in_to_write(void **state)
{
    struct world w;
    struct standing_asker guest = asker_of(0);
    struct standing_asker ann = asker_of(ANN);
    (void)state;
    world_init(&w);
    conf.guests = CONF_GUESTS_NO;
    assert_int_equal(reads(&w, &guest, "lobby", NOW), ERR_NONE);
    assert_int_equal(writes(&w, &guest, "lobby", NOW), ERR_SIGN_IN);
    assert_int_equal(writes(&w, &ann, "lobby", NOW), ERR_NONE);
    world_fini(&w);
}

static void each_kind_of_room_lets_those_read_and_write_whom_its_name_says(void **state)
{
    static const struct {
        enum store_room_kind kind;
        enum err_code guest[2]; /* reads, writes */
        enum err_code key[2];
        enum err_code member[2];
        enum err_code moderator[2];
    } cases[] = {
        {STORE_ROOM_OPEN, {ERR_NONE, ERR_NONE}, {ERR_NONE, ERR_NONE}, {ERR_NONE, ERR_NONE}, {ERR_NONE, ERR_NONE}},
        {STORE_ROOM_READ_ONLY,
         {ERR_NONE, ERR_CLOSED},
         {ERR_NONE, ERR_CLOSED},
         {ERR_NONE, ERR_CLOSED},
         {ERR_NONE, ERR_NONE}},
        {STORE_ROOM_MEMBERS,
         {ERR_SIGN_IN, ERR_SIGN_IN},
         {ERR_WEAK, ERR_WEAK},
         {ERR_NONE, ERR_NONE},
         {ERR_NONE, ERR_NONE}},
        {STORE_ROOM_LOCKED,
         {ERR_CLOSED, ERR_CLOSED},
         {ERR_CLOSED, ERR_CLOSED},
         {ERR_CLOSED, ERR_CLOSED},
         {ERR_NONE, ERR_NONE}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w);
        add_known(&w, BOB, CHAT_MEMBER);
        add_known(&w, MOD, CHAT_MODERATOR);
        add_room(&w, "den", cases[i].kind);
        const enum err_code *const expected[] = {cases[i].guest, cases[i].key, cases[i].member, cases[i].moderator};
        for (int person = 0; person <= MOD; person++) {
            struct standing_asker a = asker_of(person);
            assert_int_equal(reads(&w, &a, "den", NOW), expected[person][0]);
            assert_int_equal(writes(&w, &a, "den", NOW), expected[person][1]);
            assert_int_equal(writes(&w, &a, "lobby", NOW), ERR_NONE);
        }
        world_fini(&w);
    }
}

static void a_kind_ends_by_itself(void **state)
{
    struct world w;
    struct standing_asker ann = asker_of(ANN);
    (void)state;
    world_init(&w);
    add_room(&w, "den", STORE_ROOM_READ_ONLY)->kind_until_ms = NOW + 1000;
    assert_int_equal(writes(&w, &ann, "den", NOW + 999), ERR_CLOSED);
    assert_int_equal(writes(&w, &ann, "den", NOW + 1000), ERR_NONE);
    world_fini(&w);
}

static void a_room_is_closed_outside_its_hours_but_not_for_moderators(void **state)
{
    struct world w;
    struct standing_asker ann = asker_of(ANN);
    struct standing_asker mod = asker_of(MOD);
    (void)state;
    world_init(&w);
    add_known(&w, MOD, CHAT_MODERATOR);
    struct store_room_rules *r = add_room(&w, "den", 0);
    free(r->hours);
    r->hours = strdup("thu 00:00-12:00"); /* day 0 of the epoch was a Thursday */
    int64_t thursday = INT64_C(7) * 24 * 3600 * 1000 * 2000;
    assert_int_equal(writes(&w, &ann, "den", thursday), ERR_NONE);
    assert_int_equal(writes(&w, &ann, "den", thursday + 12 * 3600 * 1000), ERR_CLOSED);
    assert_int_equal(reads(&w, &ann, "den", thursday + 12 * 3600 * 1000), ERR_NONE);
    assert_int_equal(writes(&w, &mod, "den", thursday + 12 * 3600 * 1000), ERR_NONE);
    world_fini(&w);
}

static void a_role_in_a_room_counts_there_alone_and_may_be_less(void **state)
{
    struct world w;
    struct standing_asker ann = asker_of(ANN);
    struct standing_asker owner = asker_of(OWNER);
    (void)state;
    world_init(&w);
    add_known(&w, OWNER, CHAT_OWNER);
    add_room_role(&w, ANN, "den", CHAT_MODERATOR);
    add_room_role(&w, ANN, "quiet", CHAT_READER);
    add_room_role(&w, OWNER, "den", CHAT_READER);
    assert_int_equal(stand(&w, &ann, "den", NOW).role, CHAT_MODERATOR);
    assert_int_equal(stand(&w, &ann, "lobby", NOW).role, CHAT_MEMBER);
    assert_int_equal(writes(&w, &ann, "quiet", NOW), ERR_WEAK);
    assert_int_equal(stand(&w, &owner, "den", NOW).role, CHAT_OWNER);
    assert_true(standing_is_moderator_somewhere(rules_of(&w), &ann, NOW));
    world_fini(&w);
}

static void a_token_makes_members_of_its_rooms_and_no_owner(void **state)
{
    struct world w;
    struct token token = {.role = CHAT_MODERATOR, .has_rooms = true, .room_count = 1, .rooms = {"den"}};
    struct standing_asker a = asker_of(ANN);
    (void)state;
    a.token = &token;
    world_init(&w);
    add_room(&w, "den", STORE_ROOM_MEMBERS);
    add_room(&w, "hall", STORE_ROOM_MEMBERS);
    assert_int_equal(stand(&w, &a, "den", NOW).role, CHAT_MODERATOR);
    assert_int_equal(reads(&w, &a, "hall", NOW), ERR_WEAK);
    assert_int_equal(stand(&w, &a, "lobby", NOW).role, CHAT_MEMBER);
    token.role = CHAT_READER;
    assert_int_equal(reads(&w, &a, "den", NOW), ERR_NONE);
    assert_int_equal(writes(&w, &a, "den", NOW), ERR_WEAK);
    world_fini(&w);
}

static void a_ban_takes_all_but_reading_open_rooms_and_ends_by_itself(void **state)
{
    struct world w;
    struct standing_asker out = asker_of(OUT);
    (void)state;
    world_init(&w);
    add_known(&w, OUT, CHAT_MEMBER);
    add_room(&w, "den", STORE_ROOM_MEMBERS);
    struct store_ban *b = add_ban(&w, STORE_BAN, STORE_OF_PERSON);
    b->bytes[0] = OUT;
    b->until_ms = NOW + 1000;
    assert_int_equal(reads(&w, &out, "lobby", NOW), ERR_NONE);
    assert_int_equal(writes(&w, &out, "lobby", NOW), ERR_BANNED);
    assert_int_equal(reads(&w, &out, "den", NOW), ERR_BANNED);
    assert_int_equal(writes(&w, &out, "lobby", NOW + 1000), ERR_NONE);
    assert_int_equal(reads(&w, &out, "den", NOW + 1000), ERR_NONE);
    world_fini(&w);
}

static void a_refusal_says_until_when_and_why(void **state)
{
    struct world w;
    struct err e = ERR_INIT;
    struct standing_room found;
    struct standing_asker out = asker_of(OUT);
    (void)state;
    world_init(&w);
    struct store_ban *b = add_ban(&w, STORE_MUTE, STORE_OF_PERSON);
    b->bytes[0] = OUT;
    b->until_ms = INT64_C(1790000000000);
    snprintf(b->reason, 32, "shouting");
    struct standing s = stand(&w, &out, "lobby", NOW - 1);
    standing_room(rules_of(&w), "lobby", NOW - 1, &found);
    assert_int_equal(standing_write(&s, &found, NOW - 1, &e), -1);
    assert_int_equal(e.code, ERR_MUTED);
    assert_string_equal(e.more[0].name, "until");
    assert_string_equal(e.more[0].value, "2026-09-21T14:13:20.000Z");
    assert_non_null(strstr(e.text, "shouting"));
    assert_string_equal(e.more[1].name, "reason");
    assert_string_equal(e.more[1].value, "shouting");
    world_fini(&w);
}

static void of_several_bans_the_strictest_counts_and_the_one_that_ends_last(void **state)
{
    struct world w;
    struct standing_asker out = asker_of(OUT);
    (void)state;
    world_init(&w);
    for (int i = 0; i < 4; i++) {
        struct store_ban *b = add_ban(&w, i == 0 ? STORE_MUTE : STORE_BAN, STORE_OF_PERSON);
        b->bytes[0] = OUT;
        b->until_ms = i == 0 ? 0 : NOW + 1000 * (i % 3 + 1);
    }
    assert_int_equal(stand(&w, &out, "lobby", NOW).ban->until_ms, NOW + 3000);
    assert_int_equal(writes(&w, &out, "lobby", NOW + 2500), ERR_BANNED);
    assert_int_equal(writes(&w, &out, "lobby", NOW + 3000), ERR_MUTED);
    world_fini(&w);
}

static void a_ban_in_one_room_leaves_the_others(void **state)
{
    struct world w;
    struct standing_asker out = asker_of(OUT);
    (void)state;
    world_init(&w);
    struct store_ban *b = add_ban(&w, STORE_BAN, STORE_OF_PERSON);
    b->bytes[0] = OUT;
    snprintf(b->room, sizeof b->room, "den");
    assert_int_equal(writes(&w, &out, "den", NOW), ERR_BANNED);
    assert_int_equal(writes(&w, &out, "lobby", NOW), ERR_NONE);
    world_fini(&w);
}

static void ban_network(struct world *w, const char *address, enum store_ban_of of)
{
    struct address a = address_of(address);
    unsigned char network[CHAT_NETWORK_BYTES];
    w->s.secrets = calloc(2, sizeof *w->s.secrets);
    w->s.secret_count = 2;
    w->s.secrets[0] = (struct store_secret){.id = 2, .bytes = {2}};
    /* older; the ban was made with it */
    w->s.secrets[1] = (struct store_secret){.id = 1, .bytes = {1}};
    assert_true(network_of(&a, 1, w->s.secrets[1].bytes, network));
    memcpy(add_ban(w, STORE_BAN, of)->bytes, network, sizeof network);
}

static enum err_code writes_from(struct world *w, int person, const char *address)
{
    struct standing_asker a = asker_of(person);
    a.address = address_of(address);
    return writes(w, &a, "lobby", NOW);
}

static void the_ban_of_a_network_holds_for_any_key_there_but_for_moderators(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    add_known(&w, MOD, CHAT_MODERATOR);
    ban_network(&w, "203.0.113.9", STORE_OF_NETWORK);
    assert_int_equal(writes_from(&w, ANN, "203.0.113.200"), ERR_BANNED);
    assert_int_equal(writes_from(&w, 0, "203.0.113.1"), ERR_BANNED);
    assert_int_equal(writes_from(&w, ANN, "203.0.114.9"), ERR_NONE);
    assert_int_equal(writes_from(&w, MOD, "203.0.113.200"), ERR_NONE);
    assert_int_equal(writes_from(&w, ANN, NULL), ERR_NONE);
    world_fini(&w);
}

static void the_ban_of_a_wide_network_covers_a_48(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    ban_network(&w, "2001:db8:1:2::9", STORE_OF_WIDE);
    assert_int_equal(writes_from(&w, ANN, "2001:db8:1:ffff::1"), ERR_BANNED);
    assert_int_equal(writes_from(&w, ANN, "2001:db8:2:2::9"), ERR_NONE);
    world_fini(&w);
}

static void the_ban_of_a_name_holds_for_whoever_writes_under_it(void **state)
{
    struct world w;
    struct standing_asker ann = asker_of(ANN);
    (void)state;
    world_init(&w);
    snprintf(add_ban(&w, STORE_BAN, STORE_OF_NAME)->fold, 32, "eve");
    ann.fold = "ann";
    assert_int_equal(writes(&w, &ann, "lobby", NOW), ERR_NONE);
    ann.fold = "eve";
    assert_int_equal(writes(&w, &ann, "lobby", NOW), ERR_BANNED);
    world_fini(&w);
}

static void a_shadowed_visitor_is_told_nothing(void **state)
{
    struct world w;
    struct standing_asker out = asker_of(OUT);
    (void)state;
    world_init(&w);
    add_ban(&w, STORE_SHADOW, STORE_OF_PERSON)->bytes[0] = OUT;
    assert_int_equal(writes(&w, &out, "lobby", NOW), ERR_NONE);
    assert_true(stand(&w, &out, "lobby", NOW).is_shadowed);
    assert_int_equal(rules_flags(rules_of(&w)), RULES_ALL_READ);
    world_fini(&w);
}

static void a_room_that_is_absent_looks_like_one_for_members(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    add_known(&w, BOB, CHAT_MEMBER);
    add_room(&w, "den", STORE_ROOM_MEMBERS);
    for (int person = 0; person <= BOB; person++) {
        struct err there = ERR_INIT;
        struct err absent = ERR_INIT;
        struct standing_room found;
        struct standing_asker a = asker_of(person);
        struct standing s = stand(&w, &a, "den", NOW);
        standing_room(rules_of(&w), "den", NOW, &found);
        int result = standing_read(&s, &found, &there);
        standing_room(rules_of(&w), "nowhere", NOW, &found);
        found.is_absent = true;
        assert_int_equal(standing_read(&s, &found, &absent), result);
        assert_int_equal(absent.code, there.code);
        assert_string_equal(absent.text, there.text);
    }
    world_fini(&w);
}

static void only_rules_that_restrict_reading_cost_a_reader_a_look_at_them(void **state)
{
    static const struct {
        enum store_room_kind kind;
        unsigned flags;
    } cases[] = {{STORE_ROOM_OPEN, RULES_ALL_READ | RULES_ONE_VIEW},
                 {STORE_ROOM_READ_ONLY, RULES_ALL_READ | RULES_ONE_VIEW},
                 {STORE_ROOM_MEMBERS, RULES_ONE_VIEW},
                 {STORE_ROOM_LOCKED, RULES_ONE_VIEW}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w);
        add_room(&w, "den", cases[i].kind);
        add_ban(&w, STORE_BAN, STORE_OF_PERSON);
        assert_int_equal(rules_flags(rules_of(&w)), cases[i].flags);
        world_fini(&w);
    }
}

static void a_setting_of_the_page_counts_where_no_file_sets_it(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    w.s.settings = calloc(1, sizeof *w.s.settings);
    w.s.setting_count = 1;
    w.s.settings[0].key = malloc(32);
    snprintf(w.s.settings[0].key, 32, "guests");
    w.s.settings[0].value = w.s.settings[0].key + 16;
    snprintf(w.s.settings[0].value, 16, "no");
    assert_int_equal(rules_conf(rules_of(&w))->guests, CONF_GUESTS_NO);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_and_keys_are_members_of_an_open_room),
        cmocka_unit_test(with_guests_no_a_guest_reads_and_is_asked_to_sign_in_to_write),
        cmocka_unit_test(each_kind_of_room_lets_those_read_and_write_whom_its_name_says),
        cmocka_unit_test(a_kind_ends_by_itself),
        cmocka_unit_test(a_room_is_closed_outside_its_hours_but_not_for_moderators),
        cmocka_unit_test(a_role_in_a_room_counts_there_alone_and_may_be_less),
        cmocka_unit_test(a_token_makes_members_of_its_rooms_and_no_owner),
        cmocka_unit_test(a_ban_takes_all_but_reading_open_rooms_and_ends_by_itself),
        cmocka_unit_test(a_refusal_says_until_when_and_why),
        cmocka_unit_test(of_several_bans_the_strictest_counts_and_the_one_that_ends_last),
        cmocka_unit_test(a_ban_in_one_room_leaves_the_others),
        cmocka_unit_test(the_ban_of_a_network_holds_for_any_key_there_but_for_moderators),
        cmocka_unit_test(the_ban_of_a_wide_network_covers_a_48),
        cmocka_unit_test(the_ban_of_a_name_holds_for_whoever_writes_under_it),
        cmocka_unit_test(a_shadowed_visitor_is_told_nothing),
        cmocka_unit_test(a_room_that_is_absent_looks_like_one_for_members),
        cmocka_unit_test(only_rules_that_restrict_reading_cost_a_reader_a_look_at_them),
        cmocka_unit_test(a_setting_of_the_page_counts_where_no_file_sets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
