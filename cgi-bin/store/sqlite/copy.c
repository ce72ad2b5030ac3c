/* copy.c - see copy.h. */
#include "store/sqlite/private/copy.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/sql.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    STEP_PAGES = 256,     /* 1 MB between two questions whether to go on */
    RESTARTS_MAX = 3,     /* with a rollback journal: restarts by writers before they must wait */
    HEADER_VERSIONS = 18, /* offset of "write version" and "read version": 1 and 1, in WAL 2 and 2 */
};

struct sqlite_handle *sqlite_copy_open(const char *path, struct err *e)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    struct buf uri;
    buf_init(&uri, BUF_UNLIMITED);
    buf_adds(&uri, *path == '/' ? "file://" : "file:");
    for (const unsigned char *c = (const unsigned char *)path; *c != '\0'; c++) {
        buf_addf(&uri, strchr(plain, *c) != NULL ? "%c" : "%%%02X", *c);
    }
    buf_adds(&uri, "?immutable=1"); /* no locks and no log, whatever its header says */
    struct sqlite_handle *s = sqlite_handle_new("", buf_text(&uri), STORE_READ);
    buf_fini(&uri);
    if (sqlite_connection_open(s, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e) != 0) {
        sqlite_connection_close(s);
        return NULL;
    }
    return s;
}

int sqlite_copy_verify(struct sqlite_handle *s, struct err *e)
{
    char found[200];
    if (sqlite_sql_ask(s, "PRAGMA integrity_check(1)", "verify", found, sizeof found, e) != 0) {
        return -1;
    }
    if (strcmp(found, "ok") != 0) {
        log_line("%s: %s", s->path, found);
        return err_set(e, ERR_CORRUPT,
                       "The database is damaged. 'pollchat check' shows where the chat's database is damaged.");
    }
    return 0;
}

struct identity {
    char version[32];
    char epoch[64];
};

static int identify(struct sqlite_handle *s, struct identity *out, struct err *e)
{
    return sqlite_sql_ask(s, "PRAGMA user_version", "read the version", out->version, sizeof out->version, e) == 0 &&
                   sqlite_sql_ask(s, "SELECT epoch FROM meta", "read the epoch", out->epoch, sizeof out->epoch, e) == 0
               ? 0
               : -1;
}

static int compare(const struct sqlite_fresh *copy, const struct identity *wanted, struct err *e)
{
    struct identity found;
    struct sqlite_handle *s = sqlite_copy_open(copy->path, e);
    int result = s == NULL ? -1 : identify(s, &found, e);
    if (result == 0 && (strcmp(found.version, wanted->version) != 0 || strcmp(found.epoch, wanted->epoch) != 0)) {
        log_line("%s: version %s and epoch %s were copied as %s and %s", copy->path, wanted->version, wanted->epoch,
                 found.version, found.epoch);
        result = err_set(e, ERR_SYSTEM,
                         "The copy of the database differs from the database, so it was not kept. Try again.");
    }
    if (s != NULL) {
        sqlite_connection_close(s);
    }
    return result;
}

static int change_epoch(const struct sqlite_fresh *f, const char *epoch, struct err *e)
{
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; UPDATE meta SET epoch = '%s'",
             epoch);
    struct sqlite_handle *s = sqlite_handle_new("", f->path, STORE_WRITE);
    int result = sqlite_connection_open(s, SQLITE_OPEN_READWRITE, e);
    if (result == 0) {
        result = sqlite_sql_exec(s, sql, "give an epoch", e);
    }
    sqlite_connection_close(s);
    return result;
}

int sqlite_copy_renew(const struct sqlite_fresh *f, bool keep_wal, char epoch[CHAT_EPOCH_SIZE], struct err *e)
{
    char was[2];
    random_id(epoch);
    /* These two bytes turn a whole file without a log from WAL to a rollback journal, and back. */
    if (pread(f->fd, was, 2, HEADER_VERSIONS) != 2 || pwrite(f->fd, "\1\1", 2, HEADER_VERSIONS) != 2) {
        return sqlite_fresh_fail("write", f->path, e);
    }
    if (change_epoch(f, epoch, e) != 0) {
        return -1;
    }
    if ((keep_wal && pwrite(f->fd, was, 2, HEADER_VERSIONS) != 2) || fsync(f->fd) != 0) {
        return sqlite_fresh_fail("write", f->path, e);
    }
    return 0;
}

struct work {
    struct sqlite_handle *from;
    struct sqlite_handle *to;
    const struct sqlite_copy_teller *teller;
    bool held; /* a read transaction keeps other processes from changing the source */
    int remaining;
    int restarts;
};

static int hold(struct work *w, struct err *e)
{
    char ignored[16];
    if (sqlite_sql_exec(w->from, "BEGIN", "copy", e) != 0 ||
        sqlite_sql_ask(w->from, "PRAGMA user_version", "copy", ignored, sizeof ignored, e) != 0) {
        return -1;
    }
    w->held = true;
    return 0;
}

static bool tell(const struct work *w, sqlite3_backup *b)
{
    int64_t all = sqlite3_backup_pagecount(b);
    int64_t left = sqlite3_backup_remaining(b);
    unsigned percent = all > 0 ? (unsigned)((all - left) * 100 / all) : 0;
    const struct sqlite_copy_teller *t = w->teller;
    if (t->progress != NULL) {
        t->progress->tell(t->progress->context, percent);
    }
    return t->tell == NULL || t->tell(t->context, percent);
}

/* SQLITE_DONE, SQLITE_INTERRUPT (the teller ended it), SQLITE_ABORT (e is set), or an error. */
static int copy_pages(struct work *w, sqlite3_backup *b, struct err *e)
{
    w->remaining = INT_MAX;
    for (;;) {
        if (!tell(w, b)) {
            return SQLITE_INTERRUPT;
        }
        sqlite_deadline_set(w->from);
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
        return sqlite_fail(w->to, sqlite3_extended_errcode(w->to->db), "copy", e);
    }
    int rc = copy_pages(w, b, e);
    if (rc == SQLITE_DONE) {
        tell(w, b);
    }
    int end = sqlite3_backup_finish(b);
    switch (rc) {
    case SQLITE_DONE:
        return end == SQLITE_OK ? 0 : sqlite_fail(w->to, end, "copy", e);
    case SQLITE_INTERRUPT:
        return err_set(e, ERR_STOPPING, "This process is ending. The next one copies the database.");
    case SQLITE_ABORT: /* e is set */
        return -1;
    default:
        return sqlite_fail(w->to, rc, "copy", e);
    }
}

static int copy_into(struct work *w, const struct sqlite_fresh *to, struct err *e)
{
    char mode[16];
    if (sqlite_sql_ask(w->from, "PRAGMA journal_mode", "copy", mode, sizeof mode, e) != 0 ||
        (strcmp(mode, "wal") == 0 && hold(w, e) != 0) || sqlite_connection_open(w->to, SQLITE_OPEN_READWRITE, e) != 0 ||
        sqlite_sql_exec(w->to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", "copy", e) != 0) {
        return -1; /* no journal: a copy that fails is thrown away */
    }
    int result = copy_database(w, e);
    sqlite_connection_end(w->to);
    return result == 0 && fsync(to->fd) != 0 ? sqlite_fresh_fail("sync", to->path, e) : result;
}

int sqlite_copy(struct sqlite_handle *from, struct sqlite_fresh *to, const struct sqlite_copy_teller *teller,
                struct err *e)
{
    struct identity identity = {.version = ""};
    struct work w = {.from = from, .to = sqlite_handle_new("", to->path, STORE_WRITE), .teller = teller};
    int result = copy_into(&w, to, e);
    if (result == 0) {
        result = identify(from, &identity, e); /* neither changes while the file is the same */
    }
    if (w.held) {
        sqlite3_exec(from->db, "ROLLBACK", NULL, NULL, NULL);
    }
    sqlite_connection_close(w.to);
    return result == 0 ? compare(to, &identity, e) : -1;
}
