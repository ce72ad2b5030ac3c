/* test_store_desk.c - store_desk.h, store_setup.h, store_report.h: lists, modes of rooms, words,
 * settings, reports. Each case runs for each store of store_kinds (store_support.h). */
#include "peace_support.h"

/* ---- reading a page ---- */

static struct store_desk_page list_of(struct store *s, const struct store_desk_query *query)
{
    struct store_desk_page page;
    struct err e = ERR_INIT;
    if (store_desk_list(s, query, &page, &e) != 0) {
        fail_msg("store_desk_list: %d %s", (int)e.code, e.text);
    }
    return page;
}

static struct store_desk_page list(struct store *s, enum store_desk_kind kind)
{
    const struct store_desk_query query = {.list = kind, .limit = 100};
    return list_of(s, &query);
}

static const struct store_cell *cell_of(const struct store_desk_page *page, size_t row, const char *name)
{
    for (size_t i = 0; row < page->count && i < page->columns; i++) {
        if (strcmp(page->names[i], name) == 0) {
            return &page->cells[row * page->columns + i];
        }
    }
    fail_msg("no cell %zu %s", row, name);
    return NULL;
}

static const char *text_of(const struct store_desk_page *page, size_t row, const char *name)
{
    const struct store_cell *cell = cell_of(page, row, name);
    return cell->text == NULL ? "" : cell->text;
}

static int64_t number_of(const struct store_desk_page *page, size_t row, const char *name)
{
    return cell_of(page, row, name)->number;
}

static bool is_none(const struct store_desk_page *page, size_t row, const char *name)
{
    return cell_of(page, row, name)->kind == STORE_CELL_NONE;
}

/* ---- all lists ---- */

static void every_list_of_an_empty_chat_can_be_read(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_READ);
    for (int kind = 0; kind < STORE_DESK__MAX; kind++) {
        struct store_desk_query query = {.list = (enum store_desk_kind)kind, .limit = 10};
        struct store_desk_page page = list_of(s, &query);
        assert_true(page.columns > 0);
        store_desk_fini(&page);
        query.search = "ab12";
        query.room = "nowhere";
        query.person = 1;
        page = list_of(s, &query);
        store_desk_fini(&page);
    }
    store_close(s);
}

static void lists_have_words(void **state)
{
    (void)state;
    assert_int_equal(store_desk_kind_of("rooms"), STORE_DESK_ROOMS);
    assert_int_equal(store_desk_kind_of("days"), STORE_DESK_DAYS);
    assert_int_equal(store_desk_kind_of("no"), STORE_DESK__MAX);
}

static void pages_follow_each_other_without_gap_or_repeat(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    char seen[8] = "";
    for (char name[] = "a"; name[0] <= 'e'; name[0]++) {
        ban_name(s, name, 0, &made);
    }
    struct store_desk_query query = {.list = STORE_DESK_BANS, .limit = 2};
    for (bool more = true; more;) {
        struct store_desk_page page = list_of(s, &query);
        assert_in_range(page.count, 1, 2);
        for (size_t i = 0; i < page.count; i++) {
            strncat(seen, text_of(&page, i, "title") + strlen("the name "), sizeof seen - strlen(seen) - 1);
            query.before = (uint64_t)number_of(&page, i, "id");
        }
        more = page.more;
        store_desk_fini(&page);
    }
    assert_string_equal(seen, "edcba");
    store_close(s);
}

static void people_come_in_pages_too(void **state)
{
    enum { PEOPLE = 5 };
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    bool seen[PEOPLE + 1] = {false};
    size_t count = 0;
    for (int i = 1; i <= PEOPLE; i++) {
        const struct chat_sender one = sender_of(i, CHAT_OWNER);
        own(s, &one);
    }
    struct store_desk_query query = {.list = STORE_DESK_PEOPLE, .limit = 2};
    for (bool more = true; more;) {
        struct store_desk_page page = list_of(s, &query);
        for (size_t i = 0; i < page.count; i++) {
            unsigned long mark = strtoul(text_of(&page, i, "mark"), NULL, 16) & 0xff;
            assert_in_range(mark, 1, PEOPLE);
            assert_false(seen[mark]);
            seen[mark] = true;
            count++;
            query.before = (uint64_t)number_of(&page, i, "id");
        }
        more = page.more;
        store_desk_fini(&page);
    }
    assert_int_equal(count, PEOPLE);
    store_close(s);
}

/* ---- audit ---- */

static void each_act_is_in_the_audit_log(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    const struct chat_sender ann = sender_of(1, CHAT_OWNER);
    own(s, &ann);
    ban_name(s, "bob", 0, &made);
    struct store_desk_page page = list(s, STORE_DESK_AUDIT);
    assert_int_equal(page.count, 2);
    assert_string_equal(text_of(&page, 0, "act"), "ban");
    assert_string_equal(text_of(&page, 0, "subject"), "the name bob");
    assert_string_equal(text_of(&page, 0, "reason"), "spam");
    assert_true(is_none(&page, 0, "person"));
    assert_string_equal(text_of(&page, 1, "act"), "sign-in");
    assert_int_equal(number_of(&page, 1, "person"), id_of(s, &ann));
    store_desk_fini(&page);
    const struct store_desk_query query = {.list = STORE_DESK_AUDIT, .limit = 10, .search = "bob"};
    page = list_of(s, &query);
    assert_int_equal(page.count, 1);
    store_desk_fini(&page);
    store_close(s);
}

/* ---- rooms ---- */

static void set_modes(struct store *s, const char *room, const struct store_room_setup *modes)
{
    begin(s, NULL);
    assert_int_equal(store_setup_room(s, room, modes, NULL), 0);
    commit(s, "room");
}

static void modes_of_a_room_are_in_the_rules_and_in_the_list(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct store_room_setup modes = {.parts = STORE_SETUP_KIND | STORE_SETUP_SLOW | STORE_SETUP_HOURS |
                                              STORE_SETUP_NEWCOMERS | STORE_SETUP_KEEP_DAYS,
                                     .kind = STORE_ROOM_READ_ONLY,
                                     .slow_s = 30,
                                     .hours = "mon-fri 08:00-18:00 +60",
                                     .newcomers = STORE_NEWCOMERS_HELD,
                                     .keep_days = 0,
                                     .keep_count = 7};
    assert_stored(s, "1", "some text");
    set_modes(s, "lobby", &modes);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.room_count, 1);
    assert_string_equal(rules.rooms[0].room, "lobby");
    assert_int_equal(rules.rooms[0].kind, STORE_ROOM_READ_ONLY);
    assert_int_equal(rules.rooms[0].slow_s, 30);
    assert_string_equal(rules.rooms[0].hours, "mon-fri 08:00-18:00 +60");
    assert_int_equal(rules.rooms[0].newcomers, STORE_NEWCOMERS_HELD);
    store_rules_fini(&rules);
    struct store_desk_page page = list(s, STORE_DESK_ROOMS);
    assert_int_equal(page.count, 1);
    assert_string_equal(text_of(&page, 0, "room"), "lobby");
    assert_string_equal(text_of(&page, 0, "kind"), "read-only");
    assert_string_equal(text_of(&page, 0, "newcomers"), "held");
    assert_int_equal(number_of(&page, 0, "slow"), 30);
    assert_int_equal(number_of(&page, 0, "messages"), 1);
    assert_int_equal(cell_of(&page, 0, "keep_days")->kind, STORE_CELL_NUMBER);
    assert_true(is_none(&page, 0, "keep_count")); /* it wasn't among the parts */
    assert_true(number_of(&page, 0, "bytes") > 9);
    store_desk_fini(&page);
    store_close(s);
}

static void a_mode_may_be_taken_back_and_the_others_stay(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct store_room_setup modes = {
        .parts = STORE_SETUP_KIND | STORE_SETUP_SLOW, .kind = STORE_ROOM_LOCKED, .slow_s = 5};
    set_modes(s, "new", &modes); /* makes the room */
    modes = (struct store_room_setup){.parts = STORE_SETUP_KIND};
    set_modes(s, "new", &modes);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.rooms[0].kind, 0);
    assert_int_equal(rules.rooms[0].slow_s, 5);
    store_rules_fini(&rules);
    modes = (struct store_room_setup){.parts = STORE_SETUP_SLOW};
    set_modes(s, "new", &modes);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.room_count, 0);
    store_rules_fini(&rules);
    store_close(s);
}

static void a_kind_that_has_ended_is_not_in_the_rules(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    const struct store_room_setup modes = {.parts = STORE_SETUP_KIND | STORE_SETUP_SLOW,
                                           .kind = STORE_ROOM_LOCKED,
                                           .kind_until_ms = clock_wall_ms() - 1,
                                           .slow_s = 5};
    set_modes(s, "lobby", &modes);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.rooms[0].kind, 0);
    store_rules_fini(&rules);
    store_close(s);
}

static void days_count_the_messages_of_today(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    int64_t sum = 0;
    for (int i = 0; i < 7; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(append_reply(s, i % 2 == 0 ? "a" : "b", "ann", id, "x", 0, NULL, NULL), STORE_STORED);
    }
    struct store_desk_page page = list(s, STORE_DESK_DAYS);
    assert_int_equal(page.count, STORE_DESK_DAYS_SHOWN);
    for (size_t i = 0; i < page.count; i++) {
        sum += number_of(&page, i, "messages");
        assert_true(i == 0 || number_of(&page, i, "day") > number_of(&page, i - 1, "day"));
    }
    assert_int_equal(sum, 7);
    store_desk_fini(&page);
    const struct store_desk_query query = {.list = STORE_DESK_DAYS, .limit = 1, .room = "b"};
    page = list_of(s, &query);
    assert_int_equal(number_of(&page, page.count - 1, "messages") + number_of(&page, page.count - 2, "messages"), 3);
    store_desk_fini(&page);
    store_close(s);
}

static void storage_tells_sizes(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "1", "x");
    struct store_desk_page page = list(s, STORE_DESK_STORAGE);
    assert_int_equal(page.count, 1);
    assert_true(number_of(&page, 0, "bytes") > 0);
    assert_int_equal(number_of(&page, 0, "messages"), 1);
    assert_int_equal(number_of(&page, 0, "rooms"), 1);
    store_desk_fini(&page);
    store_close(s);
}

/* ---- words, settings, invites ---- */

static void words_are_in_the_rules_until_they_are_removed(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    uint64_t first = 0;
    uint64_t again = 0;
    begin(s, NULL);
    assert_int_equal(store_setup_add_word(s, "casino", true, STORE_WORD_REJECT, &first, NULL), 0);
    assert_int_equal(store_setup_add_word(s, "casino", false, STORE_WORD_MASK, &again, NULL), 0);
    commit(s, "word");
    assert_int_equal(first, again);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.word_count, 1);
    assert_string_equal(rules.words[0].pattern, "casino");
    assert_false(rules.words[0].whole);
    assert_int_equal(rules.words[0].act, STORE_WORD_MASK);
    store_rules_fini(&rules);
    struct store_desk_page page = list(s, STORE_DESK_WORDS);
    assert_string_equal(text_of(&page, 0, "act"), "mask");
    store_desk_fini(&page);
    begin(s, NULL);
    assert_int_equal(store_setup_remove_word(s, first, NULL), 0);
    assert_int_equal(store_setup_remove_word(s, first, NULL), 0);
    commit(s, "unword");
    page = list(s, STORE_DESK_WORDS);
    assert_int_equal(page.count, 0);
    store_desk_fini(&page);
    store_close(s);
}

static void what_a_process_has_to_load_has_an_end(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    struct err e = ERR_INIT;
    int added = 0;
    begin(s, NULL);
    for (int result = 0; result == 0 && added <= STORE_RULES_WORDS; added += result == 0) {
        char pattern[32];
        snprintf(pattern, sizeof pattern, "word %d", added);
        result = store_setup_add_word(s, pattern, true, STORE_WORD_HOLD, NULL, &e);
    }
    assert_int_equal(added, STORE_RULES_WORDS);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    store_act_cancel(s);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.word_count, 0);
    store_rules_fini(&rules);
    store_close(s);
}

static void settings_are_set_and_unset(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_rules rules;
    begin(s, NULL);
    assert_int_equal(store_setup_setting(s, "guests", "no", NULL), 0);
    assert_int_equal(store_setup_setting(s, "guests", "named", NULL), 0);
    commit(s, "set");
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    assert_int_equal(rules.setting_count, 1);
    assert_string_equal(rules.settings[0].key, "guests");
    assert_string_equal(rules.settings[0].value, "named");
    store_rules_fini(&rules);
    begin(s, NULL);
    assert_int_equal(store_setup_setting(s, "guests", NULL, NULL), 0);
    commit(s, "unset");
    struct store_desk_page page = list(s, STORE_DESK_SETTINGS);
    assert_int_equal(page.count, 0);
    store_desk_fini(&page);
    store_close(s);
}

static void invites_are_listed_and_codes_of_persons_are_not(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender ann = sender_of(1, CHAT_OWNER);
    invite(s, &ann, CHAT_MODERATOR, NULL, 3);
    make_code(s, &ann, 5);
    struct store_desk_page page = list(s, STORE_DESK_INVITES);
    assert_int_equal(page.count, 1);
    assert_string_equal(text_of(&page, 0, "role"), "moderator");
    assert_int_equal(number_of(&page, 0, "uses"), 3);
    assert_true(is_none(&page, 0, "room"));
    store_desk_fini(&page);
    store_close(s);
}

/* ---- people ---- */

static void people_are_found_by_mark_and_person(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct chat_sender ann = sender_of(1, CHAT_OWNER);
    const struct chat_sender bob = sender_of(2, CHAT_OWNER);
    own(s, &ann);
    own(s, &bob);
    struct store_desk_page page = list(s, STORE_DESK_PEOPLE);
    assert_int_equal(page.count, 2);
    store_desk_fini(&page);
    struct store_desk_query query = {.list = STORE_DESK_PEOPLE, .limit = 10, .search = "0202"};
    page = list_of(s, &query);
    assert_int_equal(page.count, 1);
    assert_string_equal(text_of(&page, 0, "mark"), "0202");
    assert_string_equal(text_of(&page, 0, "role"), "owner");
    assert_int_equal(number_of(&page, 0, "keys"), 1);
    store_desk_fini(&page);
    query = (struct store_desk_query){.list = STORE_DESK_PEOPLE, .limit = 10, .person = id_of(s, &ann)};
    page = list_of(s, &query);
    assert_int_equal(page.count, 1);
    assert_string_equal(text_of(&page, 0, "mark"), "0101");
    store_desk_fini(&page);
    store_close(s);
}

/* ---- reports ---- */

static int report(struct store *s, uint64_t seq, unsigned char reporter, uint64_t *open, struct err *e)
{
    const unsigned char hash[STORE_REPORTER] = {reporter};
    begin(s, NULL);
    return end_act(s, store_report_add(s, "lobby", seq, hash, "rude", open, e), "report");
}

static void a_report_counts_once_for_each_reporter(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    uint64_t open = 0;
    assert_stored(s, "1", "bad text");
    assert_int_equal(report(s, 1, 1, &open, NULL), 0);
    assert_int_equal(report(s, 1, 1, &open, NULL), 0);
    assert_int_equal(open, 1);
    assert_int_equal(report(s, 1, 2, &open, NULL), 0);
    assert_int_equal(open, 2);
    assert_int_equal(report(s, 2, 1, &open, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_close(s);
}

static void open_reports_are_listed_by_message_and_settled_together(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_desk_counts counts;
    uint64_t open = 0;
    assert_stored(s, "1", "bad text");
    assert_stored(s, "2", "worse text");
    assert_int_equal(report(s, 1, 1, &open, NULL), 0);
    assert_int_equal(report(s, 1, 2, &open, NULL), 0);
    assert_int_equal(report(s, 2, 1, &open, NULL), 0);
    struct store_desk_page page = list(s, STORE_DESK_REPORTS);
    assert_int_equal(page.count, 2);
    assert_string_equal(text_of(&page, 0, "text"), "worse text");
    assert_int_equal(number_of(&page, 1, "seq"), 1);
    assert_string_equal(text_of(&page, 1, "room"), "lobby");
    assert_string_equal(text_of(&page, 1, "name"), "ann");
    assert_int_equal(number_of(&page, 1, "reports"), 2);
    assert_string_equal(text_of(&page, 1, "reasons"), "rude\nrude");
    uint64_t last = (uint64_t)number_of(&page, 0, "id");
    store_desk_fini(&page);
    assert_int_equal(store_desk_count(s, NULL, &counts, NULL), 0);
    assert_int_equal(counts.reports, 2);
    assert_false(counts.has_owner);
    begin(s, NULL);
    assert_int_equal(store_report_settle(s, 0, "lobby", 1, NULL), 0);
    assert_int_equal(store_report_settle(s, last, NULL, 0, NULL), 0);
    assert_int_equal(store_report_settle(s, last, NULL, 0, NULL), 0);
    commit(s, "settle");
    assert_int_equal(store_desk_count(s, "lobby", &counts, NULL), 0);
    assert_int_equal(counts.reports, 0);
    store_close(s);
}

static void what_does_not_wait_can_not_be_approved(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_approved approved;
    struct err e = ERR_INIT;
    begin(s, NULL);
    assert_int_equal(store_report_approve(s, 1, false, &approved, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_act_cancel(s);
    store_close(s);
}

static const struct store_case cases[] = {
    STORE_CASE(every_list_of_an_empty_chat_can_be_read),
    STORE_CASE(lists_have_words),
    STORE_CASE(pages_follow_each_other_without_gap_or_repeat),
    STORE_CASE(people_come_in_pages_too),
    STORE_CASE(each_act_is_in_the_audit_log),
    STORE_CASE(modes_of_a_room_are_in_the_rules_and_in_the_list),
    STORE_CASE(a_mode_may_be_taken_back_and_the_others_stay),
    STORE_CASE(a_kind_that_has_ended_is_not_in_the_rules),
    STORE_CASE(days_count_the_messages_of_today),
    STORE_CASE(storage_tells_sizes),
    STORE_CASE(words_are_in_the_rules_until_they_are_removed),
    STORE_CASE(what_a_process_has_to_load_has_an_end),
    STORE_CASE(settings_are_set_and_unset),
    STORE_CASE(invites_are_listed_and_codes_of_persons_are_not),
    STORE_CASE(people_are_found_by_mark_and_person),
    STORE_CASE(a_report_counts_once_for_each_reporter),
    STORE_CASE(open_reports_are_listed_by_message_and_settled_together),
    STORE_CASE(what_does_not_wait_can_not_be_approved),
};

int main(void)
{
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
