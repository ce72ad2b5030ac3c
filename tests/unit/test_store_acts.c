/* test_store_acts.c - what moderators do about messages and their senders, and names that are
 * claimed (store_ban.h, store_report.h, store_person.h). Each case runs for each store of
 * store_kinds (store_support.h). */
#include "peace_support.h"

#include "store/store_erase.h"

static const struct store_terms terms = {.name_keep_days = 30, .newcomer_minutes = 10, .edit_minutes = 15};

enum { IPV4 = 4, IPV6 = 6 };

/* The sender comes from this network: its hash is made of the number. */
static struct chat_sender at_network(struct chat_sender sender, unsigned char family, unsigned char number)
{
    sender.has_network = true;
    memset(sender.network, number, sizeof sender.network);
    memcpy(sender.network, "\0\0\0\1", 4);
    sender.network[4] = family;
    return sender;
}

static struct chat_sender guest(void)
{
    return (struct chat_sender){.role = CHAT_MEMBER};
}

static enum store_outcome say(struct store *s, const struct chat_sender *sender, const char *name, const char *id,
                              const char *hold, uint64_t *seq)
{
    struct chat_draft d = draft_of("lobby", name, id, "some text");
    struct store_job job = {.draft = &d, .terms = terms, .hold = hold};
    char forms[200];
    snprintf(forms, sizeof forms, "%s", name);
    d.sender = *sender;
    d.sender.fold = forms;
    d.sender.look = forms;
    assert_int_equal(store_append(s, &job, 1, NULL), 0);
    free(job.suggestion);
    if (seq != NULL) {
        *seq = job.seq;
    }
    return job.outcome;
}

static uint64_t must_say(struct store *s, const struct chat_sender *sender, const char *name, const char *id)
{
    uint64_t seq = 0;
    assert_int_equal(say(s, sender, name, id, NULL, &seq), STORE_STORED);
    return seq;
}

static int ban_message(struct store *s, const struct chat_sender *by, uint64_t seq, enum store_ban_of of,
                       struct store_ban_made *made, struct err *e)
{
    const struct store_ban_draft draft = {
        .kind = STORE_BAN, .of = of, .whom = {.room = "lobby", .seq = seq}, .reason = "spam"};
    begin(s, by);
    return end_act(s, store_ban_add(s, &draft, made, e), "ban");
}

/* Of a page with one item. */
static const struct store_cell *cell_of(const struct store_desk_page *page, const char *name)
{
    size_t i = 0;
    while (i < page->columns && strcmp(page->names[i], name) != 0) {
        i++;
    }
    assert_true(page->count == 1 && i < page->columns);
    return &page->cells[i];
}

/* ---- bans of senders ---- */

static void the_network_of_a_message_is_banned_and_what_it_covers_is_told(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    static const struct {
        unsigned char family;
        enum store_ban_of of;
        uint64_t covers;
    } cases[] = {
        {IPV4, STORE_OF_NETWORK, 256},
        {IPV6, STORE_OF_NETWORK, 1},
        {IPV6, STORE_OF_WIDE, 65536},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct store_ban_made made;
        struct store_rules rules;
        struct store_desk_page page;
        char id[16];
        snprintf(id, sizeof id, "%d", (int)i);
        const struct chat_sender sender = at_network(guest(), cases[i].family, (unsigned char)(i + 7));
        assert_int_equal(ban_message(s, NULL, must_say(s, &sender, "bob", id), cases[i].of, &made, NULL), 0);
        assert_int_equal(made.covers, cases[i].covers);
        assert_non_null(strstr(made.title, "bob"));
        const struct store_desk_query query = {.list = STORE_DESK_BANS, .limit = 1};
        assert_int_equal(store_desk_list(s, &query, &page, NULL), 0);
        assert_int_equal(cell_of(&page, "covers")->number, cases[i].covers);
        store_desk_fini(&page);
        assert_int_equal(store_rules_load(s, &rules, NULL), 0);
        assert_int_equal(rules.bans[0].of, cases[i].of);
        assert_memory_equal(rules.bans[0].bytes, sender.network, 5);
        bool is_wide = cases[i].of == STORE_OF_WIDE;
        assert_int_equal(rules.bans[0].bytes[5], is_wide ? 0 : i + 7);
        assert_int_equal(rules.bans[0].bytes[16], is_wide ? i + 7 : 0);
        store_rules_fini(&rules);
    }
    store_close(s);
}

static void a_guest_has_no_key_and_perhaps_no_network_to_be_banned(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    const struct chat_sender one = guest();
    uint64_t seq = must_say(s, &one, "bob", "1");
    for (int of = STORE_OF_PERSON; of <= STORE_OF_WIDE; of++) {
        struct err e = ERR_INIT;
        if (of != STORE_OF_NAME) {
            assert_int_equal(ban_message(s, NULL, seq, (enum store_ban_of)of, &made, &e), -1);
            assert_int_equal(e.code, ERR_ABSENT);
        }
    }
    store_close(s);
}

static void a_moderators_message_bans_neither_key_nor_network_for_another_moderator(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    const struct chat_sender ann = at_network(sender_of(1, CHAT_MODERATOR), IPV4, 9);
    const struct chat_sender bob = sender_of(2, CHAT_MODERATOR);
    struct chat_sender token = at_network(sender_of(3, CHAT_MODERATOR), IPV4, 9); /* by its token alone */
    token.is_signed = true;
    use_invite(s, &ann, invite(s, NULL, CHAT_MODERATOR, NULL, 1));
    const uint64_t seqs[] = {must_say(s, &ann, "ann", "1"), must_say(s, &token, "cid", "2")};
    for (size_t i = 0; i < COUNT(seqs); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(ban_message(s, &bob, seqs[i], STORE_OF_PERSON, &made, &e), -1);
        assert_int_equal(e.code, ERR_WEAK);
        err_clear(&e);
        assert_int_equal(ban_message(s, &bob, seqs[i], STORE_OF_NETWORK, &made, &e), -1);
        assert_int_equal(e.code, ERR_WEAK);
    }
    store_close(s);
}

static void the_sender_of_a_message_is_found(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_person person;
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    struct store_whom whom = {.room = "lobby", .seq = must_say(s, &ann, "ann", "1")};
    assert_int_equal(store_person_find(s, &whom, "lobby", &person, NULL), 0);
    assert_int_equal(person.id, id_of(s, &ann));
    assert_int_equal(person.name_count, 1);
    assert_string_equal(person.names[0], "ann");
    assert_string_equal(person.title, "ann");
    whom = (struct store_whom){.fold = "ann"};
    assert_int_equal(store_person_find(s, &whom, NULL, &person, NULL), 0);
    assert_int_equal(person.id, id_of(s, &ann));
    whom.fold = "bob";
    assert_int_equal(store_person_find(s, &whom, NULL, &person, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_close(s);
}

/* ---- messages that wait ---- */

static uint64_t first_held(struct store *s, size_t *count)
{
    struct store_desk_page page;
    const struct store_desk_query query = {.list = STORE_DESK_HELD, .room = "lobby", .limit = 10};
    assert_int_equal(store_desk_list(s, &query, &page, NULL), 0);
    uint64_t id = page.count > 0 ? (uint64_t)page.cells[0].number : 0;
    *count = page.count;
    store_desk_fini(&page);
    return id;
}

static void an_approved_message_is_an_ordinary_one(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_approved approved;
    struct store_changes changes = {.count = 0};
    struct store_page page;
    struct err e = ERR_INIT;
    size_t count = 0;
    uint64_t seq = 0;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    assert_int_equal(say(s, &ann, "ann", "first", "newcomer", NULL), STORE_HELD);
    assert_int_equal(count_contiguous(s, "lobby"), 0);
    uint64_t held = first_held(s, &count);
    assert_int_equal(count, 1);
    begin(s, NULL);
    assert_int_equal(store_report_approve(s, held, true, &approved, NULL), 0);
    assert_int_equal(store_act_commit(s, NULL, &changes, NULL), 0);
    assert_string_equal(approved.room, "lobby");
    assert_int_equal(approved.seq, 1);
    assert_int_equal(changes.count, 1);
    assert_int_equal(changes.rooms[0].head, 1);
    assert_int_equal(read_room(s, "lobby", 0, &page, NULL), 0);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.messages[0].id, "first");
    assert_string_equal(page.messages[0].name, "ann");
    assert_string_equal(page.messages[0].text, "some text");
    assert_int_equal(page.messages[0].mark, 0x0101);
    store_page_fini(&page);
    first_held(s, &count);
    assert_int_equal(count, 0);
    begin(s, NULL);
    assert_int_equal(store_report_approve(s, held, true, &approved, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_act_cancel(s);
    assert_int_equal(say(s, &ann, "ann", "first", "newcomer", &seq), STORE_REPEATED);
    assert_int_equal(seq, 1);
    store_changes_fini(&changes);
    store_close(s);
}

static void a_rejected_message_is_gone(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    size_t count = 0;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    assert_int_equal(say(s, &ann, "ann", "first", "word", NULL), STORE_HELD);
    uint64_t held = first_held(s, &count);
    begin(s, NULL);
    assert_int_equal(store_report_reject(s, held, NULL), 0);
    commit(s, "reject");
    first_held(s, &count);
    assert_int_equal(count, 0);
    assert_int_equal(count_contiguous(s, "lobby"), 0);
    store_close(s);
}

/* ---- names ---- */

static int claim(struct store *s, const struct chat_sender *by, const char *name, struct err *e)
{
    uint16_t mark = 0;
    char text[200];
    snprintf(text, sizeof text, "%s", name);
    const struct chat_sender forms = {.fold = text, .look = text};
    const struct store_claim one = {.name = name, .forms = &forms, .room = "lobby", .terms = terms};
    begin(s, by);
    int result = end_act(s, store_person_claim(s, &one, &mark, e), NULL);
    assert_int_equal(mark, result == 0 ? by->key[0] << 8 | by->key[1] : 0);
    return result;
}

static int release(struct store *s, const struct chat_sender *by, const char *fold, struct err *e)
{
    begin(s, by);
    return end_act(s, store_person_release(s, fold, e), "release");
}

static void a_name_is_claimed_by_one_key_and_a_free_one_is_suggested_to_others(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    struct store_person person;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender bob = sender_of(2, CHAT_MEMBER);
    assert_int_equal(claim(s, &ann, "ann", NULL), 0);
    assert_int_equal(claim(s, &ann, "ann", NULL), 0);
    assert_int_equal(claim(s, &bob, "ann", &e), -1);
    assert_int_equal(e.code, ERR_NAME);
    assert_string_equal(e.more[0].name, "suggestion");
    assert_string_not_equal(e.more[0].value, "");
    assert_int_equal(store_person_by_key(s, ann.key, NULL, &person, NULL), 0);
    assert_string_equal(person.names[0], "ann");
    assert_int_equal(id_of(s, &bob), 0);
    store_close(s);
}

static void a_name_is_freed_by_its_owner_or_a_moderator(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct err e = ERR_INIT;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender bob = sender_of(2, CHAT_MEMBER);
    const struct chat_sender moderator = sender_of(3, CHAT_MODERATOR);
    assert_int_equal(claim(s, &ann, "ann", NULL), 0);
    assert_int_equal(release(s, &bob, "ann", &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    assert_int_equal(release(s, &ann, "ann", NULL), 0);
    assert_int_equal(release(s, &ann, "ann", NULL), 0);
    assert_int_equal(claim(s, &bob, "ann", NULL), 0);
    assert_int_equal(release(s, &moderator, "ann", NULL), 0);
    assert_int_equal(claim(s, &ann, "ann", NULL), 0);
    store_close(s);
}

static void names_go_with_a_key_that_moves(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_person person;
    const struct chat_sender computer = sender_of(1, CHAT_MEMBER);
    const struct chat_sender phone = sender_of(2, CHAT_MEMBER);
    assert_int_equal(claim(s, &computer, "ann", NULL), 0);
    assert_int_equal(claim(s, &phone, "ann on the road", NULL), 0);
    make_code(s, &computer, 5);
    assert_int_equal(try_invite(s, &phone, 5, true, NULL), 0);
    assert_int_equal(store_person_by_key(s, phone.key, NULL, &person, NULL), 0);
    assert_int_equal(person.id, id_of(s, &computer));
    assert_int_equal(person.name_count, 2);
    assert_int_equal(claim(s, &computer, "ann on the road", NULL), 0);
    store_close(s);
}

static void what_moderators_do_about_old_messages_follows_a_key_that_moved(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_ban_made made;
    struct store_rules rules;
    const struct chat_sender flooder = sender_of(1, CHAT_MEMBER);
    const struct chat_sender second = sender_of(2, CHAT_MEMBER);
    const struct chat_sender third = sender_of(3, CHAT_MEMBER);
    uint64_t seq = must_say(s, &flooder, "ann", "1");
    make_code(s, &second, 5);
    assert_int_equal(try_invite(s, &flooder, 5, true, NULL), 0);
    make_code(s, &third, 6);
    assert_int_equal(try_invite(s, &flooder, 6, true, NULL), 0);
    assert_int_equal(try_invite(s, &second, 6, true, NULL), -1); /* it was for one */
    const struct store_erase_recent recent = {.whom = {.room = "lobby", .seq = seq}};
    uint64_t count = 0;
    begin(s, NULL);
    assert_int_equal(store_erase_recent(s, &recent, &count, NULL), 0);
    commit(s, "clean");
    assert_int_equal(count, 1);
    assert_int_equal(ban_message(s, NULL, seq, STORE_OF_PERSON, &made, NULL), 0);
    assert_int_equal(store_rules_load(s, &rules, NULL), 0);
    bool is_banned = false;
    for (size_t i = 0; i < rules.ban_count; i++) {
        is_banned = is_banned || memcmp(rules.bans[i].bytes, flooder.key, CHAT_KEY_BYTES) == 0;
    }
    assert_int_equal(is_banned, made.covers > 0);
    assert_true(made.covers > 0);
    store_rules_fini(&rules);
    store_close(s);
}

static void erasing_a_person_erases_what_its_keys_wrote_before_they_moved(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_changes changes = {.count = 0};
    struct store_page page;
    uint64_t count = 0;
    bool left = true;
    const struct chat_sender phone = sender_of(1, CHAT_MEMBER);
    const struct chat_sender computer = sender_of(2, CHAT_MEMBER);
    must_say(s, &phone, "ann", "1");
    make_code(s, &computer, 5);
    assert_int_equal(try_invite(s, &phone, 5, true, NULL), 0);
    const struct store_whom whom = {.person = id_of(s, &computer)};
    begin(s, NULL);
    assert_int_equal(store_erase_person(s, &whom, NULL), 0);
    commit(s, "erase");
    while (left) {
        assert_int_equal(store_erase_step(s, &changes, &count, &left, NULL), 0);
    }
    assert_int_equal(read_room(s, "lobby", 0, &page, NULL), 0);
    assert_string_equal(page.messages[0].text, "");
    assert_string_not_equal(page.messages[0].name, "ann");
    store_page_fini(&page);
    store_changes_fini(&changes);
    store_close(s);
}

static void the_number_of_a_message_that_waited_is_not_used_again(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    size_t count = 0;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    assert_int_equal(say(s, &ann, "ann", "1", "word", NULL), STORE_HELD);
    uint64_t first = first_held(s, &count);
    begin(s, NULL);
    assert_int_equal(store_report_reject(s, first, NULL), 0);
    commit(s, "reject");
    assert_int_equal(say(s, &ann, "ann", "2", "word", NULL), STORE_HELD);
    assert_true(first_held(s, &count) > first);
    store_close(s);
}

/* ---- people ---- */

static void people_are_found_by_the_beginning_of_a_name(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    struct store_desk_page page;
    struct store_ban_made made;
    const struct chat_sender ann = sender_of(1, CHAT_MEMBER);
    const struct chat_sender bob = sender_of(2, CHAT_MEMBER);
    must_say(s, &ann, "anna", "1");
    must_say(s, &ann, "anna", "2");
    must_say(s, &ann, "annabel", "3");
    must_say(s, &bob, "bob", "4");
    assert_int_equal(ban_message(s, NULL, 1, STORE_OF_PERSON, &made, NULL), 0);
    const struct store_desk_query query = {.list = STORE_DESK_PEOPLE, .limit = 10, .search = "ann"};
    assert_int_equal(store_desk_list(s, &query, &page, NULL), 0);
    assert_int_equal(cell_of(&page, "id")->number, id_of(s, &ann));
    assert_int_equal(cell_of(&page, "messages_hour")->number, 3);
    assert_int_equal(strtoull(cell_of(&page, "bans")->text, NULL, 10), made.id);
    assert_non_null(strstr(cell_of(&page, "names")->text, "annabel"));
    assert_non_null(strchr(cell_of(&page, "names")->text, '\n'));
    store_desk_fini(&page);
    const struct store_desk_query by_message = {.list = STORE_DESK_PEOPLE, .limit = 10, .room = "lobby", .seq = 4};
    assert_int_equal(store_desk_list(s, &by_message, &page, NULL), 0);
    assert_int_equal(cell_of(&page, "id")->number, id_of(s, &bob));
    store_desk_fini(&page);
    store_close(s);
}

static const struct store_case cases[] = {
    STORE_CASE(the_network_of_a_message_is_banned_and_what_it_covers_is_told),
    STORE_CASE(a_guest_has_no_key_and_perhaps_no_network_to_be_banned),
    STORE_CASE(a_moderators_message_bans_neither_key_nor_network_for_another_moderator),
    STORE_CASE(the_sender_of_a_message_is_found),
    STORE_CASE(an_approved_message_is_an_ordinary_one),
    STORE_CASE(a_rejected_message_is_gone),
    STORE_CASE(a_name_is_claimed_by_one_key_and_a_free_one_is_suggested_to_others),
    STORE_CASE(a_name_is_freed_by_its_owner_or_a_moderator),
    STORE_CASE(names_go_with_a_key_that_moves),
    STORE_CASE(what_moderators_do_about_old_messages_follows_a_key_that_moved),
    STORE_CASE(erasing_a_person_erases_what_its_keys_wrote_before_they_moved),
    STORE_CASE(the_number_of_a_message_that_waited_is_not_used_again),
    STORE_CASE(people_are_found_by_the_beginning_of_a_name),
};

int main(void)
{
    quiet_log();
    return RUN_FOR_EACH_STORE(cases);
}
