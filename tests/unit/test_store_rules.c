/* test_store_rules.c - store_rules.h, store_act.h, store_ban.h: what every store promises of the
 * rules and of acts. Each case runs for each store of store_kinds (store_support.h). */
#include "peace_support.h"

/* ---- rules ---- */

static void an_empty_chat_has_no_rules(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_READ);
    struct store_rules rules;
    uint64_t number = 0;
    assert_int_equal(store_rules_number(s, &number, NULL), 0);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_true(number > 0);
    assert_int_equal(rules.number, number);
    assert_int_equal(rules.ban_count + rules.known_count + rules.room_count + rules.setting_count, 0);
    assert_int_equal(rules.secret_count, 0);
    store_rules_fini(&rules);
    store_close(s);
}

static void a_secret_of_networks_is_made_once_and_again_when_it_is_old(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_changes changes = {.count = 0};
    struct store_rules rules;
    assert_int_equal(store_rules_renew_secret(s, 1, &changes, NULL), 0);
    assert_true(changes.rules > 0);
    uint64_t number = changes.rules;
    assert_int_equal(store_rules_renew_secret(s, 1, &changes, NULL), 0);
    assert_int_equal(changes.rules, number);
    assert_int_equal(store_rules_renew_secret(s, clock_wall_ms() + 1000, &changes, NULL), 0);
    assert_int_equal(changes.rules, number + 1);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.secret_count, 2);
    assert_true(rules.secrets[0].id > rules.secrets[1].id);
    assert_memory_not_equal(rules.secrets[0].bytes, rules.secrets[1].bytes, STORE_SECRET_BYTES);
    store_rules_fini(&rules);
    store_changes_fini(&changes);
    store_close(s);
}

static void the_secrets_of_a_year_are_all_known(void **state)
{
    enum { DAYS = 366 };
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_changes changes = {.count = 0};
    struct store_rules rules;
    for (int i = 0; i < DAYS; i++) {
        assert_int_equal(store_rules_renew_secret(s, INT64_MAX, &changes, NULL), 0);
    }
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.secret_count, DAYS); /* a ban counts only with the secret of its day */
    store_rules_fini(&rules);
    store_changes_fini(&changes);
    store_close(s);
}

/* ---- acts ---- */

static void a_ban_raises_the_number_of_the_rules_and_is_in_them(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    struct store_rules rules;
    uint64_t before = rules_number(s);
    int64_t until = clock_wall_ms() + 60000;
    ban_name(s, "bob", until, &made);
    assert_true(made.id > 0);
    assert_string_equal(made.title, "the name bob");
    assert_int_equal(rules_number(s), before + 1);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.ban_count, 1);
    assert_int_equal(rules.bans[0].id, made.id);
    assert_int_equal(rules.bans[0].kind, STORE_BAN);
    assert_int_equal(rules.bans[0].of, STORE_OF_NAME);
    assert_string_equal(rules.bans[0].fold, "bob");
    assert_string_equal(rules.bans[0].reason, "spam");
    assert_string_equal(rules.bans[0].room, "");
    assert_int_equal(rules.bans[0].until_ms, until);
    store_rules_fini(&rules);
    store_close(s);
}

static void the_same_ban_again_changes_its_end(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made first;
    struct store_ban_made again;
    ban_name(s, "bob", clock_wall_ms() + 60000, &first);
    ban_name(s, "bob", 0, &again);
    assert_int_equal(again.id, first.id);
    assert_int_equal(count_bans(s), 1);
    store_close(s);
}

static void a_ban_that_has_ended_is_not_in_the_rules(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    ban_name(s, "bob", clock_wall_ms() - 1, &made);
    assert_int_equal(count_bans(s), 0);
    store_close(s);
}

static void a_lifted_ban_is_gone_and_may_be_lifted_again(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    struct err e = ERR_INIT;
    ban_name(s, "bob", 0, &made);
    for (int times = 0; times < 2; times++) {
        begin(s, NULL);
        assert_int_equal(store_ban_lift(s, made.id, &e), 0);
        commit(s, "lift");
        assert_int_equal(count_bans(s), 0);
    }
    begin(s, NULL);
    assert_int_equal(store_ban_lift(s, made.id + 1, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_act_cancel(s);
    store_close(s);
}

static void a_ban_in_a_room_needs_the_room(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    struct store_rules rules;
    struct err e = ERR_INIT;
    struct store_ban_draft draft = name_ban("bob", 0);
    draft.room = "lobby";
    begin(s, NULL);
    assert_int_equal(store_ban_add(s, &draft, &made, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_act_cancel(s);
    assert_stored(s, "1", "x");
    begin(s, NULL);
    assert_int_equal(store_ban_add(s, &draft, &made, NULL), 0);
    commit(s, "ban");
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_string_equal(rules.bans[0].room, "lobby");
    store_rules_fini(&rules);
    store_close(s);
}

static void an_act_that_is_cancelled_changes_nothing(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    const struct store_ban_draft draft = name_ban("bob", 0);
    uint64_t before = rules_number(s);
    begin(s, NULL);
    assert_int_equal(store_ban_add(s, &draft, &made, NULL), 0);
    assert_int_equal(store_act_notice(s, "lobby", "Hear, hear.", NULL), 0);
    store_act_cancel(s);
    assert_int_equal(count_bans(s), 0);
    assert_int_equal(rules_number(s), before);
    assert_int_equal(count_contiguous(s, "lobby"), 0);
    store_close(s);
}

static void a_notice_is_a_message_and_the_commit_tells_the_head(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_changes changes = {.count = 0};
    struct store_page page;
    assert_stored(s, "1", "x");
    begin(s, NULL);
    assert_int_equal(store_act_notice(s, "lobby", "Hear, hear.", NULL), 0);
    assert_int_equal(store_act_commit(s, NULL, &changes, NULL), 0);
    assert_int_equal(changes.count, 1);
    assert_string_equal(changes.rooms[0].room, "lobby");
    assert_int_equal(changes.rooms[0].head, 2);
    assert_int_equal(changes.rules, 0);
    assert_int_equal(read_room(s, "lobby", 1, &page, NULL), 0);
    assert_string_equal(page.messages[0].text, "Hear, hear.");
    store_page_fini(&page);
    assert_int_equal(count_contiguous(s, "lobby"), 2);
    assert_stored(s, "2", "y");
    assert_int_equal(count_contiguous(s, "lobby"), 3);
    store_changes_fini(&changes);
    store_close(s);
}

static const struct store_case cases[] = {
    STORE_CASE(an_empty_chat_has_no_rules),
    STORE_CASE(a_secret_of_networks_is_made_once_and_again_when_it_is_old),
    STORE_CASE(the_secrets_of_a_year_are_all_known),
    STORE_CASE(a_ban_raises_the_number_of_the_rules_and_is_in_them),
    STORE_CASE(the_same_ban_again_changes_its_end),
    STORE_CASE(a_ban_that_has_ended_is_not_in_the_rules),
    STORE_CASE(a_lifted_ban_is_gone_and_may_be_lifted_again),
    STORE_CASE(a_ban_in_a_room_needs_the_room),
    STORE_CASE(an_act_that_is_cancelled_changes_nothing),
    STORE_CASE(a_notice_is_a_message_and_the_commit_tells_the_head),
};

int main(void)
{
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
