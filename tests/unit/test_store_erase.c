/* test_store_erase.c - erased texts are in no file; erasing, hiding, persons (store_erase.h). */
#include "erase_support.h"

enum { ROOMS = 6, MESSAGES = 1500 };

static uint64_t random_state = 11;

static const char *room_name(int room)
{
    static char names[ROOMS][8];
    snprintf(names[room], sizeof names[room], "room%d", room);
    return names[room];
}

/* Where a message of the big chat is. */
struct where {
    int room;
    uint64_t seq;
};

/* In several rooms by turns, so that SQLite divides and joins pages. */
static void fill_rooms(struct store *s, struct where *where, int count)
{
    static const size_t lengths[] = {20, 60, 300, 1200, 6000};
    static uint64_t heads[ROOMS];
    char text[MARKED_SIZE];
    memset(heads, 0, sizeof heads);
    for (int i = 0; i < count; i++) {
        int room = (int)(support_random(&random_state) % ROOMS);
        marked(text, "SECRET", i, lengths[support_random(&random_state) % 5]);
        say(s, room_name(room), "ann", text);
        where[i] = (struct where){.room = room, .seq = ++heads[room]};
    }
}

static int count_left(const struct place *p, const int *erased, int count)
{
    char text[MARKED_SIZE];
    int left = 0;
    for (int i = 0; i < count; i++) {
        marked(text, "SECRET", erased[i], 0);
        left += files_with(p, text);
    }
    return left;
}

static void an_erased_text_is_in_no_file_when_the_act_is_committed(void **state)
{
    struct place *p = *state;
    static struct where where[MESSAGES];
    int erased[MESSAGES / 3];
    struct store *s = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    fill_rooms(s, where, MESSAGES);
    for (int i = 0; i < MESSAGES / 3;) {
        uint64_t event = 0;
        begin(s, NULL);
        int first = i;
        for (; i < MESSAGES / 3 && i < first + 50; i++) {
            erased[i] = i * 3;
            const struct where *at = &where[erased[i]];
            assert_int_equal(store_erase_message(s, room_name(at->room), at->seq, &event, NULL), 0);
            assert_true(event > at->seq);
        }
        commit(s, "delete");
        assert_int_equal(count_left(p, erased + first, i - first), 0);
        /* Others go on, and read and write pages that once had the texts. */
        for (int room = 0; room < ROOMS; room++) {
            struct store_page page;
            say(s, room_name(room), "bob", "and on");
            assert_int_equal(read_room(reader, room_name(room), 0, &page, NULL), 0);
            store_page_fini(&page);
        }
    }
    assert_int_equal(count_left(p, erased, MESSAGES / 3), 0);
    assert_int_equal(ask_number(p, "SELECT scrub FROM meta"), 0);
    store_close(reader);
    store_close(s);
    assert_int_equal(count_left(p, erased, MESSAGES / 3), 0);
}

static void a_text_that_a_long_reader_still_needs_is_gone_when_the_store_rests(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    const struct store_options options = options_of(p);
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "SECRET000000.");
    struct store *reader = open_store(p, STORE_READ);
    assert_int_equal(store_read_begin(reader, NULL), 0);
    act(s, store_erase_message(s, "lobby", 1, &event, NULL));
    assert_int_equal(ask_number(p, "SELECT scrub FROM meta"), 1);
    store_rest(&options, false);
    assert_int_equal(ask_number(p, "SELECT scrub FROM meta"), 1);
    store_read_end(reader);
    store_rest(&options, false);
    assert_int_equal(ask_number(p, "SELECT scrub FROM meta"), 0);
    assert_int_equal(files_with(p, "SECRET"), 0);
    store_close(reader);
    store_close(s);
}

/* A program without secure_delete, such as a sqlite3 shell. */
static void a_row_that_another_program_deleted_is_overwritten_too(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    char text[MARKED_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 0; i < 100; i++) {
        marked(text, "SECRET", i, i % 2 == 0 ? 40 : 8000);
        say(s, "lobby", "ann", text);
    }
    say(s, "lobby", "ann", "stays");
    run_sql(p, "PRAGMA secure_delete = OFF; DELETE FROM message WHERE seq <= 100; UPDATE room SET oldest = 101");
    act(s, store_erase_message(s, "lobby", 101, &event, NULL));
    assert_int_equal(files_with(p, "SECRET"), 0);
    store_close(s);
}

static const struct place *killed_in;

/* The clock of a file system may stand still for some milliseconds. */
static int truncate_and_die(int fd, off_t length)
{
    struct stat lock;
    if (ftruncate(fd, length) != 0 || length > 0) { /* of the database */
        return length > 0 ? 0 : -1;
    }
    NEED(stat(in_place(killed_in, "chat.db-lock"), &lock) == 0);
    const struct timespec times[2] = {lock.st_mtim, lock.st_mtim};
    NEED(utimensat(AT_FDCWD, in_place(killed_in, "chat.db"), times, 0) == 0);
    _exit(0);
}

static void erase_and_die(const struct place *p, int seq)
{
    struct store *s = open_store(p, STORE_WRITE);
    struct store_changes changes = {.count = 0};
    uint64_t event = 0;
    killed_in = p;
    set_system_call("ftruncate", (sqlite3_syscall_ptr)truncate_and_die);
    NEED(store_act_begin(s, NULL, "tester", NULL) == 0);
    NEED(store_erase_message(s, "lobby", (uint64_t)seq, &event, NULL) == 0);
    NEED(store_act_commit(s, NULL, &changes, NULL) == 0);
    _exit(1); /* the log wasn't cut */
}

static void a_process_that_is_killed_while_it_cuts_the_log_is_no_loss(void **state)
{
    struct place *p = *state;
    char epoch[CHAT_EPOCH_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "SECRET");
    snprintf(epoch, sizeof epoch, "%s", store_epoch(s));
    store_close(s);
    assert_int_equal(wait_child(start_child(erase_and_die, p, 1)), 0);
    s = open_store(p, STORE_WRITE);
    assert_string_equal(store_epoch(s), epoch);
    store_close(s);
}

static void an_erased_message_keeps_its_seq_and_readers_are_told(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    struct store_page page;
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "one");
    say(s, "lobby", "ann", "two");
    act(s, store_erase_message(s, "lobby", 1, &event, NULL));
    assert_int_equal(event, 3);
    act(s, store_erase_message(s, "lobby", 1, &event, NULL));
    assert_int_equal(event, 0);
    read_one(s, "lobby", 3, &page);
    assert_int_equal(page.messages[0].type, CHAT_DELETE);
    assert_int_equal(page.messages[0].target, 1);
    store_page_fini(&page);
    assert_int_equal(ask_number(p, "SELECT target FROM message WHERE seq = 3"), 1);
    assert_int_equal(ask_number(p, "SELECT state FROM message WHERE seq = 1"), 1);
    assert_int_equal(ask_number(p, "SELECT length(text) FROM message WHERE seq = 1"), 0);
    store_close(s);
}

static void only_messages_can_be_erased_or_hidden(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    struct err e = ERR_INIT;
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "one");
    act(s, store_erase_message(s, "lobby", 1, &event, NULL));
    begin(s, NULL);
    static const uint64_t none[] = {0, 2, 3, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        err_clear(&e);
        assert_int_equal(store_erase_message(s, "lobby", none[i], &event, &e), -1);
        assert_int_equal(e.code, ERR_ABSENT);
        err_clear(&e);
        assert_int_equal(store_erase_show(s, "lobby", none[i], false, &event, &e), -1);
        assert_int_equal(e.code, ERR_ABSENT);
    }
    err_clear(&e);
    assert_int_equal(store_erase_show(s, "lobby", 1, true, &event, &e), -1); /* erased for good */
    assert_int_equal(e.code, ERR_ABSENT);
    err_clear(&e);
    assert_int_equal(store_erase_message(s, "nowhere", 1, &event, &e), -1);
    assert_int_equal(e.code, ERR_ABSENT);
    store_act_cancel(s);
    store_close(s);
}

static void a_hidden_message_can_be_shown_again(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "one");
    act(s, store_erase_show(s, "lobby", 1, true, &event, NULL));
    assert_int_equal(event, 0); /* it is shown */
    act(s, store_erase_show(s, "lobby", 1, false, &event, NULL));
    assert_int_equal(event, 2);
    act(s, store_erase_show(s, "lobby", 1, false, &event, NULL));
    assert_int_equal(event, 0);
    assert_int_equal(ask_number(p, "SELECT state FROM message WHERE seq = 1"), 2);
    act(s, store_erase_show(s, "lobby", 1, true, &event, NULL));
    assert_int_equal(event, 3);
    assert_int_equal(ask_number(p, "SELECT state IS NULL AND text = 'one' FROM message WHERE seq = 1"), 1);
    assert_int_equal(ask_number(p, "SELECT type = 2 AND target = 1 AND text = '' FROM message WHERE seq = 3"), 1);
    store_close(s);
}

static void a_moderators_message_is_not_hidden_by_reports(void **state)
{
    struct place *p = *state;
    uint64_t event = 0;
    struct store *s = open_store(p, STORE_WRITE);
    say(s, "lobby", "ann", "one");
    say(s, "lobby", "mod", "two");
    run_sql(p, "UPDATE message SET sender = %d WHERE seq = 2", CHAT_MODERATOR << 8);
    act(s, store_erase_hide_reported(s, "lobby", 1, &event, NULL));
    assert_int_equal(event, 3);
    act(s, store_erase_hide_reported(s, "lobby", 2, &event, NULL));
    assert_int_equal(event, 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE state = 2"), 1);
    store_close(s);
}

/* ---- the last minutes ---- */

/* Person 1 is ann, person 2 is the moderator bob. A second is between two messages. */
static void people(const struct place *p)
{
    run_sql(p, "INSERT INTO person (person_id, role, mark, first_ms, seen_ms, title) VALUES (1, 2, 7, 1, 1, 'ann'),"
               " (2, 3, 8, 1, 1, 'bob');"
               "UPDATE message SET person_id = CASE name WHEN 'ann' THEN 1 WHEN 'bob' THEN 2 END,"
               " sender = CASE name WHEN 'bob' THEN 3 ELSE 2 END << 8, time_ms = 1000000 + seq * 1000,"
               " network = CASE name WHEN 'far' THEN x'0000000204AAAAAAAAAAAABBBBBBBBBBBB'"
               " ELSE x'0000000104AAAAAAAAAAAABBBBBBBBBBBB' END");
}

static void flood(struct store *s)
{
    for (int i = 0; i < 10; i++) {
        say(s, "lobby", i == 4 ? "far" : i == 7 ? "bob" : i == 8 ? "kim" : "ann", "SECRET");
        say(s, "other", "ann", i % 2 == 0 ? "SECRET" : "too");
    }
}

static void all_messages_of_a_person_since_a_time_are_erased_with_one_event_a_room(void **state)
{
    struct place *p = *state;
    uint64_t count = 0;
    struct store_page page;
    struct store *s = open_store(p, STORE_WRITE);
    flood(s);
    people(p);
    const struct store_erase_recent what = {.whom = {.person = 1}, .since_ms = 1003000};
    act(s, store_erase_recent(s, &what, &count, NULL));
    assert_int_equal(count, 5 + 8);
    read_one(s, "lobby", 11, &page);
    assert_string_equal(page.messages[0].targets, "3-4 6-7 10");
    assert_int_equal(page.messages[0].type, CHAT_DELETE);
    store_page_fini(&page);
    assert_int_equal(ask_number(p, "SELECT target FROM message WHERE seq = 11 AND room_id = 1"), 3);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE state = 1 AND text = ''"), 13);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE type = 3"), 2);
    act(s, store_erase_recent(s, &what, &count, NULL));
    assert_int_equal(count, 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE type = 3"), 2);
    store_close(s);
}

static void all_messages_of_a_network_are_erased_but_those_of_moderators(void **state)
{
    struct place *p = *state;
    uint64_t count = 0;
    struct store *s = open_store(p, STORE_WRITE);
    flood(s);
    people(p);
    run_sql(p, "INSERT INTO key (hash, person_id, added_ms) VALUES (zeroblob(16), 2, 1)");
    const struct chat_sender bob = {.has_key = true, .role = CHAT_MODERATOR};
    const struct store_erase_recent what = {
        .whom = {.room = "lobby", .seq = 9}, .of = STORE_ERASE_OF_NETWORK, .only_room = "lobby", .since_ms = 0};
    begin(s, &bob);
    assert_int_equal(store_erase_recent(s, &what, &count, NULL), 0);
    commit(s, "clean");
    assert_int_equal(count, 8); /* of ann and kim; far has another network */
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE state = 1 AND name IN ('ann', 'kim')"), 8);
    assert_int_equal(ask_number(p, "SELECT name = 'bob' AND person_id = 2 AND sender >> 8 & 255 = 3"
                                   " FROM message WHERE seq = 11"),
                     1);
    store_close(s);
}

/* ann and kim are new; kim is trusted. far and lou are guests. */
static void newcomers_of_the_networks_that_several_write_from_are_erased(void **state)
{
    struct place *p = *state;
    uint64_t count = 0;
    struct store_erase_networks networks;
    struct store *s = open_store(p, STORE_WRITE);
    flood(s);
    say(s, "lobby", "lou", "SECRET");
    people(p);
    run_sql(p, "INSERT INTO person (person_id, role, mark, trusted, first_ms, seen_ms) VALUES (3, 2, 9, 1, 1, 1);"
               "UPDATE message SET person_id = 3 WHERE name = 'kim';"
               "UPDATE message SET sender = sender | 4 WHERE name IN ('ann', 'kim')");
    const struct store_erase_recent what = {.of = STORE_ERASE_OF_NEWCOMERS, .only_room = "lobby", .since_ms = 1002000};
    assert_int_equal(store_act_begin(s, NULL, "tester", NULL), 0);
    assert_int_equal(store_erase_networks(s, &what, &networks, NULL), 0);
    assert_int_equal(networks.count, 0); /* ann and lou are two, far is one in its network */
    store_act_cancel(s);
    run_sql(p, "INSERT INTO held (room_id, room, made_ms, name, id, text, person_id, sender, network, why)"
               " VALUES (1, 'lobby', 1, 'tom', 'x', 'SECRET', NULL, 512,"
               " x'0000000104AAAAAAAAAAAABBBBBBBBBBBB', 'newcomer')");
    assert_int_equal(store_act_begin(s, NULL, "tester", NULL), 0);
    assert_int_equal(store_erase_networks(s, &what, &networks, NULL), 0);
    assert_int_equal(networks.count, 1);
    assert_string_equal(networks.all[0].room, "lobby");
    assert_int_equal(networks.all[0].seq, 11);
    assert_int_equal(networks.all[0].held, 0);
    assert_int_equal(store_erase_recent(s, &what, &count, NULL), 0);
    commit(s, "clean");
    assert_int_equal(count, 6 + 1 + 1); /* ann's but the first, lou's, tom's; far is alone in a network */
    assert_int_equal(ask_number(p, "SELECT count(*) * 10 + sum(CASE WHEN seq IN (1, 5, 8, 9) THEN 1 ELSE 0 END)"
                                   " FROM message WHERE room_id = 1 AND type = 1 AND state IS NULL"),
                     44);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM held"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE room_id = 2 AND state IS NOT NULL"), 0);
    store_close(s);
}

static void nobody_erases_messages_of_the_same_rank(void **state)
{
    struct place *p = *state;
    uint64_t number = 0;
    struct err e = ERR_INIT;
    struct store *s = open_store(p, STORE_WRITE);
    flood(s);
    people(p);
    const struct chat_sender other = {.has_key = true, .key = {1}, .role = CHAT_MODERATOR};
    const struct store_erase_recent what = {.whom = {.person = 2}, .since_ms = 0};
    const struct store_whom bob = {.person = 2};
    begin(s, &other);
    assert_int_equal(store_erase_message(s, "lobby", 8, &number, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    err_clear(&e);
    assert_int_equal(store_erase_recent(s, &what, &number, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    err_clear(&e);
    assert_int_equal(store_erase_person(s, &bob, &e), -1);
    assert_int_equal(e.code, ERR_WEAK);
    store_act_cancel(s);
    store_close(s);
}

/* ---- persons ---- */

static void know_more(const struct place *p)
{
    run_sql(
        p,
        "INSERT INTO key (hash, person_id, added_ms) VALUES (x'01020304050607080910111213141516', 1, 1);"
        "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms, used_room) VALUES ('annfold', 'annlook', 'AnnMark', 1, 1, 1, 1);"
        "INSERT INTO room_role VALUES (1, 1, 2);"
        "INSERT INTO ban (kind, person_id, title, reason, made_ms) VALUES (2, 1, 'AnnMark', 'loud', 1);"
        "INSERT INTO ban (kind, fold, title, reason, made_ms, by_person) VALUES (2, 'x', 'x', 'y', 1, 1);"
        "INSERT INTO invite (hash, person_id, made_ms, until_ms, uses) VALUES (zeroblob(16), 1, 1, 2, 1);"
        "INSERT INTO held (room, made_ms, name, id, text, person_id, why)"
        " VALUES ('lobby', 1, 'AnnMark', 'i', 'HELDSECRET', 1, 'newcomer');"
        "INSERT INTO report (message_id, reporter, reason, made_ms) VALUES (68719476737, x'AA', 'SECRET!', 1);"
        "INSERT INTO audit (time_ms, person_id, who, act) VALUES (1, 1, 'AnnMark', 'report');"
        "INSERT INTO audit (time_ms, who, act, subject) VALUES (1, 'bob', 'ban', 'AnnMark');"
        "UPDATE message SET name = 'AnnMark', id = 'AnnMark' || message_id, id_sent = 1 WHERE person_id = 1");
}

static void erase_person_wholly(struct store *s, uint64_t person, uint64_t *erased)
{
    const struct store_whom whom = {.person = person};
    bool left = true;
    act(s, store_erase_person(s, &whom, NULL));
    for (*erased = 0; left;) {
        struct store_changes changes = {.count = 0};
        uint64_t count = 0;
        assert_int_equal(store_erase_step(s, &changes, &count, &left, NULL), 0);
        *erased += count;
        store_changes_fini(&changes);
    }
}

static void nothing_of_an_erased_person_is_in_any_file(void **state)
{
    struct place *p = *state;
    uint64_t erased = 0;
    struct store *s = open_store(p, STORE_WRITE);
    flood(s);
    for (int i = 0; i < 600; i++) { /* more than one step erases */
        say(s, "third", i % 3 == 0 ? "kim" : "ann", i % 3 == 0 ? "stays" : "SECRET");
    }
    people(p);
    know_more(p);
    erase_person_wholly(s, 1, &erased);
    assert_int_equal(erased, 7 + 10 + 400);
    assert_int_equal(files_with(p, "AnnMark"), 0);
    assert_int_equal(files_with(p, "HELDSECRET"), 0);
    assert_int_equal(files_with(p, "SECRET!"), 0);
    assert_int_equal(files_with(p, "annlook"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE text = 'SECRET'"), 3); /* far, bob, kim */
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE text = 'stays'"), 200);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE person_id = 1 OR name = 'ann'"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE state = 1 AND network IS NULL"), 417);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM person"), 1);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM ban"), 1);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM audit WHERE 'erased' IN (who, subject)"), 2);
    assert_true(ask_number(p, "SELECT count(*) FROM message WHERE type = 3") >= 3);
    store_close(s);
}

static void an_erasure_that_was_broken_off_goes_on_in_quiet_times(void **state)
{
    struct place *p = *state;
    struct store_changes changes = {.count = 0};
    const struct store_whom ann = {.room = "lobby", .seq = 1};
    const struct store_terms_kept terms = {.address_days = 100000, .audit_days = 100000, .name_keep_days = 100000};
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 0; i < 900; i++) {
        say(s, i % 2 == 0 ? "lobby" : "other", "ann", "SECRET");
    }
    people(p);
    act(s, store_erase_person(s, &ann, NULL));
    store_close(s); /* as if killed */
    s = open_store(p, STORE_WRITE);
    int steps = 0;
    for (; store_retain_is_due(s, &terms, clock_wall_ms()); steps++) {
        assert_int_equal(store_retain_step(s, &terms, clock_wall_ms(), &changes, NULL), 0);
    }
    assert_true(steps > 4);
    assert_int_equal(changes.count, 2); /* both rooms have new messages */
    store_changes_fini(&changes);
    const struct store_options options = options_of(p);
    store_rest(&options, true);
    assert_int_equal(files_with(p, "SECRET"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM person"), 1);
    store_close(s);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(an_erased_message_keeps_its_seq_and_readers_are_told),
        STORE_CASE(only_messages_can_be_erased_or_hidden),
        STORE_CASE(a_hidden_message_can_be_shown_again),
        STORE_CASE(a_moderators_message_is_not_hidden_by_reports),
        STORE_CASE(all_messages_of_a_person_since_a_time_are_erased_with_one_event_a_room),
        STORE_CASE(all_messages_of_a_network_are_erased_but_those_of_moderators),
        STORE_CASE(newcomers_of_the_networks_that_several_write_from_are_erased),
        STORE_CASE(nobody_erases_messages_of_the_same_rank),
        STORE_CASE(nothing_of_an_erased_person_is_in_any_file),
        STORE_CASE(an_erasure_that_was_broken_off_goes_on_in_quiet_times),
    };
    const struct CMUnitTest of_files[] = {
        IN_BOTH_MODES(an_erased_text_is_in_no_file_when_the_act_is_committed),
        IN_WAL(a_text_that_a_long_reader_still_needs_is_gone_when_the_store_rests),
        IN_BOTH_MODES(a_row_that_another_program_deleted_is_overwritten_too),
        IN_WAL(a_process_that_is_killed_while_it_cuts_the_log_is_no_loss),
    };
    quiet_log();
    int failed = RUN_OF_SQLITE(of_files);
    return RUN_FOR_EACH_STORE(cases) + failed;
}
