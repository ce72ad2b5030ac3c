/* store_support.h - what tests of the store share: the stores to test, a temporary folder, short
 * ways to append and read, child processes.
 *
 * The state of a test is a struct place. A test of the contract (test_store_contract.c,
 * test_store_many.c) runs once for each row of store_kinds. Tests of SQLite's files name the
 * journal modes that they are for, and include sqlite_support.h.
 *
 * PostgreSQL is tested if TEST_POSTGRES has the address of the database chat of a running
 * cluster (tests/postgres/cluster prints it); each place gets a database of its own there.
 * UNIT_STORE=PostgreSQL runs only the rows whose names begin like this.
 *
 * To add a store: a row in store_kinds, with what makes an empty store and removes it. If it needs
 * a server, is_here looks for one, and the cases are left out where there is none; `make test`
 * must have it (tests/deps/need).
 *
 * In a child process use NEED, not cmocka's asserts: those would jump into the parent's list of
 * tests.
 */
#ifndef STORE_SUPPORT_H
#define STORE_SUPPORT_H

#include "support.h"

#include "base/err.h"
#include "base/log.h"
#include "store/store.h"
#include "store/store_news.h"
#include "store/store_upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#define NEED(fact) ((fact) ? (void)0 : need_failed(#fact, __FILE__, __LINE__))
static inline void need_failed(const char *fact, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, fact);
    _exit(99);
}

enum { PATIENCE_MS = 60000 }; /* a limit that only a hang reaches */

struct store_kind;

struct place {
    const struct store_kind *kind;
    char root[200];   /* a temporary folder */
    char folder[220]; /* the site's data folder, inside of it */
    enum store_journal journal;
    char database[40]; /* PostgreSQL: its name */
    char address[400]; /* and how to reach it */
};

/* A store to test. */
struct store_kind {
    const char *name;
    void (*make)(struct place *p);                          /* a place with an empty store */
    void (*remove)(struct place *p);                        /* and all that was made there */
    struct store_options (*options)(const struct place *p); /* to open it, as often as wanted */
    bool writes_beside_views;                               /* else a writer waits until the views have ended */
    bool (*is_here)(void); /* false: it can't be tested on this machine; NULL: always */
};

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new folder; parent: NULL for $TMPDIR or /tmp. */
static inline void place_make_root(struct place *p, const char *parent)
{
    const char *tmp = parent != NULL ? parent : getenv("TMPDIR");
    snprintf(p->root, sizeof p->root, "%s/pollchat-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(p->root) == NULL) {
        fail_msg("no folder %s: %s", p->root, strerror(errno));
    }
    snprintf(p->folder, sizeof p->folder, "%s/data", p->root);
}

static inline void place_fini(struct place *p)
{
    remove_tree(p->root);
}

/* ---- the stores ---- */

static inline struct store_options sqlite_options(const struct place *p)
{
    return (struct store_options){.folder = p->folder, .journal = p->journal, .busy_timeout_ms = PATIENCE_MS};
}

static inline void make_sqlite_in_wal(struct place *p)
{
    place_make_root(p, NULL);
    p->journal = STORE_JOURNAL_WAL;
}

static inline void make_sqlite_with_rollback_journal(struct place *p)
{
    place_make_root(p, NULL);
    p->journal = STORE_JOURNAL_ROLLBACK;
}

static inline struct store_options postgres_options(const struct place *p)
{
    return (struct store_options){.folder = p->folder, .address = p->address, .busy_timeout_ms = PATIENCE_MS};
}

static inline bool postgres_is_here(void)
{
    return getenv("TEST_POSTGRES") != NULL;
}

/* Runs two statements one after the other, each in a transaction of its own, as CREATE DATABASE
 * wants it. */
static inline void run_psql(const char *address, const char *first, const char *second)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("psql", "psql", "-wXqo", "/dev/null", "-v", "ON_ERROR_STOP=1", "-d", address, "-c",
               "SET client_min_messages = error", "-c", first, "-c", second, NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) {
        fail_msg("psql: status %d: %s; %s", status, first, second);
    }
}

/* The address of the cluster names its database chat; the place's names another one. */
static inline void make_postgres(struct place *p)
{
    static unsigned made;
    const char *cluster = getenv("TEST_POSTGRES");
    const char *server = cluster != NULL ? strchr(cluster, '@') : NULL; /* behind the role, which is named chat too */
    const char *name = server != NULL ? strstr(server, "/chat") : NULL;
    char drop[100];
    char create[100];
    if (name == NULL) {
        fail_msg("TEST_POSTGRES isn't the address of a database chat");
        return;
    }
    place_make_root(p, NULL);
    snprintf(p->database, sizeof p->database, "t%d_%u", (int)getpid(), ++made);
    snprintf(p->address, sizeof p->address, "%.*s/%s%s", (int)(name - cluster), cluster, p->database,
             name + strlen("/chat"));
    snprintf(drop, sizeof drop, "DROP DATABASE IF EXISTS %s", p->database);
    snprintf(create, sizeof create, "CREATE DATABASE %s", p->database);
    run_psql(cluster, drop, create);
}

/* Not WITH (FORCE): that fails if the server just cleans the database up (autovacuum), which DROP
 * alone stops. */
static inline void remove_postgres(struct place *p)
{
    char end[200];
    char drop[100];
    snprintf(end, sizeof end,
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND usename = current_user",
             p->database);
    snprintf(drop, sizeof drop, "DROP DATABASE %s", p->database);
    run_psql(getenv("TEST_POSTGRES"), end, drop);
    place_fini(p);
}

enum { SQLITE_IN_WAL, SQLITE_WITH_ROLLBACK_JOURNAL, POSTGRESQL, STORE_KINDS };
static const struct store_kind store_kinds[STORE_KINDS] = {
    [SQLITE_IN_WAL] = {"SQLite in WAL", make_sqlite_in_wal, place_fini, sqlite_options, true, NULL},
    [SQLITE_WITH_ROLLBACK_JOURNAL] = {"SQLite with a rollback journal", make_sqlite_with_rollback_journal, place_fini,
                                      sqlite_options, false, NULL},
    [POSTGRESQL] = {"PostgreSQL", make_postgres, remove_postgres, postgres_options, true, postgres_is_here},
};

/* A place for SQLite, whose journal may be changed later. */
static inline void place_init(struct place *p, enum store_journal journal, const char *parent)
{
    place_make_root(p, parent);
    p->kind = &store_kinds[journal == STORE_JOURNAL_ROLLBACK ? SQLITE_WITH_ROLLBACK_JOURNAL : SQLITE_IN_WAL];
    p->journal = journal;
}

static inline const char *in_place(const struct place *p, const char *name)
{
    static _Thread_local char paths[4][500];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", p->folder, name);
    return path;
}

static inline struct store_options options_of(const struct place *p)
{
    return p->kind->options(p);
}

static inline bool place_has_database(const struct place *p)
{
    const struct store_options options = options_of(p);
    return store_exists(&options);
}

/* NULL with the error in e. */
static inline struct store *try_open(const struct place *p, enum store_mode mode, struct err *e)
{
    const struct store_options options = options_of(p);
    err_clear(e);
    return store_open(&options, mode, e);
}

#define open_store(p, mode) open_store_at(p, mode, __FILE__, __LINE__)
static inline struct store *open_store_at(const struct place *p, enum store_mode mode, const char *file, int line)
{
    struct err e = ERR_INIT;
    struct store *s = try_open(p, mode, &e);
    if (s == NULL) {
        print_error("store_open: %d %s\n", (int)e.code, e.text);
        _fail(file, line);
    }
    return s;
}

/* A draft that borrows its text: don't fini it. */
static inline struct chat_draft draft_of(const char *room, const char *name, const char *id, const char *text)
{
    struct chat_draft d;
    chat_draft_init(&d);
    snprintf(d.room, sizeof d.room, "%s", room);
    snprintf(d.name, sizeof d.name, "%s", name);
    snprintf(d.id, sizeof d.id, "%s", id);
    d.text_length = strlen(text);
    memcpy(&d.text, &text, sizeof text); /* not written to by the store */
    return d;
}

/* -1, or the outcome. job may be NULL. */
static inline int append_reply(struct store *s, const char *room, const char *name, const char *id, const char *text,
                               uint64_t reply_to, struct store_job *job, struct err *e)
{
    struct chat_draft d = draft_of(room, name, id, text);
    struct store_job own;
    d.reply_to = reply_to;
    job = job != NULL ? job : &own;
    *job = (struct store_job){.draft = &d, .outcome = STORE_CONFLICT, .seq = 0x55, .time_ms = 0x55};
    int result = store_append(s, job, 1, e);
    job->draft = NULL;
    return result == 0 ? (int)job->outcome : -1;
}

static inline int append(struct store *s, const char *id, const char *text, struct store_job *job, struct err *e)
{
    return append_reply(s, "lobby", "ann", id, text, 0, job, e);
}

#define assert_stored(s, id, text) assert_int_equal(append(s, id, text, NULL, NULL), STORE_STORED)

/* Messages of a room after since, up to 1000. */
static inline int read_room(struct store *s, const char *room, uint64_t since, struct store_page *page, struct err *e)
{
    const struct store_range range = {.room = room, .since = since, .limit = 1000, .budget = SIZE_MAX};
    return store_read(s, &range, page, e);
}

static inline int64_t count_in_view(struct store *s, const char *room)
{
    struct err e = ERR_INIT;
    struct store_room found;
    uint64_t at = 0;
    for (bool more = true; more;) {
        struct store_page page;
        if (read_room(s, room, at, &page, &e) != 0) {
            fprintf(stderr, "read %s: %s\n", room, e.text);
            return -1;
        }
        more = page.more;
        for (size_t i = 0; i < page.count; i++) {
            if (page.messages[i].seq != ++at) {
                fprintf(stderr, "%s: a message is not number %llu\n", room, (unsigned long long)at);
                more = false;
                at = UINT64_MAX;
                break;
            }
        }
        store_page_fini(&page);
    }
    if (store_room(s, room, &found, &e) != 0 || found.head != at || found.oldest != 1) {
        fprintf(stderr, "%s: head %llu, oldest %llu, %llu messages %s\n", room, (unsigned long long)found.head,
                (unsigned long long)found.oldest, (unsigned long long)at, e.text);
        return -1;
    }
    return (int64_t)at;
}

/* The room has all messages, 1..count without a gap. Returns count, or -1 and says on stderr what
 * is wrong. */
static inline int64_t count_contiguous(struct store *s, const char *room)
{
    struct err e = ERR_INIT;
    if (store_read_begin(s, &e) != 0) {
        fprintf(stderr, "read %s: %s\n", room, e.text);
        return -1;
    }
    int64_t count = count_in_view(s, room);
    store_read_end(s);
    return count;
}

/* What store_check finds, on stderr as well. */
static inline int check_place(const struct place *p)
{
    struct err e = ERR_INIT;
    struct store *s = try_open(p, STORE_READ, &e);
    int found = s == NULL ? -1 : store_check(s, stderr, &e);
    if (found < 0) {
        fprintf(stderr, "check: %s\n", e.text);
    }
    store_close(s);
    return found;
}

/* Appends messages with the ids 1, 2, 3, ... to the lobby. */
static inline void fill(const struct place *p, int count)
{
    struct store *s = open_store(p, STORE_WRITE);
    for (int i = 1; i <= count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_stored(s, id, "some text of a message");
    }
    store_close(s);
}

/* ---- a test for each store, or for some journal modes of SQLite ---- */

/* *state: the row of store_kinds; afterwards the place. */
static inline int set_up_store(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    p->kind = *state;
    p->kind->make(p);
    *state = p;
    return 0;
}

static inline int set_up_wal(void **state)
{
    const void *kind = &store_kinds[SQLITE_IN_WAL];
    memcpy(state, &kind, sizeof kind);
    return set_up_store(state);
}

static inline int set_up_rollback(void **state)
{
    const void *kind = &store_kinds[SQLITE_WITH_ROLLBACK_JOURNAL];
    memcpy(state, &kind, sizeof kind);
    return set_up_store(state);
}

/* Checks the store: whatever a test did, it must be sound afterwards. */
static inline int tear_down(void **state)
{
    struct place *p = *state;
    int found = place_has_database(p) ? check_place(p) : 0;
    p->kind->remove(p);
    free(p);
    return found;
}

#define IN_WAL(test) cmocka_unit_test_setup_teardown(test, set_up_wal, tear_down)
#define IN_ROLLBACK(test) cmocka_unit_test_setup_teardown(test, set_up_rollback, tear_down)
#define IN_BOTH_MODES(test) IN_WAL(test), IN_ROLLBACK(test)

struct store_case {
    const char *name;
    void (*run)(void **state);
};
#define STORE_CASE(run) \
    {                   \
#run, run       \
    }

static inline bool is_wanted(const char *store)
{
    const char *only = getenv("UNIT_STORE");
    return only == NULL || strncmp(store, only, strlen(only)) == 0;
}

/* Tests of SQLite's files, beside others that run for each store. */
#define RUN_OF_SQLITE(tests) (is_wanted("SQLite") ? RUN(tests) : 0)

/* The stores that are to be tested and can be tested here. Returns how many. */
static inline size_t find_stores(const struct store_kind *found[STORE_KINDS])
{
    size_t count = 0;
    for (size_t i = 0; i < STORE_KINDS; i++) {
        if (!is_wanted(store_kinds[i].name)) {
            continue;
        }
        if (store_kinds[i].is_here == NULL || store_kinds[i].is_here()) {
            found[count++] = &store_kinds[i];
        } else {
            print_message("left out: %s, which isn't here\n", store_kinds[i].name);
        }
    }
    return count;
}

/* Runs every case for every store. Returns how many failed. */
static inline int run_for_each_store(const char *group, const struct store_case *cases, size_t count)
{
    const struct store_kind *kinds[STORE_KINDS];
    size_t stores = find_stores(kinds);
    if (stores == 0) {
        print_error("%s: no store is here, so nothing was tested\n", group);
        return 1;
    }
    struct CMUnitTest *tests = calloc(count * stores, sizeof *tests);
    char(*names)[160] = calloc(count * stores, sizeof *names);
    for (size_t i = 0; i < count * stores; i++) {
        const struct store_case *one = &cases[i / stores];
        const void *kind = kinds[i % stores];
        snprintf(names[i], sizeof names[i], "%s: %s", kinds[i % stores]->name, one->name);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = one->run, .setup_func = set_up_store, .teardown_func = tear_down};
        memcpy(&tests[i].initial_state, &kind, sizeof kind);
    }
    int failed = _cmocka_run_group_tests(group, tests, count * stores, NULL, NULL);
    free(names);
    free(tests);
    return failed;
}
#define RUN_FOR_EACH_STORE(cases) run_for_each_store(__FILE__, cases, COUNT(cases))

/* ---- child processes ---- */

static inline pid_t start_child(void (*run)(const struct place *p, int argument), const struct place *p, int argument)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
        for (size_t i = 0; i < COUNT(fatal); i++) {
            signal(fatal[i], SIG_DFL); /* cmocka's handlers would go on with the next test */
        }
        run(p, argument);
        fflush(NULL);
        _exit(0);
    }
    return child;
}

static inline int wait_child(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) != child) {
        assert_int_equal(errno, EINTR);
    }
    return status;
}

static inline void run_child(void (*run)(const struct place *p, int argument), const struct place *p, int argument)
{
    assert_int_equal(wait_child(start_child(run, p, argument)), 0);
}

static inline void ignore_line(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* Log lines of errors that a test provokes would hide real ones. POLLCHAT_TEST_LOG=1 shows them. */
static inline void quiet_log(void)
{
    log_program("test");
    if (getenv("POLLCHAT_TEST_LOG") == NULL) {
        log_attach(ignore_line, NULL);
    }
}

#endif
