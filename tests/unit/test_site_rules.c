/* test_site_rules.c - site/site_rules.h: a process keeps the rules as long as they are the
 * database's, learns of new ones at once, and asks no store while nothing is restricted.
 */
#include "store_support.h"

#include "base/clock.h"
#include "site/positions.h"
#include "site/site.h"
#include "site/site_rules.h"
#include "store/store_act.h"
#include "store/store_setup.h"
#include "system/conf.h"

/* A process of the site. */
struct member {
    char data[320];
    struct site *site;
};

static void member_init(struct member *m, const struct place *p, enum store_mode mode)
{
    memset(m, 0, sizeof *m);
    snprintf(m->data, sizeof m->data, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {m->data, NULL};
    m->site = site_new(mode, false, NULL);
    NEED(site_conf(m->site, environment, NULL) != NULL);
}

static void member_fini(struct member *m)
{
    site_free(m->site);
}

/* Another process sets what a room is; rings: as the committer does. */
static void set_kind(const struct place *p, const char *room, enum store_room_kind kind, bool rings)
{
    struct member m;
    struct positions_commit c;
    struct store_changes changes = {.count = 0};
    struct err e = ERR_INIT;
    const struct store_room_setup setup = {.parts = STORE_SETUP_KIND, .kind = kind};
    member_init(&m, p, STORE_WRITE);
    struct store *store = site_borrow(m.site, NULL);
    NEED(store != NULL);
    if (rings) {
        positions_commit_begin(site_positions(m.site), store, &c);
    }
    NEED(store_act_begin(store, NULL, "test", &e) == 0);
    NEED(store_setup_room(store, room, &setup, &e) == 0);
    NEED(store_act_commit(store, NULL, &changes, &e) == 0);
    if (rings) {
        positions_commit_changed(site_positions(m.site), &c, &changes, &e);
    }
    store_changes_fini(&changes);
    site_return(m.site, store);
    member_fini(&m);
}

/* The kind of a room, and the number of the rules that say it. */
static enum store_room_kind kind_in(struct member *m, const char *room, uint64_t *number)
{
    struct standing_room found;
    struct err e = ERR_INIT;
    const struct rules *r = site_rules_take(m->site, &e);
    if (r == NULL) {
        fail_msg("%s", e.text);
    }
    standing_room(r, room, 1, &found);
    *number = rules_number(r);
    rules_release(r);
    return found.kind;
}

static void new_rules_are_known_at_once_in_other_processes(void **state)
{
    const struct place *p = *state;
    struct member m;
    uint64_t first = 0;
    uint64_t second = 0;
    member_init(&m, p, STORE_READ);
    assert_int_equal(kind_in(&m, "den", &first), STORE_ROOM_OPEN);
    set_kind(p, "den", STORE_ROOM_LOCKED, true);
    assert_int_equal(kind_in(&m, "den", &second), STORE_ROOM_LOCKED);
    assert_true(second > first);
    member_fini(&m);
}

static void the_same_rules_are_shared_until_they_change(void **state)
{
    const struct place *p = *state;
    struct member m;
    member_init(&m, p, STORE_READ);
    const struct rules *first = site_rules_take(m.site, NULL);
    const struct rules *second = site_rules_take(m.site, NULL);
    assert_ptr_equal(first, second);
    set_kind(p, "den", STORE_ROOM_LOCKED, true);
    const struct rules *third = site_rules_take(m.site, NULL);
    assert_ptr_not_equal(first, third);
    assert_int_equal(rules_store(first)->room_count, 0); /* what a thread has stays as it is */
    rules_release(first);
    rules_release(second);
    rules_release(third);
    member_fini(&m);
}

static void a_program_that_does_not_ring_is_noticed_by_the_stamp_of_the_files(void **state)
{
    const struct place *p = *state;
    struct member m;
    uint64_t number = 0;
    member_init(&m, p, STORE_READ);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    set_kind(p, "den", STORE_ROOM_LOCKED, false);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_LOCKED);
    member_fini(&m);
}

/* A process whose watcher looks for news: it believes the bell without a look at the files. */
static void watch(struct member *m, struct positions_watch *w, int rounds)
{
    struct store *store = site_borrow(m->site, NULL);
    NEED(store != NULL);
    for (int i = 0; i < rounds; i++) {
        positions_watch(site_positions(m->site), w, store, false);
    }
    site_return(m->site, store);
}

static void a_silent_change_reaches_a_process_that_watches_the_bell(void **state)
{
    const struct place *p = *state;
    struct positions_watch w = {.bell = NULL};
    struct member m;
    uint64_t number = 0;
    member_init(&m, p, STORE_READ);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    watch(&m, &w, 3);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    set_kind(p, "den", STORE_ROOM_LOCKED, false);
    watch(&m, &w, 3);
    clock_sleep_ms(150); /* as long as a process believes that a bell is in step */
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_LOCKED);
    member_fini(&m);
}

/* A process that is killed between the commit of an act and its ring. */
static void set_kind_and_die(const struct place *p, const char *room, enum store_room_kind kind)
{
    pid_t child = fork();
    if (child == 0) {
        struct member m;
        struct positions_commit c;
        struct store_changes changes = {.count = 0};
        const struct store_room_setup setup = {.parts = STORE_SETUP_KIND, .kind = kind};
        member_init(&m, p, STORE_WRITE);
        struct store *store = site_borrow(m.site, NULL);
        positions_commit_begin(site_positions(m.site), store, &c);
        bool done = store_act_begin(store, NULL, "test", NULL) == 0 &&
                    store_setup_room(store, room, &setup, NULL) == 0 &&
                    store_act_commit(store, NULL, &changes, NULL) == 0;
        _exit(done ? 0 : 1);
    }
    int status = -1;
    NEED(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void an_act_whose_process_was_killed_counts_in_a_process_that_watches_the_bell(void **state)
{
    const struct place *p = *state;
    struct positions_watch w = {.bell = NULL};
    struct member m;
    uint64_t number = 0;
    member_init(&m, p, STORE_READ);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    watch(&m, &w, 3);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    set_kind_and_die(p, "den", STORE_ROOM_LOCKED);
    watch(&m, &w, 3);
    clock_sleep_ms(1100);              /* beside a writer, the last rules are believed for a second */
    (void)kind_in(&m, "den", &number); /* finds that the writer is gone */
    clock_sleep_ms(150);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_LOCKED);
    member_fini(&m);
}

/* Reads rules and positions, as a poll does. */
static void poll_once(struct member *m)
{
    struct positions_asked asked;
    struct store_room found;
    struct answer_room rooms[] = {{.name = "lobby"}};
    uint64_t number = 0;
    (void)kind_in(m, "lobby", &number);
    struct store *store = site_borrow(m->site, NULL);
    positions_ask(site_positions(m->site), store, &asked);
    assert_int_equal(store_read_begin(store, NULL), 0);
    assert_int_equal(store_room(store, "lobby", &found, NULL), 0);
    positions_learn(&asked, rooms, 1);
    store_read_end(store);
    site_return(m->site, store);
}

static void while_all_may_read_all_a_new_process_needs_no_rules(void **state)
{
    const struct place *p = *state;
    struct member first;
    struct member second;
    member_init(&first, p, STORE_READ);
    assert_false(site_rules_are_plain(first.site)); /* no process has looked yet */
    poll_once(&first);
    poll_once(&first); /* the bell has a stamp now, by the first one */
    member_init(&second, p, STORE_READ);
    assert_true(site_rules_are_plain(second.site));
    set_kind(p, "den", STORE_ROOM_MEMBERS, true);
    assert_false(site_rules_are_plain(second.site));
    poll_once(&first);
    assert_false(site_rules_are_plain(second.site));
    set_kind(p, "den", STORE_ROOM_READ_ONLY, true);
    poll_once(&first);
    assert_true(site_rules_are_plain(second.site));
    member_fini(&second);
    member_fini(&first);
}

static void a_settings_file_that_restricts_reading_counts_whatever_other_processes_say(void **state)
{
    const struct place *p = *state;
    struct member m;
    struct member strict;
    char data[320];
    member_init(&m, p, STORE_READ);
    poll_once(&m);
    poll_once(&m);
    assert_true(site_rules_are_plain(m.site));
    snprintf(data, sizeof data, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {data, "POLLCHAT_ROOM_KIND=members", NULL};
    strict.site = site_new(STORE_READ, false, NULL);
    assert_non_null(site_conf(strict.site, environment, NULL));
    assert_false(site_rules_are_plain(strict.site));
    member_fini(&strict);
    member_fini(&m);
}

/* A folder stands where the bell's file would be. */
static void without_a_bell_new_rules_are_known_within_a_second(void **state)
{
    const struct place *p = *state;
    struct member m;
    char path[320];
    uint64_t number = 0;
    int64_t begin = 0;
    snprintf(path, sizeof path, "%s/chat.bell", p->folder);
    (void)mkdir(p->folder, 0700);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    member_init(&m, p, STORE_READ);
    assert_int_equal(kind_in(&m, "den", &number), STORE_ROOM_OPEN);
    begin = clock_mono_ms();
    set_kind(p, "den", STORE_ROOM_LOCKED, true);
    while (kind_in(&m, "den", &number) != STORE_ROOM_LOCKED) {
        assert_true(clock_mono_ms() - begin < PATIENCE_MS);
        clock_sleep_ms(20);
    }
    assert_false(site_rules_are_plain(m.site));
    member_fini(&m);
}

static void the_first_writer_makes_the_secret_of_networks_and_one_is_enough(void **state)
{
    const struct place *p = *state;
    struct member m;
    member_init(&m, p, STORE_WRITE);
    const struct rules *r = site_rules_take(m.site, NULL);
    assert_int_equal(rules_store(r)->secret_count, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(site_rules_need_secret(m.site, &r, clock_wall_ms(), NULL), 0);
        assert_int_equal(rules_store(r)->secret_count, 1);
    }
    rules_release(r);
    member_fini(&m);
}

static void a_room_is_absent_only_where_moderators_make_rooms_and_until_it_has_a_message(void **state)
{
    const struct place *p = *state;
    struct member m;
    struct standing_room found;
    char data[320];
    snprintf(data, sizeof data, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {data, "POLLCHAT_NEW_ROOMS=moderators", NULL};
    m.site = site_new(STORE_WRITE, false, NULL);
    assert_non_null(site_conf(m.site, environment, NULL));
    const struct rules *r = site_rules_take(m.site, NULL);
    assert_int_equal(site_rules_room(m.site, r, "den", 1, &found, NULL), 0);
    assert_true(found.is_absent);
    struct store *store = site_borrow(m.site, NULL);
    struct chat_draft draft = draft_of("den", "ann", "a1", "text");
    struct store_job job = {.draft = &draft};
    struct positions_commit c;
    struct err e = ERR_INIT;
    positions_commit_begin(site_positions(m.site), store, &c);
    assert_int_equal(store_append(store, &job, 1, &e), 0);
    positions_commit_end(site_positions(m.site), &c, &job, 1, &e);
    site_return(m.site, store);
    assert_int_equal(site_rules_room(m.site, r, "den", 1, &found, NULL), 0);
    assert_false(found.is_absent);
    rules_release(r);
    member_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(new_rules_are_known_at_once_in_other_processes),
        IN_BOTH_MODES(the_same_rules_are_shared_until_they_change),
        IN_WAL(a_program_that_does_not_ring_is_noticed_by_the_stamp_of_the_files),
        IN_WAL(a_silent_change_reaches_a_process_that_watches_the_bell),
        IN_WAL(an_act_whose_process_was_killed_counts_in_a_process_that_watches_the_bell),
        IN_BOTH_MODES(while_all_may_read_all_a_new_process_needs_no_rules),
        IN_WAL(a_settings_file_that_restricts_reading_counts_whatever_other_processes_say),
        IN_WAL(without_a_bell_new_rules_are_known_within_a_second),
        IN_WAL(the_first_writer_makes_the_secret_of_networks_and_one_is_enough),
        IN_WAL(a_room_is_absent_only_where_moderators_make_rooms_and_until_it_has_a_message),
    };
    quiet_log();
    return RUN(tests);
}
