/* store_support.h - what tests of the store share: a folder to throw away, short ways to append and read, child processes.
 *
 * A test runs once for each journal mode: its state is a struct place. In a child process use NEED, not cmocka's asserts:
 * those would jump into the parent's list of tests.
 */
#ifndef STORE_SUPPORT_H
#define STORE_SUPPORT_H

#include "support.h"

#include "base/err.h"
#include "base/log.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define NEED(fact) ((fact) ? (void)0 : need_failed(#fact, __FILE__, __LINE__))
static inline void need_failed(const char *fact, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, fact);
    _exit(99);
}

enum { PATIENCE_MS = 60000 }; /* a limit that only a hang reaches */

struct place {
    char root[200];   /* a temporary folder */
    char folder[220]; /* the data folder, inside of it */
    enum store_journal journal;
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

/* parent: NULL for $TMPDIR or /tmp. */
static inline void place_init(struct place *p, enum store_journal journal, const char *parent)
{
    const char *tmp = parent != NULL ? parent : getenv("TMPDIR");
    snprintf(p->root, sizeof p->root, "%s/pollchat-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(p->root) == NULL) {
        fail_msg("no folder %s: %s", p->root, strerror(errno));
    }
    snprintf(p->folder, sizeof p->folder, "%s/data", p->root);
    p->journal = journal;
}

static inline void place_fini(struct place *p)
{
    remove_tree(p->root);
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
    return (struct store_options){.folder = p->folder, .journal = p->journal, .busy_timeout_ms = PATIENCE_MS};
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
    memset(job, 0x55, sizeof *job);
    job->draft = &d;
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

/* All of a room is there, 1..count without a gap; returns count, or -1. Shows what is wrong on stderr. */
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

static inline off_t size_of(const struct place *p, const char *name)
{
    struct stat st;
    return stat(in_place(p, name), &st) == 0 ? st.st_size : -1;
}

/* A full disk of a kind, for this process: no file may be longer. */
static inline void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    NEED(signal(SIGXFSZ, SIG_IGN) != SIG_ERR); /* EFBIG instead */
    NEED(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* One value from a database file, by SQL, as text. Makes no file beside it when there is none. */
static inline void ask_file(const char *path, const char *sql, char *out, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    char uri[600];
    char log[600];
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(uri, sizeof uri, "file:%s%s", path, access(log, F_OK) == 0 ? "" : "?immutable=1");
    assert_int_equal(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW) {
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    }
    snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static inline int count_in_file(const char *path, const char *room)
{
    char sql[200];
    char count[32];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM message JOIN room USING (room_id) WHERE room.name = '%s'", room);
    ask_file(path, sql, count, sizeof count);
    return (int)strtol(count, NULL, 10);
}

/* Files of the folder whose names begin so; path (may be NULL): of the last one. */
static inline int find_files(const struct place *p, const char *prefix, char *path, size_t size)
{
    DIR *folder = opendir(p->folder);
    const struct dirent *entry = NULL;
    int found = 0;
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            found++;
            if (path != NULL) {
                snprintf(path, size, "%s/%s", p->folder, entry->d_name);
            }
        }
    }
    closedir(folder);
    return found;
}

/* ---- a test for each journal mode ---- */

static inline int make_place(void **state, enum store_journal journal)
{
    struct place *p = calloc(1, sizeof *p);
    place_init(p, journal, NULL);
    *state = p;
    return 0;
}

static inline int set_up_wal(void **state)
{
    return make_place(state, STORE_JOURNAL_WAL);
}

static inline int set_up_rollback(void **state)
{
    return make_place(state, STORE_JOURNAL_ROLLBACK);
}

/* Whatever a test did, nothing may be wrong with the database afterwards. */
static inline int tear_down(void **state)
{
    struct place *p = *state;
    int found = store_exists(p->folder) ? check_place(p) : 0;
    place_fini(p);
    free(p);
    return found;
}

#define IN_WAL(test) cmocka_unit_test_setup_teardown(test, set_up_wal, tear_down)
#define IN_ROLLBACK(test) cmocka_unit_test_setup_teardown(test, set_up_rollback, tear_down)
#define IN_BOTH_MODES(test) IN_WAL(test), IN_ROLLBACK(test)

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

/* SQLite's own door for tests: it calls this instead of the system. NULL: the system again. */
static inline void set_system_call(const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    assert_int_equal(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

/* Tests provoke errors; their log lines would only hide real ones. POLLCHAT_TEST_LOG=1 shows them. */
static inline void quiet_log(void)
{
    log_program("test");
    if (getenv("POLLCHAT_TEST_LOG") == NULL) {
        log_attach(ignore_line, NULL);
    }
}

#endif
