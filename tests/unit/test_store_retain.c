/* test_store_retain.c - old messages, addresses, names: what the store forgets by itself, on a
 * simulated clock (store_retain.h). */
#include "erase_support.h"

#define NOW (INT64_C(1000) * DAY_MS)
#define HOUR_MS (DAY_MS / 24)

static uint64_t random_state = 4;

static const struct store_terms_kept forever = {.address_days = 7, .audit_days = 365, .name_keep_days = 30};

/* Until nothing is due. Returns how many steps it took. */
static int retain(struct store *s, const struct store_terms_kept *terms, int64_t now_ms, bool *oldest_moved)
{
    struct store_changes changes = {.count = 0};
    int steps = 0;
    for (; store_retain_is_due(s, terms, now_ms); steps++) {
        assert_true(steps < 10000);
        assert_int_equal(store_retain_step(s, terms, now_ms, &changes, NULL), 0);
    }
    if (oldest_moved != NULL) {
        *oldest_moved = changes.oldest_moved;
    }
    store_changes_fini(&changes);
    return steps;
}

static void say_many(struct store *s, const char *room, int count)
{
    for (int i = 0; i < count; i++) {
        say(s, room, "ann", "SECRET");
    }
}

/* Message seq of each room was sent so many hours before NOW: total - seq. */
static void set_times(const struct place *p)
{
    run_sql(p,
            "UPDATE message SET time_ms = %lld - ((SELECT head FROM room WHERE room.room_id = message.room_id) - seq)"
            " * %lld; UPDATE meta SET upkept_ms = %lld",
            (long long)NOW, (long long)HOUR_MS, (long long)NOW);
}

static uint64_t oldest_of(struct store *s, const char *room)
{
    struct store_room found;
    assert_int_equal(store_room(s, room, &found, NULL), 0);
    return found.oldest;
}

static void without_terms_nothing_is_forgotten(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    say_many(s, "lobby", 30);
    set_times(p);
    assert_int_equal(retain(s, &forever, NOW, NULL), 0);
    assert_int_equal(oldest_of(s, "lobby"), 1);
    store_close(s);
}

static void the_newest_messages_of_a_room_are_kept_by_number(void **state)
{
    struct place *p = *state;
    struct store_terms_kept terms = forever;
    bool moved = false;
    struct store *s = open_store(p, STORE_WRITE);
    say_many(s, "lobby", 1000);
    say_many(s, "small", 109);
    set_times(p);
    terms.keep_count = 100;
    assert_true(retain(s, &terms, NOW, &moved) >= 5); /* small steps */
    assert_true(moved);
    assert_int_equal(oldest_of(s, "lobby"), 901);
    assert_int_equal(oldest_of(s, "small"), 1); /* less than a tenth too many */
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE room_id = 1"), 100);
    say(s, "lobby", "ann", "goes on");
    assert_int_equal(ask_number(p, "SELECT head FROM room WHERE room_id = 1"), 1001);
    store_close(s);
}

static void messages_are_kept_by_age(void **state)
{
    struct place *p = *state;
    struct store_terms_kept terms = forever;
    struct store *s = open_store(p, STORE_WRITE);
    say_many(s, "lobby", 240); /* ten days */
    set_times(p);
    terms.keep_days = 2;
    retain(s, &terms, NOW, NULL);
    assert_int_equal(oldest_of(s, "lobby"), 240 - 48);
    retain(s, &terms, NOW + 100 * DAY_MS, NULL);
    assert_int_equal(oldest_of(s, "lobby"), 241); /* none is left, and the head stays */
    assert_int_equal(ask_number(p, "SELECT head FROM room"), 240);
    say(s, "lobby", "ann", "again");
    assert_int_equal(ask_number(p, "SELECT head FROM room"), 241);
    store_close(s);
}

static void a_rooms_own_terms_win_also_if_they_keep_all(void **state)
{
    struct place *p = *state;
    struct store_terms_kept terms = forever;
    struct store *s = open_store(p, STORE_WRITE);
    say_many(s, "all", 300);
    say_many(s, "few", 300);
    say_many(s, "site", 300);
    set_times(p);
    run_sql(p, "UPDATE room SET keep_count = 0, keep_days = 0 WHERE name = 'all';"
               "UPDATE room SET keep_count = 10 WHERE name = 'few'");
    terms.keep_count = 50;
    retain(s, &terms, NOW, NULL);
    assert_int_equal(oldest_of(s, "all"), 1);
    assert_int_equal(oldest_of(s, "few"), 291);
    assert_int_equal(oldest_of(s, "site"), 251);
    store_close(s);
}

/* A model keeps what must be kept; the store may keep a tenth or an hour more, and never less. */
static void nothing_newer_goes_whatever_the_terms(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    for (int room = 0; room < 12; room++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", room);
        say_many(s, name, 1 + (int)(support_random(&random_state) % 500));
    }
    set_times(p);
    for (int round = 0; round < 12; round++) {
        struct store_terms_kept terms = forever;
        terms.keep_days = support_random(&random_state) % 4 == 0 ? 0 : 20 - support_random(&random_state) % 18;
        terms.keep_count = support_random(&random_state) % 3 == 0 ? 0 : 1 + support_random(&random_state) % 450;
        int64_t now = NOW + round * HOUR_MS;
        retain(s, &terms, now, NULL);
        for (int room = 0; room < 12; room++) {
            char name[16];
            struct store_room found;
            static uint64_t gone[12]; /* by rounds before */
            gone[room] = round == 0 ? 0 : gone[room];
            snprintf(name, sizeof name, "r%d", room);
            assert_int_equal(store_room(s, name, &found, NULL), 0);
            uint64_t by_count = terms.keep_count > 0 && found.head > terms.keep_count ? found.head - terms.keep_count
                                                                                      : 0;
            int64_t hours = (int64_t)terms.keep_days * 24 - round; /* messages of so many hours before the head stay */
            uint64_t by_age = terms.keep_days > 0 && (int64_t)found.head > hours
                                  ? (uint64_t)((int64_t)found.head - hours - 1)
                                  : 0;
            uint64_t must_go = by_count > by_age ? by_count : by_age;
            uint64_t most = must_go > gone[room] ? must_go : gone[room];
            uint64_t slack = terms.keep_count / 10 < 200 ? terms.keep_count / 10 : 200;
            assert_true(found.oldest <= most + 1);
            assert_true(found.oldest + (slack > 2 ? slack : 2) >= must_go + 1);
            gone[room] = found.oldest - 1;
        }
        assert_int_equal(check_place(p), 0);
    }
    store_close(s);
}

static void a_forgotten_text_is_in_no_file_when_the_store_has_rested(void **state)
{
    struct place *p = *state;
    struct store_terms_kept terms = forever;
    const struct store_options options = options_of(p);
    char text[MARKED_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    struct store *reader = open_store(p, STORE_READ);
    for (int i = 0; i < 900; i++) {
        marked(text, i < 600 ? "SECRET" : "kept", i, i % 7 == 0 ? 7000 : 100);
        say(s, i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c", "ann", text);
    }
    set_times(p);
    terms.keep_count = 100;
    retain(s, &terms, NOW, NULL);
    store_rest(&options, true);
    assert_int_equal(files_with(p, "SECRET"), 0);
    assert_true(files_with(p, "kept000700.") > 0);
    store_close(reader);
    store_close(s);
    assert_int_equal(files_with(p, "SECRET"), 0);
}

static void pages_that_became_free_are_returned(void **state)
{
    struct place *p = *state;
    struct store_terms_kept terms = forever;
    const struct store_options options = options_of(p);
    static char text[MARKED_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    struct store *other = open_store(p, STORE_WRITE);
    for (int i = 0; i < 2000; i++) {
        marked(text, "text", i, 4000);
        say(s, "lobby", "ann", text);
    }
    set_times(p);
    say(other, "other", "ann", "a"); /* it knows the long file */
    store_rest(&options, true);
    off_t before = size_of(p, "chat.db");
    terms.keep_count = 50;
    retain(s, &terms, NOW, NULL);
    store_rest(&options, true);
    assert_true(size_of(p, "chat.db") < before / 4);
    /* Another process takes the shorter file for what it is. */
    say(other, "other", "ann", "b");
    assert_false(store_is_stale(other));
    assert_int_equal(find_files(p, "chat-", NULL, 0), 0);
    store_close(other);
    store_close(s);
}

static void networks_are_forgotten_after_their_days(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    say_many(s, "lobby", 400);
    set_times(p);
    run_sql(p, "UPDATE message SET network = x'0000000104AAAAAAAAAAAABBBBBBBBBBBB'");
    assert_true(retain(s, &forever, NOW, NULL) > 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE network IS NOT NULL"), 7 * 24 + 1);
    assert_int_equal(ask_number(p, "SELECT min(seq) FROM message WHERE network IS NOT NULL"), 400 - 7 * 24);
    assert_int_equal(retain(s, &forever, NOW + HOUR_MS / 2, NULL), 0);
    assert_true(retain(s, &forever, NOW + 2 * DAY_MS, NULL) > 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE network IS NOT NULL"), 5 * 24 + 1);
    store_close(s);
}

static void make_endings(const struct place *p)
{
    static const int ages[] = {0, 2, 9, 31, 366};
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        long long at = (long long)(NOW - ages[i] * DAY_MS);
        int n = (int)i + 1;
        run_sql(
            p,
            "INSERT INTO person (person_id, mark, first_ms, seen_ms) VALUES (%d, 1, 1, %lld);"
            "INSERT INTO key VALUES (x'0000000000000000000000000000000%d', %d, 1);"
            "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms, used_room) VALUES ('n%d', 'n%d', 'n%d', %d, 1, %lld, NULL);"
            "INSERT INTO network_secret VALUES (%d, zeroblob(32), %lld);"
            "INSERT INTO ban (kind, fold, title, reason, made_ms, until_ms) VALUES (1, 'f', 't', 'r', 1, %lld);"
            "INSERT INTO invite (hash, made_ms, until_ms, uses) VALUES (x'0000000000000000000000000000000%d', 1, %lld, 1);"
            "INSERT INTO held (room, made_ms, name, id, text, network, why)"
            " VALUES ('lobby', %lld, 'n', 'i%d', 'HELD%d', zeroblob(17), 'word');"
            "INSERT INTO report (message_id, reporter, reason, made_ms, settled_ms)"
            " VALUES (68719476737, zeroblob(%d), 'r', 1, %lld);"
            "INSERT INTO audit (time_ms, who, act) VALUES (%lld, 'w', 'a');",
            n, at, n, n, n, n, n, n, at, n, at, at, n, at, at, n, n, n, at, at);
    }
    /* In the order of their times. */
    run_sql(p, "DELETE FROM audit; INSERT INTO audit (time_ms, who, act) VALUES (%lld, 'w', 'old'), (%lld, 'w', 'new')",
            (long long)(NOW - 366 * DAY_MS), (long long)NOW);
}

static void what_ends_is_forgotten_at_its_time(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    const struct store_options options = options_of(p);
    say(s, "lobby", "ann", "one");
    make_endings(p);
    /* Not forgotten: a banned person, one with a role, also in a room, a trusted one, the secret of
     * a ban. */
    run_sql(
        p,
        "INSERT INTO person (person_id, role, mark, first_ms, seen_ms) VALUES (11, 2, 1, 1, 1), (12, 3, 1, 1, 1), (13, 2, 1, 1, 1), (14, 2, 1, 1, 1);"
        "INSERT INTO room_role (person_id, room_id, role) VALUES (13, 1, 3);"
        "UPDATE person SET trusted = 1 WHERE person_id = 14;"
        "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms, used_room) VALUES ('here', 'here', 'here', 13, 1, 1, NULL);"
        "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms, used_room) VALUES ('mod', 'mod', 'mod', 12, 1, 1, NULL);"
        "INSERT INTO network_secret VALUES (100, zeroblob(32), 1);"
        "INSERT INTO ban (kind, network, title, reason, made_ms)"
        " VALUES (1, x'0000006400000000000000000000000000', 't', 'r', 1);"
        "INSERT INTO ban (kind, person_id, title, reason, made_ms) VALUES (2, 11, 't', 'r', 1);"
        "INSERT INTO network_secret VALUES (200, zeroblob(32), %lld)",
        (long long)NOW);
    uint64_t rules = rules_number(s);
    assert_true(retain(s, &forever, NOW, NULL) > 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM name"),
                     3 + 2); /* used 0, 2, 9 days ago, and the moderators' */
    assert_int_equal(ask_number(p, "SELECT count(*) FROM person"), 3 + 4);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM key"), 3);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM ban"), 1 + 2); /* ended now, and the two without end */
    assert_int_equal(ask_number(p, "SELECT count(*) FROM invite"), 1);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM held"), 3);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM held WHERE network IS NOT NULL"), 2);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM report"), 3);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM audit WHERE act = 'old'"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM audit WHERE act = 'new'"), 1);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM network_secret"), 2 + 2);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM network_secret WHERE secret_id = 100"), 1);
    assert_true(rules_number(s) > rules); /* secrets are a part of them */
    store_rest(&options, true);
    assert_int_equal(files_with(p, "HELD5"), 0);
    assert_int_equal(files_with(p, "HELD3") > 0, 1);
    assert_int_equal(retain(s, &forever, NOW + HOUR_MS - 1, NULL), 0);
    assert_true(retain(s, &forever, NOW + HOUR_MS, NULL) > 0);
    store_close(s);
}

static void many_things_end_in_small_steps(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    run_sql(
        p,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        " INSERT INTO person (person_id, mark, first_ms, seen_ms) SELECT i, 1, 1, 1 FROM n;"
        "INSERT INTO name (fold, look, name, person_id, claimed_ms, used_ms, used_room) SELECT 'n' || person_id, 'l', 'n', person_id, 1, 1, NULL FROM person;"
        "INSERT INTO key SELECT randomblob(16), person_id, 1"
        " FROM person WHERE person_id < 1000");
    assert_true(retain(s, &forever, NOW, NULL) >= 5);
    assert_int_equal(ask_number(p, "SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM name)"), 0);
    assert_int_equal(ask_number(p, "SELECT count(*) FROM key"), 0);
    store_close(s);
}

static void a_clock_that_was_set_back_stops_nothing(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_WRITE);
    assert_int_equal(retain(s, &forever, NOW, NULL), 1);
    assert_int_equal(retain(s, &forever, NOW, NULL), 0);
    assert_int_equal(retain(s, &forever, NOW - 500 * DAY_MS, NULL), 1);
    assert_int_equal(retain(s, &forever, 0, NULL), 1); /* a machine without a clock */
    store_close(s);
}

int main(void)
{
    static const struct store_case cases[] = {
        STORE_CASE(without_terms_nothing_is_forgotten),
        STORE_CASE(the_newest_messages_of_a_room_are_kept_by_number),
        STORE_CASE(messages_are_kept_by_age),
        STORE_CASE(a_rooms_own_terms_win_also_if_they_keep_all),
        STORE_CASE(nothing_newer_goes_whatever_the_terms),
        STORE_CASE(a_forgotten_text_is_in_no_file_when_the_store_has_rested),
        STORE_CASE(networks_are_forgotten_after_their_days),
        STORE_CASE(what_ends_is_forgotten_at_its_time),
        STORE_CASE(many_things_end_in_small_steps),
        STORE_CASE(a_clock_that_was_set_back_stops_nothing),
    };
    const struct CMUnitTest of_files[] = {
        IN_BOTH_MODES(pages_that_became_free_are_returned),
    };
    quiet_log();
    int failed = RUN_OF_SQLITE(of_files);
    return RUN_FOR_EACH_STORE(cases) + failed;
}
