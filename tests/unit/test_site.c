/* test_site.c - site.h: cached knowledge of one database is not used for another, even if a process
 * still has the old one open. */
#include "commit_support.h"
#include "sqlite_support.h"

#include "base/blocking.h"
#include "chat/query.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "site/positions.h"
#include "site/reading.h"
#include "site/site.h"

static struct site *site_of(const struct place *p, enum store_mode mode, char data[320])
{
    snprintf(data, 320, "POLLCHAT_DATA=%s", p->folder);
    const char *const environment[] = {data, NULL};
    struct site *s = site_new(mode, false, NULL);
    assert_non_null(site_conf(s, environment, NULL));
    return s;
}

static struct site *site_at(const struct place *p, char data[320])
{
    return site_of(p, STORE_READ, data);
}

static uint64_t head_in(struct store *store)
{
    struct store_room room = {.head = 0};
    assert_int_equal(store_room(store, "lobby", &room, NULL), 0);
    return room.head;
}

/* Returns the cached head, or else reads the store and caches its head. */
static uint64_t head_by(struct site *s, struct store *store)
{
    uint64_t head = 0;
    uint64_t oldest = 0;
    struct bell *bell = positions_bell_of(site_positions(s), store); /* no stamp hides a mistake */
    assert_non_null(bell);
    if (room_heads_look(bell, "lobby", &head, &oldest)) {
        return head;
    }
    uint64_t moment = room_heads_moment(bell);
    head = head_in(store);
    room_heads_learned(bell, moment, "lobby", head, 1);
    return head;
}

static const char *const tails[] = {"", "-wal", "-shm", "-journal"};

static void move_set(const struct place *p, const char *from, const char *to)
{
    for (size_t i = 0; i < COUNT(tails); i++) {
        char name_from[64];
        char name_to[64];
        snprintf(name_from, sizeof name_from, "%s%s", from, tails[i]);
        snprintf(name_to, sizeof name_to, "%s%s", to, tails[i]);
        (void)rename(in_place(p, name_from), in_place(p, name_to)); /* not all of them exist */
    }
}

/* Puts a copy with the same epoch in place, so its heads look valid. The original stays beside it,
 * to be put back. */
static void put_copy_in_place(const struct place *p)
{
    move_set(p, "chat.db", "mine.db");
    assert_int_equal(rename(in_place(p, "copy.db"), in_place(p, "chat.db")), 0);
}

static void copy_of_now(const struct place *p)
{
    char sql[500];
    sqlite3 *db = NULL;
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", in_place(p, "copy.db"));
    assert_int_equal(sqlite3_open(in_place(p, "chat.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void say_more(const struct place *p)
{
    struct store *s = open_store(p, STORE_WRITE);
    assert_stored(s, "more", "text");
    store_close(s);
}

struct replaced {
    char data[320];
    struct site *site;
    struct store *old; /* kept open, as the watcher does; 4 messages */
    struct store *now; /* borrowed after the replacement; 3 messages */
};

static void replaced_under_a_borrower(struct replaced *r, const struct place *p)
{
    fill(p, 3);
    copy_of_now(p);
    say_more(p);
    r->site = site_at(p, r->data);
    r->old = site_borrow(r->site, NULL);
    assert_int_equal(head_by(r->site, r->old), 4);
    put_copy_in_place(p);
    r->now = site_borrow(r->site, NULL);
    assert_int_equal(head_by(r->site, r->now), 3);
}

static void an_older_copy_is_noticed_even_if_the_old_file_is_still_open(void **state)
{
    const struct place *p = *state;
    struct replaced r;
    replaced_under_a_borrower(&r, p);
    assert_true(store_is_stale(r.old));
    site_return(r.site, r.old);
    site_return(r.site, r.now);
    site_free(r.site);
}

static void a_handle_notices_that_its_file_is_put_back(void **state)
{
    const struct place *p = *state;
    struct replaced r;
    replaced_under_a_borrower(&r, p);
    site_return(r.site, r.now);
    move_set(p, "chat.db", "copy.db");
    move_set(p, "mine.db", "chat.db");
    site_return(r.site, r.old); /* it is kept, because its file is back */
    struct store *again = site_borrow(r.site, NULL);
    assert_ptr_equal(again, r.old);
    assert_int_equal(head_by(r.site, again), 4);
    site_return(r.site, again);
    site_free(r.site);
}

/* The file is replaced in the middle of the next transaction, when SQLite first reads or writes. */
static const struct place *put_at; /* NULL: already replaced */

static void put_now(void)
{
    if (put_at != NULL) {
        put_copy_in_place(put_at);
        put_at = NULL;
    }
}

static ssize_t put_and_read(int fd, void *to, size_t size, off_t at)
{
    put_now();
    return pread(fd, to, size, at);
}

static ssize_t put_and_write(int fd, const void *from, size_t size, off_t at)
{
    put_now();
    return pwrite(fd, from, size, at);
}

/* Opens database and bell. */
static void warm_up(struct site *s)
{
    struct store *store = site_borrow(s, NULL);
    assert_int_equal(head_by(s, store), 3);
    site_return(s, store);
}

/* Checks the head that the next program finds. */
static void assert_others_see(const struct place *p, uint64_t head)
{
    char data[320];
    struct site *s = site_at(p, data);
    struct store *store = site_borrow(s, NULL);
    assert_int_equal(head_by(s, store), head);
    site_return(s, store);
    site_free(s);
}

static void heads_read_from_a_file_that_is_replaced_meanwhile_are_not_cached(void **state)
{
    const struct place *p = *state;
    static const struct query all = {.kind = QUERY_SINCE, .count = 1, .limit = 100, .rooms = {{.name = "lobby"}}};
    const struct reading_how how = {.budget = 100000};
    static struct reading g;
    char data[320];
    fill(p, 3);
    copy_of_now(p);
    struct site *s = site_at(p, data);
    warm_up(s);
    say_more(p); /* so that the next reader has to read the store */
    put_at = p;
    set_system_call("pread64", (sqlite3_syscall_ptr)put_and_read);
    assert_int_equal(reading_take(&g, s, &all, &how, NULL), 0);
    set_system_call("pread64", NULL);
    assert_null(put_at);
    assert_int_equal(g.rooms[0].head, 4); /* the old file's answer */
    reading_fini(&g);
    assert_others_see(p, 3);
    site_free(s);
}

static void heads_written_to_a_file_that_is_replaced_meanwhile_are_not_cached(void **state)
{
    const struct place *p = *state;
    char data[320];
    struct chat_draft draft = draft_of("lobby", "ann", "late", "text");
    struct store_job job = {.draft = &draft};
    fill(p, 3);
    copy_of_now(p);
    struct site *s = site_of(p, STORE_WRITE, data);
    struct commit *c = commit_new(s, false);
    warm_up(s);
    put_at = p;
    set_system_call("pwrite64", (sqlite3_syscall_ptr)put_and_write);
    assert_int_equal(commit_and_wait(c, &job), 0);
    set_system_call("pwrite64", NULL);
    assert_null(put_at);
    assert_others_see(p, 3);
    commit_free(c);
    site_free(s);
}

static void more_handles_of_the_same_file_do_not_clear_the_cache(void **state)
{
    const struct place *p = *state;
    char data[320];
    fill(p, 3);
    struct site *s = site_at(p, data);
    struct store *one = site_borrow(s, NULL);
    assert_int_equal(head_by(s, one), 3);
    struct bell *bell = positions_bell_of(site_positions(s), one);
    uint32_t seen = bell_seen(bell);
    struct store *other = site_borrow(s, NULL);
    assert_ptr_not_equal(one, other);
    assert_int_equal(store_identity(one), store_identity(other));
    assert_ptr_equal(positions_bell_of(site_positions(s), other), bell);
    assert_int_equal(bell_seen(bell), seen);
    assert_int_equal(head_by(s, other), 3);
    site_return(s, one);
    site_return(s, other);
    site_free(s);
}

static bool takes(struct site *s, const char *folder)
{
    char data[400];
    const char *const environment[] = {data, NULL};
    snprintf(data, sizeof data, "POLLCHAT_DATA=%s", folder);
    struct err e = ERR_INIT;
    bool taken = site_conf(s, environment, &e) != NULL;
    assert_int_equal(e.code, taken ? ERR_NONE : ERR_CONFIG);
    return taken;
}

/* Two sites share a socket: the first request must not decide to which site the programs belong. */
static void a_process_of_one_site_refuses_the_requests_of_another(void **state)
{
    struct place *p = *state;
    char link[400];
    assert_int_equal(setenv("POLLCHAT_DATA", p->folder, 1), 0);
    struct site *s = site_new(STORE_WRITE, false, NULL);
    assert_false(takes(s, "/srv/another-chat"));
    snprintf(link, sizeof link, "%s/link", p->root);
    (void)mkdir(p->folder, 0700);
    assert_int_equal(symlink(p->folder, link), 0);
    assert_true(takes(s, link)); /* the same folder, by another path */
    site_free(s);
    s = site_new(STORE_WRITE, false, NULL);
    assert_true(takes(s, p->folder));
    assert_false(takes(s, "/srv/another-chat"));
    assert_true(takes(s, p->folder));
    site_free(s);
    assert_int_equal(unsetenv("POLLCHAT_DATA"), 0);
}

static unsigned waits;

static void count_wait(void)
{
    waits++;
}

static void count_line(void *context, const char *line)
{
    unsigned *lines = context;
    *lines += strstr(line, "the chat has stopped") != NULL;
}

/* Web servers throw away what the timer's thread would log. */
static void what_the_timer_finds_is_logged_once_by_the_next_request(void **state)
{
    const struct place *p = *state;
    char data[320];
    unsigned lines = 0;
    fill(p, 1);
    struct site *s = site_at(p, data);
    const char *const environment[] = {data, NULL};
    log_attach(count_line, &lines);
    for (unsigned times = 1; times <= 2; times++) {
        assert_int_equal(chmod(p->folder, 0777), 0);
        site_look_after(s);
        assert_int_equal(lines, times - 1);
        assert_null(site_conf(s, environment, NULL));
        assert_null(site_conf(s, environment, NULL));
        assert_int_equal(lines, times);
        assert_int_equal(chmod(p->folder, 0700), 0);
        site_look_after(s);
        assert_non_null(site_conf(s, environment, NULL));
    }
    log_attach(NULL, NULL);
    site_free(s);
}

/* The folder becomes writable by others and private again while the process runs. */
static void the_rights_of_others_are_looked_at_by_the_timer_and_not_by_each_request(void **state)
{
    const struct place *p = *state;
    char data[320];
    struct err e = ERR_INIT;
    fill(p, 1);
    struct site *s = site_at(p, data);
    const char *const environment[] = {data, NULL};
    waits = 0;
    blocking_on(count_wait);
    assert_non_null(site_conf(s, environment, NULL));
    assert_int_equal(waits, 0);
    assert_int_equal(chmod(p->folder, 0777), 0);
    site_look_after(s);
    assert_null(site_conf(s, environment, &e));
    assert_int_equal(e.code, ERR_EXPOSED);
    assert_int_equal(chmod(p->folder, 0700), 0);
    site_look_after(s);
    assert_non_null(site_conf(s, environment, NULL));
    site_look_after(s);
    site_look_after(s); /* no request has come since */
    waits = 0;
    assert_non_null(site_conf(s, environment, NULL));
    assert_int_equal(waits, 1); /* it may look itself */
    blocking_on(NULL);
    site_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(an_older_copy_is_noticed_even_if_the_old_file_is_still_open),
        IN_BOTH_MODES(a_handle_notices_that_its_file_is_put_back),
        IN_BOTH_MODES(heads_read_from_a_file_that_is_replaced_meanwhile_are_not_cached),
        IN_BOTH_MODES(heads_written_to_a_file_that_is_replaced_meanwhile_are_not_cached),
        IN_BOTH_MODES(more_handles_of_the_same_file_do_not_clear_the_cache),
        IN_WAL(what_the_timer_finds_is_logged_once_by_the_next_request),
        IN_WAL(the_rights_of_others_are_looked_at_by_the_timer_and_not_by_each_request),
        IN_WAL(a_process_of_one_site_refuses_the_requests_of_another),
    };
    quiet_log();
    return RUN(tests);
}
