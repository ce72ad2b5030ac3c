/* test_positions.c - positions.h: a position is answered from memory only while the store has the
 * same, in a process that watches and in one that compares stamps. */
#include "store_support.h"

#include "base/blocking.h"
#include "base/clock.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "site/positions.h"
#include "site/site.h"

#include <signal.h>
#include <sys/wait.h>

/* A process of the site, with its handle of the store. */
struct member {
    char data[320];
    struct site *site;
    struct positions *positions;
    struct store *store;
    struct positions_watch watch;
};

static void member_init(struct member *m, const struct place *p, enum store_mode mode)
{
    memset(m, 0, sizeof *m);
    snprintf(m->data, sizeof m->data, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {m->data, NULL};
    m->site = site_new(mode, false, NULL);
    NEED(site_conf(m->site, environment, NULL) != NULL);
    m->positions = site_positions(m->site);
    m->store = site_borrow(m->site, NULL);
    NEED(m->store != NULL);
}

static void member_fini(struct member *m)
{
    site_return(m->site, m->store);
    site_free(m->site);
}

/* Another handle is idle, as it is in a program that has answered a request. */
static void begin_to_watch(struct member *m)
{
    struct store *other = site_borrow(m->site, NULL);
    site_return(m->site, other);
    assert_true(positions_watch(m->positions, &m->watch, m->store, true));
}

static bool finds(struct member *m, const char *room, uint64_t head)
{
    struct answer_room rooms[] = {{.name = room, .next = UINT64_MAX}};
    char epoch[CHAT_EPOCH_SIZE];
    bool known = positions_find(m->positions, rooms, 1, epoch);
    if (known) {
        assert_int_equal(rooms[0].head, head);
        assert_string_equal(epoch, store_epoch(m->store));
    }
    return known;
}

/* The head is no longer believed, if not at once then when the process next looks at its files. */
static void assert_doubts(struct member *m, const char *room, uint64_t head)
{
    for (int round = 0; finds(m, room, head); round++) {
        assert_true(round < 600);
        clock_sleep_ms(10);
    }
}

/* `between` happens after the store was read and before its position is learned. */
static void learn_after(struct member *m, const char *room, void (*between)(const struct place *p),
                        const struct place *p)
{
    struct answer_room rooms[] = {{.name = room}};
    struct positions_asked asked;
    struct store_room found;
    positions_ask(m->positions, m->store, &asked);
    assert_int_equal(store_read_begin(m->store, NULL), 0);
    assert_int_equal(store_room(m->store, room, &found, NULL), 0);
    store_read_end(m->store);
    if (between != NULL) {
        between(p);
    }
    rooms[0].head = found.head;
    rooms[0].oldest = found.oldest;
    positions_learn(&asked, rooms, 1);
}

static void learn(struct member *m, const char *room)
{
    learn_after(m, room, NULL, NULL);
}

/* Another program of the site stores a message, and rings. `between` happens when the program has
 * begun and waits for the database. */
static void commit_after(const struct place *p, const char *room, void (*between)(const struct place *p))
{
    struct member m;
    struct positions_commit c;
    struct err e = ERR_INIT;
    static int count;
    char id[32];
    snprintf(id, sizeof id, "elsewhere%d", count++);
    struct chat_draft draft = draft_of(room, "ann", id, "text");
    struct store_job job = {.draft = &draft};
    member_init(&m, p, STORE_WRITE);
    positions_commit_begin(m.positions, m.store, &c);
    if (between != NULL) {
        between(p);
    }
    assert_int_equal(store_append(m.store, &job, 1, &e), 0);
    positions_commit_end(m.positions, &c, &job, 1, &e);
    member_fini(&m);
}

static void commit_to(const struct place *p, const char *room)
{
    commit_after(p, room, NULL);
}

static void commit_elsewhere(const struct place *p)
{
    commit_to(p, "lobby");
}

/* A program that doesn't ring. */
static void commit_silently(const struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "silent", "text");
    store_close(s);
}

static void a_position_is_known_once_the_store_was_read(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    assert_false(finds(&m, "lobby", 3));
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 3));
    assert_false(finds(&m, "other", 0)); /* a room that the store wasn't asked for */
    member_fini(&m);
    member_init(&m, p, STORE_READ); /* another process knows it as well */
    assert_true(finds(&m, "lobby", 3));
    member_fini(&m);
}

static void a_head_beyond_what_the_client_has_is_left_to_the_store(void **state)
{
    const struct place *p = *state;
    struct member m;
    char epoch[CHAT_EPOCH_SIZE];
    struct answer_room behind[] = {{.name = "lobby", .next = 2}};
    struct answer_room equal[] = {{.name = "lobby", .next = 3}};
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    assert_false(positions_find(m.positions, behind, 1, epoch));
    assert_true(positions_find(m.positions, equal, 1, epoch));
    member_fini(&m);
}

static void a_commit_of_another_process_is_known_at_once(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 3));
    commit_elsewhere(p);
    assert_true(finds(&m, "lobby", 4));
    assert_true(positions_watch(m.positions, &m.watch, m.store, false)); /* it rang */
    member_fini(&m);
}

static void a_reading_that_a_commit_has_overtaken_does_not_set_the_head_back(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    learn_after(&m, "lobby", commit_elsewhere, p);
    assert_true(finds(&m, "lobby", 4));
    begin_to_watch(&m);
    learn_after(&m, "lobby", commit_elsewhere, p);
    assert_true(finds(&m, "lobby", 5));
    member_fini(&m);
}

static void no_position_is_known_between_the_begin_and_the_end_of_a_commit(void **state)
{
    const struct place *p = *state;
    struct member reader;
    struct member writer;
    struct positions_commit c;
    struct err e = ERR_INIT;
    fill(p, 3);
    member_init(&reader, p, STORE_READ);
    member_init(&writer, p, STORE_WRITE);
    begin_to_watch(&reader);
    learn(&reader, "lobby");
    positions_commit_begin(writer.positions, writer.store, &c);
    assert_false(finds(&reader, "lobby", 3));
    err_set(&e, ERR_BUSY, "nothing was stored");
    positions_commit_end(writer.positions, &c, NULL, 0, &e);
    assert_true(finds(&reader, "lobby", 3));
    member_fini(&reader);
    member_fini(&writer);
}

static void after_a_commit_that_may_have_happened_no_position_is_known(void **state)
{
    const struct place *p = *state;
    struct member m;
    struct positions_commit c;
    struct err e = ERR_INIT;
    fill(p, 3);
    member_init(&m, p, STORE_WRITE);
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 3));
    positions_commit_begin(m.positions, m.store, &c);
    err_set(&e, ERR_SYSTEM, "the last step failed");
    positions_commit_end(m.positions, &c, NULL, 0, &e);
    assert_false(finds(&m, "lobby", 3));
    member_fini(&m);
}

/* Its commit is durable; it is killed before it rings. */
static void die_after_the_commit(const struct place *p)
{
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        struct member m;
        struct positions_commit c;
        struct chat_draft draft = draft_of("lobby", "ann", "last", "text");
        struct store_job job = {.draft = &draft};
        member_init(&m, p, STORE_WRITE);
        positions_commit_begin(m.positions, m.store, &c);
        NEED(store_append(m.store, &job, 1, NULL) == 0);
        (void)raise(SIGKILL);
    }
    NEED(waitpid(child, NULL, 0) == child);
}

static void a_writer_that_dies_before_it_rings_hides_no_message(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    die_after_the_commit(p);
    member_init(&m, p, STORE_READ);
    assert_false(finds(&m, "lobby", 4)); /* the stamp is another one */
    learn(&m, "lobby");
    assert_false(finds(&m, "lobby", 4)); /* this look finds the mark of the dead writer, and removes it */
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    member_fini(&m);
}

static void a_commit_that_does_not_ring_is_noticed_by_its_stamp(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 3));
    commit_silently(p);
    assert_false(finds(&m, "lobby", 3));
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    member_fini(&m);
}

/* The writer's own stamp would hide that commit, if it wrote to another room. */
static void a_commit_that_does_not_ring_is_noticed_by_the_next_writer(void **state)
{
    const struct place *p = *state;
    struct member m;
    struct positions_asked asked;
    const struct answer_room before[] = {{.name = "lobby", .head = 3, .oldest = 1}};
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    positions_ask(m.positions, m.store, &asked);
    commit_silently(p);
    commit_to(p, "other");
    assert_false(finds(&m, "lobby", 3));
    positions_learn(&asked, before, 1); /* too late: it was read before that commit */
    assert_false(finds(&m, "lobby", 3));
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    member_fini(&m);
}

static void commit_with(struct member *m, const char *id)
{
    struct positions_commit c;
    struct err e = ERR_INIT;
    struct chat_draft draft = draft_of("lobby", "ann", id, "text");
    struct store_job job = {.draft = &draft};
    positions_commit_begin(m->positions, m->store, &c);
    assert_int_equal(store_append(m->store, &job, 1, &e), 0);
    positions_commit_end(m->positions, &c, &job, 1, &e);
}

static void a_process_that_watches_a_deleted_bell_is_woken_by_the_next_commit(void **state)
{
    const struct place *p = *state;
    struct member reader;
    struct member writer;
    fill(p, 3);
    member_init(&reader, p, STORE_READ);
    member_init(&writer, p, STORE_WRITE);
    begin_to_watch(&reader);
    commit_with(&writer, "first");
    assert_true(positions_watch(reader.positions, &reader.watch, reader.store, false));
    learn(&reader, "lobby");
    assert_true(finds(&reader, "lobby", 4));
    assert_int_equal(unlink(in_place(p, "chat.bell")), 0);
    commit_with(&writer, "second");
    assert_true(positions_watch(reader.positions, &reader.watch, reader.store, false)); /* not a second later */
    assert_false(finds(&reader, "lobby", 4));
    commit_with(&writer, "third"); /* the bell that is watched doesn't hear of it */
    assert_true(positions_watch(reader.positions, &reader.watch, reader.store, false));
    learn(&reader, "lobby");
    assert_true(finds(&reader, "lobby", 6));
    member_fini(&reader);
    member_fini(&writer);
}

/* An owner's transaction is open at the sqlite3 shell, so the writer waits for it. */
static void a_commit_that_does_not_ring_is_noticed_by_a_writer_that_waits_for_it(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    commit_to(p, "other");
    assert_true(finds(&m, "lobby", 3)); /* a commit alone makes no head unknown */
    commit_after(p, "other", commit_silently);
    assert_false(finds(&m, "lobby", 3));
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    commit_to(p, "other");
    assert_true(finds(&m, "lobby", 4));
    member_fini(&m);
}

/* Its stamp would hide that commit, if it read another room. */
static void a_commit_that_does_not_ring_is_noticed_by_the_next_reader(void **state)
{
    const struct place *p = *state;
    struct member m;
    commit_to(p, "other");
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    commit_silently(p);
    learn(&m, "other");
    assert_true(finds(&m, "other", 1));
    assert_false(finds(&m, "lobby", 3));
    member_fini(&m);
}

static void a_process_that_watches_notices_a_commit_that_does_not_ring(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    commit_silently(p);
    for (int round = 0; finds(&m, "lobby", 3); round++) { /* a second each */
        assert_true(round < 60);
        (void)positions_watch(m.positions, &m.watch, m.store, false);
    }
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    member_fini(&m);
}

/* An owner puts another database there, which has its own epoch. */
static void replace_database(const struct place *p)
{
    static const char *const names[] = {"chat.db", "chat.db-wal", "chat.db-shm", "chat.db-journal"};
    char path[320];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
        unlink(path);
    }
    commit_silently(p);
}

static void a_process_that_watches_does_not_take_the_old_heads_for_those_of_a_replaced_database(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 3));
    replace_database(p);
    assert_doubts(&m, "lobby", 3); /* its handles are those of the old database */
    site_return(m.site, m.store);
    m.store = site_borrow(m.site, NULL);
    assert_non_null(m.store);
    struct store *other = site_borrow(m.site, NULL);
    site_return(m.site, other);
    assert_false(finds(&m, "lobby", 1)); /* the bell that is watched belongs to the old one */
    learn(&m, "lobby");
    (void)finds(&m, "lobby", 1); /* known or not, but with the new head and epoch */
    member_fini(&m);
}

static unsigned looks;

static void count_look(void)
{
    looks++;
}

static void a_process_that_watches_looks_at_the_files_ten_times_a_second_however_often_it_is_asked(void **state)
{
    const struct place *p = *state;
    struct member m;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    int64_t began = clock_mono_ms();
    looks = 0;
    blocking_on(count_look);
    for (int i = 0; i < 2000; i++) {
        assert_true(finds(&m, "lobby", 3));
    }
    blocking_on(NULL);
    assert_in_range(looks, 1, (uint64_t)(clock_mono_ms() - began) / 100 + 1);
    member_fini(&m);
}

static void rename_in(const struct place *p, const char *from, const char *to)
{
    char name[320];
    snprintf(name, sizeof name, "%s", in_place(p, from));
    assert_int_equal(rename(name, in_place(p, to)), 0);
}

/* Without a log, so that chat.db alone is the database. */
static void the_heads_of_a_copy_are_not_taken_for_those_of_the_database_that_is_put_back(void **state)
{
    const struct place *p = *state;
    struct member m;
    char command[700];
    fill(p, 3);
    snprintf(command, sizeof command, "cp %s/chat.db %s/copy.db", p->folder, p->folder);
    NEED(system(command) == 0);
    commit_silently(p);
    member_init(&m, p, STORE_READ);
    begin_to_watch(&m);
    learn(&m, "lobby");
    assert_true(finds(&m, "lobby", 4));
    rename_in(p, "chat.db", "old.db");
    rename_in(p, "copy.db", "chat.db");
    struct store *old = m.store;
    m.store = site_borrow(m.site, NULL);
    learn(&m, "lobby"); /* 3 */
    assert_true(positions_watch(m.positions, &m.watch, m.store, true));
    rename_in(p, "chat.db", "copy.db");
    rename_in(p, "old.db", "chat.db");
    site_return(m.site, old); /* it is kept, as its database is there again */
    assert_doubts(&m, "lobby", 3);
    member_fini(&m);
}

static void a_sleep_ends_by_a_ring_a_silent_commit_or_its_time(void **state)
{
    const struct place *p = *state;
    struct member m;
    struct positions_sleep s;
    fill(p, 3);
    member_init(&m, p, STORE_READ);
    learn(&m, "lobby");
    positions_sleep_begin(&s, positions_bell(m.positions));
    assert_int_equal(positions_sleep(m.positions, &s, 1), 0);
    commit_elsewhere(p);
    assert_int_equal(positions_sleep(m.positions, &s, 60000), 1);
    assert_int_equal(positions_sleep(m.positions, &s, 1), 0);
    commit_elsewhere(p);
    assert_int_equal(positions_sleep(m.positions, &s, 0), 0); /* forgets what rang */
    assert_int_equal(positions_sleep(m.positions, &s, 1), 0);
    commit_silently(p);
    assert_int_equal(positions_sleep(m.positions, &s, 1), 1);
    assert_int_equal(unlink(in_place(p, "chat.bell")), 0);
    assert_int_equal(positions_sleep(m.positions, &s, 60000), -1);
    member_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(a_position_is_known_once_the_store_was_read),
        IN_WAL(a_head_beyond_what_the_client_has_is_left_to_the_store),
        IN_BOTH_MODES(a_commit_of_another_process_is_known_at_once),
        IN_BOTH_MODES(a_reading_that_a_commit_has_overtaken_does_not_set_the_head_back),
        IN_BOTH_MODES(no_position_is_known_between_the_begin_and_the_end_of_a_commit),
        IN_BOTH_MODES(after_a_commit_that_may_have_happened_no_position_is_known),
        IN_BOTH_MODES(a_writer_that_dies_before_it_rings_hides_no_message),
        IN_WAL(a_commit_that_does_not_ring_is_noticed_by_its_stamp),
        IN_WAL(a_commit_that_does_not_ring_is_noticed_by_the_next_writer),
        IN_BOTH_MODES(a_process_that_watches_a_deleted_bell_is_woken_by_the_next_commit),
        IN_BOTH_MODES(a_commit_that_does_not_ring_is_noticed_by_a_writer_that_waits_for_it),
        IN_WAL(a_commit_that_does_not_ring_is_noticed_by_the_next_reader),
        IN_WAL(a_process_that_watches_notices_a_commit_that_does_not_ring),
        IN_BOTH_MODES(a_process_that_watches_does_not_take_the_old_heads_for_those_of_a_replaced_database),
        IN_BOTH_MODES(a_process_that_watches_looks_at_the_files_ten_times_a_second_however_often_it_is_asked),
        IN_ROLLBACK(the_heads_of_a_copy_are_not_taken_for_those_of_the_database_that_is_put_back),
        IN_WAL(a_sleep_ends_by_a_ring_a_silent_commit_or_its_time),
    };
    quiet_log();
    return RUN(tests);
}
