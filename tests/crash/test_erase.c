/* test_erase.c - erased texts are gone from all files, whenever a process dies, and whatever others
 * do meanwhile.
 *
 * The process that erases dies before its first change of a file, before its second, and so on. If
 * it had answered, no file has the text, byte by byte. If it hadn't, the text is either there as
 * before, or gone when the next process has opened the chat and rested.
 */
#include "../unit/erase_support.h"
#include "fault_vfs.h"

#include <time.h>

enum { TURNS = 100000 /* minutes: a test that fails leaves no process for ever */ };
enum { TOLD = 7, MESSAGES = 60, NOW_DAYS = 1000 };

static int pipe_ends[2];

static void tell_answered(void)
{
    NEED(write(pipe_ends[1], "a", 1) == 1);
}

static void fill_chat(const struct place *p)
{
    static const char *const rooms[] = {"a", "b", "c"};
    char text[MARKED_SIZE];
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 0; i < MESSAGES; i++) {
        marked(text, i % 3 == 1 ? "SECRET" : "OTHERS", i, i % 5 == 0 ? 6000 : 150);
        say(s, rooms[i % 7 % 3], i % 3 == 1 ? "ann" : "bob", text);
    }
    store_close(s);
    run_sql(p,
            "INSERT INTO person (person_id, mark, first_ms, seen_ms) VALUES (1, 1, 1, 1);"
            "UPDATE message SET person_id = 1 WHERE name = 'ann'; UPDATE meta SET upkept_ms = %lld",
            (long long)(NOW_DAYS * DAY_MS));
}

static void commit_in_child(struct store *s)
{
    struct store_changes changes = {.count = 0};
    NEED(store_act_commit(s, NULL, &changes, NULL) == 0);
    store_changes_fini(&changes);
}

/* ---- what is done until the process dies ---- */

static void erase_messages(const struct place *p, int die_at)
{
    struct err e = ERR_INIT;
    const struct store_erase_recent ann = {.whom = {.person = 1}, .since_ms = 0};
    uint64_t count = 0;
    memset(&fault, 0, sizeof fault);
    fault.die_at = die_at;
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    NEED(store_act_begin(s, NULL, "tester", NULL) == 0);
    NEED(store_erase_recent(s, &ann, &count, NULL) == 0 && count == MESSAGES / 3);
    commit_in_child(s);
    tell_answered();
    say(s, "a", "bob", "goes on");
    store_close(s);
    _exit(TOLD);
}

static void erase_person(const struct place *p, int die_at)
{
    struct err e = ERR_INIT;
    const struct store_whom ann = {.person = 1};
    bool left = true;
    memset(&fault, 0, sizeof fault);
    fault.die_at = die_at;
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    NEED(store_act_begin(s, NULL, "tester", NULL) == 0 && store_erase_person(s, &ann, NULL) == 0);
    commit_in_child(s);
    while (left) {
        struct store_changes changes = {.count = 0};
        uint64_t count = 0;
        NEED(store_erase_step(s, &changes, &count, &left, NULL) == 0);
        store_changes_fini(&changes);
    }
    tell_answered();
    say(s, "a", "bob", "goes on");
    store_close(s);
    _exit(TOLD);
}

static const struct store_terms_kept terms = {
    .keep_count = 2, .address_days = 100000, .audit_days = 100000, .name_keep_days = 100000};

static void retain_all(struct store *s)
{
    struct store_changes changes = {.count = 0};
    while (store_retain_is_due(s, &terms, NOW_DAYS * DAY_MS)) {
        NEED(store_retain_step(s, &terms, NOW_DAYS * DAY_MS, &changes, NULL) == 0);
    }
    store_changes_fini(&changes);
}

static void retain(const struct place *p, int die_at)
{
    struct err e = ERR_INIT;
    const struct store_options options = options_of(p);
    memset(&fault, 0, sizeof fault);
    fault.die_at = die_at;
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    retain_all(s);
    store_close(s);
    store_rest(&options, true);
    tell_answered();
    _exit(TOLD);
}

/* ---- what is left ---- */

static int secrets_in_rows(const struct place *p)
{
    return (int)ask_number(p, "SELECT count(*) FROM message WHERE text GLOB 'SECRET*'");
}

static bool was_answered(void)
{
    char byte = 0;
    close(pipe_ends[1]);
    bool was = read(pipe_ends[0], &byte, 1) == 1;
    close(pipe_ends[0]);
    return was;
}

/* Returns false when the process had nothing left to die at. */
static bool die_once(const struct place *p, void (*run)(const struct place *p, int die_at), int die_at)
{
    const struct store_options options = options_of(p);
    remove_tree(p->folder);
    memset(&fault, 0, sizeof fault);
    fill_chat(p);
    assert_int_equal(pipe(pipe_ends), 0);
    int status = wait_child(start_child(run, p, die_at));
    bool ended = WIFEXITED(status) && WEXITSTATUS(status) == TOLD;
    assert_true(ended || (WIFEXITED(status) && WEXITSTATUS(status) == 42));
    if (was_answered() && run != retain) {
        assert_int_equal(files_with(p, "SECRET"), 0);
    }
    struct store *s = open_store(p, STORE_WRITE);
    if (run == erase_person) {
        const struct store_terms_kept none = {.address_days = 100000, .audit_days = 100000, .name_keep_days = 100000};
        struct store_changes changes = {.count = 0};
        while (store_retain_is_due(s, &none, NOW_DAYS * DAY_MS)) {
            assert_int_equal(store_retain_step(s, &none, NOW_DAYS * DAY_MS, &changes, NULL), 0);
        }
        store_changes_fini(&changes);
    } else if (run == retain) {
        retain_all(s);
    }
    store_close(s);
    store_rest(&options, true);
    int secrets = secrets_in_rows(p);
    if (run == retain) {
        assert_true(secrets <= 6);
        assert_int_equal(ask_number(p, "SELECT count(*) FROM message"), 6);
        assert_int_equal(files_with(p, "SECRET000001."), 0);
        assert_int_equal(files_with(p, "OTHERS000000."), 0);
    } else {
        assert_true(secrets == 0 || secrets == MESSAGES / 3);
        assert_int_equal(secrets == 0 ? files_with(p, "SECRET") : 0, 0);
        assert_int_equal(ask_number(p, "SELECT count(*) FROM message WHERE text GLOB 'OTHERS*'"), 2 * MESSAGES / 3);
    }
    assert_int_equal(ask_number(p, "SELECT scrub FROM meta"), 0);
    assert_int_equal(check_place(p), 0);
    return !ended;
}

static void die_at_each_step(const struct place *p, void (*run)(const struct place *p, int die_at))
{
    int die_at = 1;
    while (die_once(p, run, die_at)) {
        die_at++;
    }
    assert_true(die_at > 20);
}

static void erased_messages_are_in_no_file_after_a_kill_at_each_step(void **state)
{
    die_at_each_step(*state, erase_messages);
}

static void an_erased_person_is_in_no_file_after_a_kill_at_each_step(void **state)
{
    die_at_each_step(*state, erase_person);
}

static void forgotten_messages_are_in_no_file_after_a_kill_at_each_step(void **state)
{
    die_at_each_step(*state, retain);
}

/* ---- while others are at work ---- */

/* So that the files stay small, and others get their turn. */
static const struct timespec pause_between = {.tv_nsec = 3000000};

static void keep_writing(const struct place *p, int number)
{
    struct err e = ERR_INIT;
    char text[MARKED_SIZE];
    struct store *s = try_open(p, STORE_WRITE, &e);
    NEED(s != NULL);
    for (int i = 0; i < TURNS; i++) {
        marked(text, "noise", i + number * 100000, (size_t)(i * 37 % 3000));
        say(s, i % 2 == 0 ? "a" : "b", "kim", text);
        nanosleep(&pause_between, NULL);
    }
}

static void keep_reading(const struct place *p, int number)
{
    struct err e = ERR_INIT;
    struct store *s = try_open(p, STORE_READ, &e);
    NEED(s != NULL);
    for (int i = 0; i < TURNS; i++) {
        struct store_page page;
        (void)number;
        NEED(read_room(s, "a", 0, &page, &e) == 0);
        store_page_fini(&page);
        nanosleep(&pause_between, NULL);
    }
}

static void no_file_has_an_erased_text_while_others_write_and_read(void **state)
{
    struct place *p = *state;
    const struct store_options options = options_of(p);
    char text[MARKED_SIZE];
    fill_chat(p);
    struct store *s = open_store(p, STORE_WRITE);
    pid_t others[] = {start_child(keep_writing, p, 0), start_child(keep_writing, p, 1),
                      start_child(keep_reading, p, 0)};
    for (int i = 0; i < 25; i++) {
        struct store_page page;
        uint64_t event = 0;
        marked(text, "HIDDEN", i, i % 4 == 0 ? 7000 : 100);
        say(s, "a", "ann", text);
        const struct store_range last = {.room = "a", .since = 0, .limit = 50, .budget = SIZE_MAX, .backwards = true};
        assert_int_equal(store_read(s, &last, &page, NULL), 0);
        uint64_t seq = 0;
        for (size_t j = 0; j < page.count; j++) {
            seq = strcmp(page.messages[j].text, text) == 0 ? page.messages[j].seq : seq;
        }
        store_page_fini(&page);
        assert_true(seq > 0);
        act(s, store_erase_message(s, "a", seq, &event, NULL));
        for (int tries = 0; ask_number(p, "SELECT scrub FROM meta") != 0; tries++) {
            assert_true(tries < 1000);
            store_rest(&options, false);
        }
        text[13] = '\0';
        assert_int_equal(files_with(p, text), 0);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(kill(others[i], SIGKILL), 0);
        int status = wait_child(others[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(no_file_has_an_erased_text_while_others_write_and_read),
        IN_BOTH_MODES(erased_messages_are_in_no_file_after_a_kill_at_each_step),
        IN_BOTH_MODES(an_erased_person_is_in_no_file_after_a_kill_at_each_step),
        IN_BOTH_MODES(forgotten_messages_are_in_no_file_after_a_kill_at_each_step),
    };
    quiet_log();
    fault_install();
    return RUN(tests);
}
