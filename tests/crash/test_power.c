/* test_power.c - faults at each step: each call fails once, the power fails before each change, a
 * process dies before each change.
 *
 * Afterwards each answered message is stored, none is stored twice, the database is sound, and it
 * can be used at once.
 */
#include "fault_vfs.h"

enum { MESSAGES = 24 };

static struct place place;
static struct place image;
static char durable[300];
static int answered; /* messages 0..answered-1 have been answered */
static char epoch[CHAT_EPOCH_SIZE];

/* A file system in memory, if there is one: no test here needs a real disk, and there are thousands
 * of steps. */
static const char *memory(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL;
}

static int set_up_power(void **state, enum store_journal journal)
{
    (void)state;
    place_init(&place, journal, memory());
    place_init(&image, journal, memory());
    snprintf(durable, sizeof durable, "%.200s/durable", place.root);
    NEED(mkdir(durable, 0700) == 0);
    memset(&fault, 0, sizeof fault);
    answered = 0;
    epoch[0] = '\0';
    return 0;
}

static int set_up_power_wal(void **state)
{
    return set_up_power(state, STORE_JOURNAL_WAL);
}

static int set_up_power_rollback(void **state)
{
    return set_up_power(state, STORE_JOURNAL_ROLLBACK);
}

static int tear_down_power(void **state)
{
    (void)state;
    place_fini(&place);
    place_fini(&image);
    return 0;
}

/* Every fourth message is long: it takes several pages, some of them overflow pages. Rooms and
 * replies vary. */
static int send_number(struct store *s, int number, struct err *e)
{
    static char text[20001];
    char id[16];
    snprintf(id, sizeof id, "%d", number);
    snprintf(text, sizeof text, "message %d", number);
    if (number % 4 == 3) {
        memset(text, 'a' + number % 26, sizeof text - 1);
    }
    return append_reply(s, number % 5 == 4 ? "other" : "lobby", "ann", id, text, number % 4 == 2 ? 1 : 0, NULL, e);
}

static struct store *open_short_lived(const struct place *p, struct err *e)
{
    struct store_options options = options_of(p);
    options.short_lived = true; /* the log is copied into the database after few messages */
    return store_open(&options, STORE_WRITE, e);
}

static void assert_whole(const struct place *p, const char *what)
{
    struct err e = ERR_INIT;
    bool was_passive = fault.passive;
    fault.passive = true;
    struct store *s = open_short_lived(p, &e);
    if (s == NULL) {
        fail_msg("%s: can't be opened: %d %s", what, (int)e.code, e.text);
    }
    if (epoch[0] != '\0') {
        assert_string_equal(store_epoch(s), epoch);
    }
    int64_t lobby = count_contiguous(s, "lobby");
    int64_t other = count_contiguous(s, "other");
    if (lobby < 0 || other < 0 || lobby + other < answered || lobby + other > answered + 1) {
        fail_msg("%s: %d were answered, %d are there", what, answered, (int)(lobby + other));
    }
    for (int i = 0; i < answered; i++) {
        assert_int_equal(send_number(s, i, &e), STORE_REPEATED);
    }
    int next = send_number(s, answered, &e); /* the interrupted message, sent again */
    assert_int_equal(next, lobby + other > answered ? STORE_REPEATED : STORE_STORED);
    assert_int_equal(count_contiguous(s, "lobby") + count_contiguous(s, "other"), answered + 1);
    if (store_check(s, stderr, &e) != 0) {
        fail_msg("%s: store_check: %s", what, e.text);
    }
    store_close(s);
    fault.passive = was_passive;
}

/* ---- power failure ---- */

static void check_after_power_failure(void)
{
    static uint64_t random = 11;
    static const char *const words[] = {"nothing", "everything", "some"};
    for (int luck = FAULT_NOTHING; luck <= FAULT_SOME; luck++) {
        char what[100];
        snprintf(what, sizeof what, "power failed before change %ld, %s of the unsynced data arrived", fault.changes,
                 words[luck]);
        fault_power_loss(&place, &image, (enum fault_luck)luck, &random);
        assert_whole(&image, what);
    }
}

static void answered_messages_survive_a_power_failure_at_each_step(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    fault.durable = durable;
    fault.on_change = check_after_power_failure;
    struct store *s = open_short_lived(&place, &e);
    assert_non_null(s);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(s));
    for (; answered < MESSAGES; answered++) {
        assert_int_equal(send_number(s, answered, &e), STORE_STORED);
    }
    check_after_power_failure();
    store_close(s);
    assert_true(fault.changes > 100);
}

/* ---- SIGKILL, and then a power failure ---- */

static void send_and_die(const struct place *p, int die_at)
{
    struct err e = ERR_INIT;
    struct store *s = open_short_lived(p, &e);
    NEED(s != NULL);
    fault.die_at = fault.changes + die_at;
    NEED(send_number(s, answered, &e) == STORE_STORED);
}

static void send_again(const struct place *p, int ignored)
{
    struct err e = ERR_INIT;
    (void)ignored;
    struct store *s = open_short_lived(p, &e);
    NEED(s != NULL);
    int outcome = send_number(s, answered, &e);
    NEED(outcome == STORE_STORED || outcome == STORE_REPEATED);
}

/* What a killed process wrote but did not sync is visible to all processes, but perhaps not on the
 * disk. The process that answers the repeated message has to sync it. */
static void a_repeated_message_is_answered_only_once_it_is_durable(void **state)
{
    uint64_t random = 5;
    int rounds = 0;
    int status = 0;
    (void)state;
    fault.durable = durable;
    struct err e = ERR_INIT;
    struct store *s = open_short_lived(&place, &e);
    assert_non_null(s);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(s));
    for (answered = 0; answered < 3; answered++) {
        assert_int_equal(send_number(s, answered, &e), STORE_STORED);
    }
    store_close(s);
    do {
        rounds++;
        status = wait_child(start_child(send_and_die, &place, rounds));
        run_child(send_again, &place, 0);
        answered++;
        for (int luck = FAULT_NOTHING; luck <= FAULT_SOME; luck++) {
            fault_power_loss(&place, &image, (enum fault_luck)luck, &random);
            assert_whole(&image, "power failed after a repeat was answered");
        }
    } while (WEXITSTATUS(status) == 42);
    assert_int_equal(status, 0);
    assert_true(rounds > 3);
}

/* ---- SIGKILL ---- */

static void die_while_opening(const struct place *p, int die_at)
{
    struct err e = ERR_INIT;
    fault.die_at = die_at;
    struct store *s = open_short_lived(p, &e);
    NEED(s != NULL);
    NEED(send_number(s, 0, &e) == STORE_STORED);
}

static void a_database_whose_creation_was_killed_is_created_by_the_next_process(void **state)
{
    int status = 0;
    int rounds = 0;
    (void)state;
    do {
        rounds++;
        remove_tree(place.folder);
        status = wait_child(start_child(die_while_opening, &place, rounds));
        answered = status == 0 ? 1 : 0;
        assert_whole(&place, "killed while creating the database");
    } while (WEXITSTATUS(status) == 42);
    assert_int_equal(status, 0);
    assert_true(rounds > 10);
}

/* ---- each call fails ---- */

/* One complete run in which the Nth call fails. Nothing is lost or stored twice, and the handles
 * recover. */
static void run_with_a_fault(struct err *e)
{
    struct store *s = NULL;
    struct store *reader = NULL;
    answered = 0;
    for (int tries = 0; s == NULL; tries++) {
        err_clear(e);
        s = open_short_lived(&place, e);
        assert_true(s != NULL || (tries < 3 && e->code != ERR_NONE));
    }
    for (int tries = 0; reader == NULL; tries++) {
        err_clear(e);
        reader = try_open(&place, STORE_READ, e);
        assert_true(reader != NULL || (tries < 3 && e->code != ERR_NONE));
    }
    for (; answered < 6; answered++) {
        int outcome = -1;
        for (int tries = 0; outcome == -1; tries++) {
            err_clear(e);
            outcome = send_number(s, answered, e);
            assert_true(outcome != -1 || (tries < 3 && e->code != ERR_NONE));
            if (store_is_stale(s)) { /* the handle says that it cannot be used any more */
                store_close(s);
                s = open_short_lived(&place, e);
                assert_non_null(s);
            }
        }
        assert_true(outcome == STORE_STORED || outcome == STORE_REPEATED);
        struct store_room room;
        for (int tries = 0;; tries++) {
            err_clear(e);
            if (store_room(reader, "lobby", &room, e) == 0) {
                break;
            }
            assert_true(tries < 3 && e->code != ERR_NONE);
        }
        assert_true(room.head > 0);
    }
    store_close(reader);
    store_close(s);
}

static void nothing_is_lost_if_any_one_call_fails(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    long n = 0;
    do {
        memset(&fault, 0, sizeof fault);
        fault.fail_at = ++n;
        remove_tree(place.folder);
        run_with_a_fault(&e);
        assert_whole(&place, "after a fault");
    } while (fault.failed != 0);
    assert_true(n > 50);
}

/* From one call on all calls fail, as with a broken disk. Each failure is reported, and answered
 * messages stay. */
static void answered_messages_survive_a_disk_that_breaks(void **state)
{
    (void)state;
    long n = 0;
    do {
        struct err e = ERR_INIT;
        memset(&fault, 0, sizeof fault);
        fault.fail_at = n += 3;
        fault.fail_on = true;
        remove_tree(place.folder);
        answered = 0;
        struct store *s = open_short_lived(&place, &e);
        assert_true(s != NULL || e.code != ERR_NONE);
        while (s != NULL && answered < 6 && send_number(s, answered, &e) == STORE_STORED) {
            answered++;
        }
        err_clear(&e);
        assert_true(s == NULL || answered == 6 || (send_number(s, answered, &e) == -1 && e.code != ERR_NONE));
        store_close(s);
        assert_whole(&place, "after the disk broke");
    } while (fault.failed != 0);
    assert_true(n > 50);
}

#define BOTH(test)                                                            \
    cmocka_unit_test_setup_teardown(test, set_up_power_wal, tear_down_power), \
        cmocka_unit_test_setup_teardown(test, set_up_power_rollback, tear_down_power)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(answered_messages_survive_a_power_failure_at_each_step),
        BOTH(a_repeated_message_is_answered_only_once_it_is_durable),
        BOTH(a_database_whose_creation_was_killed_is_created_by_the_next_process),
        BOTH(nothing_is_lost_if_any_one_call_fails),
        BOTH(answered_messages_survive_a_disk_that_breaks),
    };
    quiet_log();
    fault_install();
    return RUN(tests);
}
