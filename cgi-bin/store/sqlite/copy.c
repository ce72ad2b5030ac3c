/* copy.c - a whole database into a new file, by SQLite's backup functions. See sqlite.h. */
#include "store/sqlite/private/sqlite.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEP_PAGES = 256,  /* 1 MB between two looks at who else wants something */
    RESTARTS_MAX = 3,  /* in a rollback journal: so often writers make the copy begin anew before they have to wait */
    RENAMES_MAX = 100, /* by somebody else, in the moment between open and lock */
    HEADER_VERSIONS = 18, /* where the header has its "write version" and "read version": 1 and 1, in WAL 2 and 2 */
};

/* ---- a file in the making ---- */

static int fail_with_file(const char *what, const char *path, struct err *e)
{
    int why = errno;
    log_line("%s %s: %s", what, path, strerror(why));
    errno = why;
    switch (err_of_errno(why)) {
    case ERR_READONLY:
        return err_set(e, ERR_READONLY, "The file can't be written where it is to be: %s.", strerror(why));
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or the quota is full: the copy of the database has no room.");
    case ERR_ABSENT:
        return err_set(e, ERR_ABSENT, "There is no such folder.");
    case ERR_CONFLICT:
        return err_set(e, ERR_CONFLICT, "There is such a file already. It was left as it is.");
    default:
        return err_set(e, ERR_SYSTEM, "The file can't be made: %s.", strerror(why));
    }
}

static bool still_has_its_name(const struct store_sqlite_fresh *f)
{
    struct stat named;
    struct stat opened;
    return lstat(f->path, &named) == 0 && fstat(f->fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

static void close_fresh(struct store_sqlite_fresh *f)
{
    if (f->fd >= 0) {
        close(f->fd);
    }
    f->fd = -1;
}

/* What a killed one left: nothing of it counts, least of all a journal for an empty file. */
static int empty(const struct store_sqlite_fresh *f, struct err *e)
{
    static const char *const tails[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char beside[sizeof f->path + 16];
        snprintf(beside, sizeof beside, "%s%s", f->path, tails[i]);
        unlink(beside);
    }
    file_make_private(f->path);
    return ftruncate(f->fd, 0) == 0 ? 0 : fail_with_file("empty", f->path, e);
}

int store_sqlite_fresh_open(struct store_sqlite_fresh *f, const char *path, struct err *e)
{
    f->fd = -1;
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path) {
        errno = ENAMETOOLONG;
        return fail_with_file("make", path, e);
    }
    for (int round = 0; round < RENAMES_MAX; round++) {
        f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (f->fd < 0) {
            return fail_with_file("make", f->path, e);
        }
        if (!file_is_own(f->fd, f->path)) {
            close_fresh(f);
            errno = EEXIST;
            return fail_with_file("make", f->path, e);
        }
        if (file_lock_try(f->fd) == FILE_LOCK_BUSY) {
            close_fresh(f);
            return err_set(e, ERR_BUSY, "Another program makes this very copy just now.");
        }
        if (still_has_its_name(f)) { /* not done with and renamed by another one, before the lock was free */
            return empty(f, e);
        }
        close_fresh(f);
    }
    return err_set(e, ERR_BUSY, "Other programs make this very copy again and again.");
}

int store_sqlite_fresh_keep(struct store_sqlite_fresh *f, const char *as, bool replace, struct err *e)
{
    int result = replace ? rename(f->path, as) : file_name_move(f->path, as);
    if (result != 0) {
        return fail_with_file("make", as, e);
    }
    close_fresh(f);
    if (file_name_sync(as) != 0) {
        fail_with_file("make durable", as, e);
        unlink(as);
        return -1;
    }
    return 0;
}

void store_sqlite_fresh_end(struct store_sqlite_fresh *f)
{
    if (f->fd >= 0 && still_has_its_name(f)) {
        unlink(f->path);
    }
    close_fresh(f);
}

void store_sqlite_fresh_drop(struct store_sqlite_fresh *f)
{
    if (f->fd >= 0) {
        unlink(f->path);
    }
    close_fresh(f);
}

/* ---- looking at a database that stands still ---- */

struct store_sqlite *store_sqlite_open_still(const char *path, struct err *e)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    struct buf uri;
    buf_init(&uri, BUF_UNLIMITED);
    buf_adds(&uri, *path == '/' ? "file://" : "file:");
    for (const unsigned char *c = (const unsigned char *)path; *c != '\0'; c++) {
        buf_addf(&uri, strchr(plain, *c) != NULL ? "%c" : "%%%02X", *c);
    }
    buf_adds(&uri, "?immutable=1"); /* no locks, and no log beside it, whatever its header says */
    struct store_sqlite *s = store_sqlite_handle("", buf_text(&uri), STORE_READ);
    buf_fini(&uri);
    if (store_sqlite_connect(s, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e) != 0) {
        store_sqlite_close(&s->base);
        return NULL;
    }
    return s;
}

int store_sqlite_verify(struct store_sqlite *s, struct err *e)
{
    char found[200];
    if (store_sqlite_ask(s, "PRAGMA integrity_check(1)", "verify", found, sizeof found, e) != 0) {
        return -1;
    }
    if (strcmp(found, "ok") != 0) {
        log_line("%s: %s", s->path, found);
        return err_set(e, ERR_CORRUPT, "The database is damaged. 'pollchat check' says where that of the chat is.");
    }
    return 0;
}

struct identity {
    char version[32];
    char epoch[64];
};

static int identify(struct store_sqlite *s, struct identity *out, struct err *e)
{
    return store_sqlite_ask(s, "PRAGMA user_version", "read the version", out->version, sizeof out->version, e) == 0 &&
                   store_sqlite_ask(s, "SELECT epoch FROM meta", "read the epoch", out->epoch, sizeof out->epoch, e) ==
                       0
               ? 0
               : -1;
}

static int compare(const struct store_sqlite_fresh *copy, const struct identity *wanted, struct err *e)
{
    struct identity found;
    struct store_sqlite *s = store_sqlite_open_still(copy->path, e);
    int result = s == NULL ? -1 : identify(s, &found, e);
    if (result == 0 && (strcmp(found.version, wanted->version) != 0 || strcmp(found.epoch, wanted->epoch) != 0)) {
        log_line("%s: version %s and epoch %s were copied as %s and %s", copy->path, wanted->version, wanted->epoch,
                 found.version, found.epoch);
        result = err_set(e, ERR_SYSTEM, "The copy of the database is not what the database is.");
    }
    if (s != NULL) {
        store_sqlite_close(&s->base);
    }
    return result;
}

/* ---- another epoch ---- */

static int change_epoch(const struct store_sqlite_fresh *f, const char *epoch, struct err *e)
{
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; UPDATE meta SET epoch = '%s'",
             epoch);
    struct store_sqlite *s = store_sqlite_handle("", f->path, STORE_WRITE);
    int result = store_sqlite_connect(s, SQLITE_OPEN_READWRITE, e);
    if (result == 0) {
        result = store_sqlite_exec(s, sql, "give an epoch", e);
    }
    store_sqlite_close(&s->base);
    return result;
}

int store_sqlite_renew(const struct store_sqlite_fresh *f, bool keep_wal, char epoch[CHAT_EPOCH_SIZE], struct err *e)
{
    char was[2];
    random_id(epoch);
    /* Whole and without a log, a file in WAL becomes one in a rollback journal by these bytes, and back again. */
    if (pread(f->fd, was, 2, HEADER_VERSIONS) != 2 || pwrite(f->fd, "\1\1", 2, HEADER_VERSIONS) != 2) {
        return fail_with_file("write", f->path, e);
    }
    if (change_epoch(f, epoch, e) != 0) {
        return -1;
    }
    if ((keep_wal && pwrite(f->fd, was, 2, HEADER_VERSIONS) != 2) || fsync(f->fd) != 0) {
        return fail_with_file("write", f->path, e);
    }
    return 0;
}

/* ---- copying ---- */

struct work {
    struct store_sqlite *from;
    struct store_sqlite *to;
    const struct store_sqlite_teller *teller;
    bool held; /* a read transaction keeps others from changing what is copied */
    int remaining;
    int restarts;
};

static int hold(struct work *w, struct err *e)
{
    char ignored[16];
    if (store_sqlite_exec(w->from, "BEGIN", "copy", e) != 0 ||
        store_sqlite_ask(w->from, "PRAGMA user_version", "copy", ignored, sizeof ignored, e) != 0) {
        return -1;
    }
    w->held = true;
    return 0;
}

static bool tell(const struct work *w, sqlite3_backup *b)
{
    int64_t all = sqlite3_backup_pagecount(b);
    int64_t left = sqlite3_backup_remaining(b);
    return w->teller->tell == NULL ||
           w->teller->tell(w->teller->context, all > 0 ? (unsigned)((all - left) * 100 / all) : 0);
}

/* SQLITE_DONE, SQLITE_INTERRUPT (by the teller), or what went wrong. */
static int copy_pages(struct work *w, sqlite3_backup *b, struct err *e)
{
    w->remaining = INT_MAX;
    for (;;) {
        if (!tell(w, b)) {
            return SQLITE_INTERRUPT;
        }
        store_sqlite_set_deadline(w->from);
        int rc = sqlite3_backup_step(b, STEP_PAGES);
        if (rc != SQLITE_OK) {
            return rc;
        }
        w->restarts += sqlite3_backup_remaining(b) > w->remaining;
        w->remaining = sqlite3_backup_remaining(b);
        if (!w->held && w->restarts >= RESTARTS_MAX && hold(w, e) != 0) {
            return SQLITE_ABORT;
        }
    }
}

static int copy_database(struct work *w, struct err *e)
{
    sqlite3_backup *b = sqlite3_backup_init(w->to->db, "main", w->from->db, "main");
    if (b == NULL) {
        return store_sqlite_fail(w->to, sqlite3_extended_errcode(w->to->db), "copy", e);
    }
    int rc = copy_pages(w, b, e);
    if (rc == SQLITE_DONE) {
        tell(w, b);
    }
    int end = sqlite3_backup_finish(b);
    switch (rc) {
    case SQLITE_DONE:
        return end == SQLITE_OK ? 0 : store_sqlite_fail(w->to, end, "copy", e);
    case SQLITE_INTERRUPT:
        return err_set(e, ERR_STOPPING, "This process ends. The next one copies the database.");
    case SQLITE_ABORT: /* said already */
        return -1;
    default:
        return store_sqlite_fail(w->to, rc, "copy", e);
    }
}

static int copy_into(struct work *w, const struct store_sqlite_fresh *to, struct err *e)
{
    char mode[16];
    if (store_sqlite_ask(w->from, "PRAGMA journal_mode", "copy", mode, sizeof mode, e) != 0 ||
        (strcmp(mode, "wal") == 0 && hold(w, e) != 0) || store_sqlite_connect(w->to, SQLITE_OPEN_READWRITE, e) != 0 ||
        store_sqlite_exec(w->to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", "copy", e) != 0) {
        return -1; /* no journal: a copy that fails is thrown away */
    }
    int result = copy_database(w, e);
    store_sqlite_disconnect(w->to);
    return result == 0 && fsync(to->fd) != 0 ? fail_with_file("sync", to->path, e) : result;
}

int store_sqlite_copy(struct store_sqlite *from, struct store_sqlite_fresh *to,
                      const struct store_sqlite_teller *teller, struct err *e)
{
    struct identity identity = {.version = ""};
    struct work w = {.from = from, .to = store_sqlite_handle("", to->path, STORE_WRITE), .teller = teller};
    int result = copy_into(&w, to, e);
    if (result == 0) {
        result = identify(from, &identity, e); /* neither changes while the file is the same */
    }
    if (w.held) {
        sqlite3_exec(from->db, "ROLLBACK", NULL, NULL, NULL);
    }
    store_sqlite_close(&w.to->base);
    return result == 0 ? compare(to, &identity, e) : -1;
}
