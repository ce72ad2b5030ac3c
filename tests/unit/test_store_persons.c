/* test_store_persons.c - store_person.h, store_invite.h: owners, roles, codes. Each case runs for
 * each store of store_kinds (store_support.h). */
#include "erase_support.h"

/* ---- owners and roles ---- */

static void a_key_that_was_never_used_has_no_person(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_READ);
    struct store_person person;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    assert_int_equal(store_person_by_key(s, ann.key, "lobby", &person, NULL), 0);
    assert_int_equal(person.id, 0);
    store_close(s);
}

static void the_first_owner_is_in_the_rules(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct store_person person;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    own(s, &ann);
    own(s, &ann); /* again, as when the answer was lost */
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.known_count, 1);
    assert_memory_equal(rules.known[0].key, ann.key, CHAT_KEY_BYTES);
    assert_int_equal(rules.known[0].role, CHAT_OWNER);
    assert_int_equal(store_person_by_key(s, ann.key, NULL, &person, NULL), 0);
    assert_int_equal(person.id, rules.known[0].person);
    assert_int_equal(person.role, CHAT_OWNER);
    assert_int_equal(person.mark, 0x0101);
    store_rules_fini(&rules);
    store_close(s);
}

static void the_last_owner_stays_an_owner(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_OWNER);
    const struct chat_sender bob = sender_of(2, CHAT_OWNER);
    own(s, &ann);
    assert_int_equal(set_role(s, &ann, id_of(s, &ann), CHAT_MEMBER, NULL, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    own(s, &bob);
    assert_int_equal(set_role(s, &ann, id_of(s, &ann), CHAT_MEMBER, NULL, NULL), 0);
    assert_int_equal(set_role(s, NULL, id_of(s, &bob), CHAT_NOBODY, NULL, NULL), -1);
    store_close(s);
}

static void roles_are_given_below_the_own_one_only(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender owner = sender_of(1, CHAT_OWNER);
    const struct chat_sender moderator = sender_of(2, CHAT_MODERATOR);
    const struct chat_sender member = sender_of(3, CHAT_MEMBER);
    own(s, &owner);
    use_invite(s, &moderator, invite(s, NULL, CHAT_MODERATOR, NULL, 1));
    use_invite(s, &member, invite(s, NULL, CHAT_MEMBER, NULL, 1));
    assert_int_equal(set_role(s, &moderator, id_of(s, &member), CHAT_OWNER, NULL, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    err_clear(&e);
    assert_int_equal(set_role(s, &moderator, id_of(s, &owner), CHAT_READER, NULL, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    err_clear(&e);
    assert_int_equal(set_role(s, &moderator, 999, CHAT_READER, NULL, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    assert_int_equal(set_role(s, &moderator, id_of(s, &member), CHAT_READER, NULL, NULL), 0);
    assert_int_equal(set_role(s, &owner, id_of(s, &moderator), CHAT_MEMBER, NULL, NULL), 0);
    store_close(s);
}

static void a_room_has_roles_of_its_own(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct store_person person;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    assert_stored(s, "1", "x");
    use_invite(s, &ann, invite(s, NULL, CHAT_MODERATOR, "lobby", 1));
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.room_role_count, 1);
    assert_string_equal(rules.room_roles[0].room, "lobby");
    assert_int_equal(rules.room_roles[0].role, CHAT_MODERATOR);
    assert_memory_equal(rules.room_roles[0].key, ann.key, CHAT_KEY_BYTES);
    store_rules_fini(&rules);
    assert_int_equal(store_person_by_key(s, ann.key, "lobby", &person, NULL), 0);
    assert_int_equal(person.room_role, CHAT_MODERATOR);
    assert_int_equal(person.role, CHAT_MEMBER);
    assert_int_equal(set_role(s, NULL, person.id, CHAT_ROLE__MAX, "lobby", NULL), 0);
    assert_int_equal(store_person_by_key(s, ann.key, "lobby", &person, NULL), 0);
    assert_int_equal(person.room_role, CHAT_MEMBER);
    store_close(s);
}

/* ---- invites ---- */

static void an_invite_gives_its_role_as_often_as_it_says(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender bob = sender_of(2, CHAT_MEMBER);
    unsigned char code = invite(s, NULL, CHAT_MODERATOR, NULL, 1);
    use_invite(s, &ann, code);
    use_invite(s, &ann, code); /* again, as when the answer was lost */
    assert_int_equal(try_invite(s, &bob, code, false, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    assert_int_equal(role_of(s, &ann), CHAT_MODERATOR);
    assert_int_equal(role_of(s, &bob), CHAT_ROLE__MAX);
    store_close(s);
}

static void an_invite_lowers_no_role(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    own(s, &ann);
    use_invite(s, &ann, invite(s, NULL, CHAT_MEMBER, NULL, 1));
    assert_int_equal(role_of(s, &ann), CHAT_OWNER);
    store_close(s);
}

static void an_invite_for_readers_is_of_a_room_and_makes_no_members(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct err e = ERR_INIT;
    const struct store_invite one = {.hash = {1}, .role = CHAT_READER, .until_ms = INT64_MAX, .uses = 1};
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    begin(s, NULL);
    assert_int_equal(store_invite_add(s, &one, NULL, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    store_act_cancel(s);
    assert_stored(s, "1", "x");
    use_invite(s, &ann, invite(s, NULL, CHAT_READER, "lobby", 1));
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.known_count, 0);
    assert_int_equal(rules.room_role_count, 1);
    assert_int_equal(rules.room_roles[0].role, CHAT_READER);
    store_rules_fini(&rules);
    store_close(s);
}

static void an_invite_that_ended_or_was_revoked_or_is_of_the_other_kind_is_refused(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    uint64_t id = 0;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    struct store_invite one = {.hash = {1}, .role = CHAT_MODERATOR, .until_ms = clock_wall_ms() - 1, .uses = 1};
    begin(s, NULL);
    assert_int_equal(store_invite_add(s, &one, &id, NULL), 0);
    commit(s, "invite");
    assert_int_equal(try_invite(s, &ann, 1, false, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    one.hash[0] = 2;
    one.until_ms = clock_wall_ms() + PATIENCE_MS;
    begin(s, NULL);
    assert_int_equal(store_invite_add(s, &one, &id, NULL), 0);
    commit(s, "invite");
    assert_int_equal(try_invite(s, &ann, 2, true, NULL), -1);
    begin(s, NULL);
    assert_int_equal(store_invite_revoke(s, id, NULL), 0);
    assert_int_equal(store_invite_revoke(s, id, NULL), 0);
    commit(s, "revoke");
    assert_int_equal(try_invite(s, &ann, 2, false, NULL), -1);
    store_close(s);
}

static void moderators_invite_members_and_owners_anybody(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    struct store_invite one = {.hash = {1}, .role = CHAT_MODERATOR, .until_ms = INT64_MAX, .uses = 1};
    const struct chat_sender moderator = sender_of(1, CHAT_MODERATOR);
    const struct chat_sender owner = sender_of(2, CHAT_OWNER);
    begin(s, &moderator);
    assert_int_equal(store_invite_add(s, &one, NULL, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    store_act_cancel(s);
    begin(s, &owner);
    one.role = CHAT_OWNER;
    assert_int_equal(store_invite_add(s, &one, NULL, NULL), 0);
    commit(s, "invite");
    store_close(s);
}

static void use_it(const struct place *p, int number)
{
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender one = sender_of(number, CHAT_MEMBER);
    try_invite(s, &one, 77, false, NULL);
    store_close(s);
}

static void a_code_for_one_is_used_once_by_many_at_the_same_time(void **state)
{
    enum { CHILDREN = 6 };
    struct place *p = *state;
    pid_t children[CHILDREN];
    struct store *s = open_store(p, STORE_WRITE);
    const struct store_invite one = {.hash = {77}, .role = CHAT_MODERATOR, .until_ms = INT64_MAX, .uses = 1};
    struct store_rules rules;
    begin(s, NULL);
    assert_int_equal(store_invite_add(s, &one, NULL, NULL), 0);
    commit(s, "invite");
    store_close(s);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = start_child(use_it, p, i + 1);
    }
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(wait_child(children[i]), 0);
    }
    s = open_store(p, STORE_READ);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.known_count, 1);
    store_rules_fini(&rules);
    store_close(s);
}

static void roles_have_a_limit_that_shuts_out_no_owner(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    struct store_rules rules;
    const struct chat_sender owner = sender_of(255, CHAT_OWNER); /* the last one in the order of keys */
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    run_sql(p,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
            " INSERT INTO person (person_id, made, mark, first_ms, seen_ms) SELECT i, 1, 1, 1, 1 FROM n;"
            "INSERT INTO key SELECT randomblob(16), person_id, 1 FROM person",
            STORE_RULES_KEYS);
    const unsigned char code = invite(s, NULL, CHAT_MEMBER, NULL, 9);
    assert_int_equal(try_invite(s, &ann, code, false, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    own(s, &owner);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.known_count, STORE_RULES_KEYS);
    const struct store_known *last = &rules.known[rules.known_count - 1];
    assert_memory_equal(last->key, owner.key, CHAT_KEY_BYTES);
    assert_int_equal(last->role, CHAT_OWNER);
    store_rules_fini(&rules);
    store_close(s);
}

/* ---- another device ---- */

static void a_code_makes_another_key_the_same_person(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender computer = sender_of(1, CHAT_MODERATOR);
    const struct chat_sender phone = sender_of(2, CHAT_MEMBER);
    const struct chat_sender third = sender_of(3, CHAT_MEMBER);
    use_invite(s, &computer, invite(s, NULL, CHAT_MODERATOR, NULL, 1));
    make_code(s, &computer, 5);
    make_code(s, &computer, 6);
    assert_int_equal(try_invite(s, &phone, 5, true, &e), -1); /* the newer one counts */
    assert_int_equal(try_invite(s, &phone, 6, true, NULL), 0);
    assert_int_equal(try_invite(s, &phone, 6, true, NULL), 0);
    assert_int_equal(try_invite(s, &third, 6, true, NULL), -1);
    assert_int_equal(id_of(s, &phone), id_of(s, &computer));
    assert_int_equal(role_of(s, &phone), CHAT_MODERATOR);
    store_close(s);
}

static void a_device_with_a_role_is_not_moved_away_from_it(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender owner = sender_of(1, CHAT_OWNER);
    const struct chat_sender other = sender_of(2, CHAT_MEMBER);
    own(s, &owner);
    make_code(s, &other, 5);
    assert_int_equal(try_invite(s, &owner, 5, true, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_int_equal(role_of(s, &owner), CHAT_OWNER);
    store_close(s);
}

static void a_person_without_keys_is_not_brought_back_by_an_older_code(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender second = sender_of(2, CHAT_MEMBER);
    const struct chat_sender third = sender_of(3, CHAT_MEMBER);
    make_code(s, &ann, 5);
    make_code(s, &second, 6);
    assert_int_equal(try_invite(s, &ann, 6, true, NULL), 0);
    assert_int_equal(try_invite(s, &third, 5, true, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_close(s);
}

static void a_key_that_goes_to_and_fro_does_not_multiply_its_bans(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender phone = sender_of(2, CHAT_MEMBER);
    const struct chat_sender bob = sender_of(3, CHAT_MEMBER);
    make_code(s, &ann, 1);
    assert_int_equal(try_invite(s, &phone, 1, true, NULL), 0);
    ban_person(s, NULL, id_of(s, &ann), NULL);
    for (unsigned char round = 0; round < 8; round++) {
        make_code(s, &bob, 10);
        assert_int_equal(try_invite(s, &phone, 10, true, NULL), 0);
        make_code(s, &ann, 11);
        assert_int_equal(try_invite(s, &phone, 11, true, NULL), 0);
    }
    assert_int_equal(count_bans(s), 3); /* each of the three keys is banned once */
    store_close(s);
}

static void a_person_has_so_many_keys_at_most(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    for (int i = 2; i <= STORE_PERSON_KEYS; i++) {
        const struct chat_sender device = sender_of(i, CHAT_MEMBER);
        make_code(s, &ann, 5);
        assert_int_equal(try_invite(s, &device, 5, true, NULL), 0);
    }
    const struct chat_sender last = sender_of(STORE_PERSON_KEYS + 1, CHAT_MEMBER);
    make_code(s, &ann, 5);
    assert_int_equal(try_invite(s, &last, 5, true, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(id_of(s, &last), 0);
    store_close(s);
}

static void a_ban_goes_with_the_key(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender friend = sender_of(1, CHAT_MEMBER);
    const struct chat_sender banned = sender_of(2, CHAT_MEMBER);
    make_code(s, &friend, 5);
    make_code(s, &banned, 6); /* makes a person */
    ban_person(s, NULL, id_of(s, &banned), NULL);
    assert_int_equal(count_bans(s), 1);
    assert_int_equal(try_invite(s, &banned, 5, true, NULL), 0);
    struct store_rules rules;
    size_t found = 0;
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    for (size_t i = 0; i < rules.ban_count; i++) {
        found += memcmp(rules.bans[i].bytes, banned.key, CHAT_KEY_BYTES) == 0;
    }
    assert_int_equal(found, 1);
    store_rules_fini(&rules);
    store_close(s);
}

/* ---- bans and ranks ---- */

static void a_ban_of_a_person_is_one_of_each_key(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    struct store_rules rules;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender phone = sender_of(2, CHAT_MEMBER);
    make_code(s, &ann, 5);
    assert_int_equal(try_invite(s, &phone, 5, true, NULL), 0);
    ban_person(s, NULL, id_of(s, &ann), &made);
    assert_int_equal(made.covers, 2);
    assert_string_equal(made.title, "visitor \xc2\xb7"
                                    "0101");
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.ban_count, 2);
    assert_int_equal(rules.bans[0].of, STORE_OF_PERSON);
    store_rules_fini(&rules);
    store_close(s);
}

static void no_actor_bans_the_own_rank_or_a_higher_one(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender owner = sender_of(1, CHAT_OWNER);
    const struct chat_sender moderator = sender_of(2, CHAT_MODERATOR);
    const struct chat_sender member = sender_of(3, CHAT_MEMBER);
    struct store_ban_made made;
    own(s, &owner);
    use_invite(s, &moderator, invite(s, NULL, CHAT_MODERATOR, NULL, 1));
    use_invite(s, &member, invite(s, NULL, CHAT_MEMBER, NULL, 1));
    const struct chat_sender *const actors[] = {&moderator, &moderator, &owner};
    const uint64_t whom[] = {id_of(s, &owner), id_of(s, &moderator), id_of(s, &owner)};
    for (size_t i = 0; i < COUNT(actors); i++) {
        struct err e = ERR_INIT;
        const struct store_ban_draft draft = {
            .kind = STORE_BAN, .of = STORE_OF_PERSON, .whom = {.person = whom[i]}, .reason = ""};
        begin(s, actors[i]);
        assert_int_equal(store_ban_add(s, &draft, &made, &e), -1);
        assert_int_equal(e.code, ERR_WEAK);
        store_act_cancel(s);
    }
    ban_person(s, &moderator, id_of(s, &member), &made);
    ban_person(s, &owner, id_of(s, &moderator), &made);
    store_close(s);
}

static const struct store_case cases[] = {
    STORE_CASE(a_key_that_was_never_used_has_no_person),
    STORE_CASE(the_first_owner_is_in_the_rules),
    STORE_CASE(the_last_owner_stays_an_owner),
    STORE_CASE(roles_are_given_below_the_own_one_only),
    STORE_CASE(a_room_has_roles_of_its_own),
    STORE_CASE(an_invite_gives_its_role_as_often_as_it_says),
    STORE_CASE(an_invite_lowers_no_role),
    STORE_CASE(an_invite_for_readers_is_of_a_room_and_makes_no_members),
    STORE_CASE(an_invite_that_ended_or_was_revoked_or_is_of_the_other_kind_is_refused),
    STORE_CASE(moderators_invite_members_and_owners_anybody),
    STORE_CASE(a_code_for_one_is_used_once_by_many_at_the_same_time),
    STORE_CASE(roles_have_a_limit_that_shuts_out_no_owner),
    STORE_CASE(a_code_makes_another_key_the_same_person),
    STORE_CASE(a_device_with_a_role_is_not_moved_away_from_it),
    STORE_CASE(a_person_without_keys_is_not_brought_back_by_an_older_code),
    STORE_CASE(a_key_that_goes_to_and_fro_does_not_multiply_its_bans),
    STORE_CASE(a_person_has_so_many_keys_at_most),
    STORE_CASE(a_ban_goes_with_the_key),
    STORE_CASE(a_ban_of_a_person_is_one_of_each_key),
    STORE_CASE(no_actor_bans_the_own_rank_or_a_higher_one),
};

int main(void)
{
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
