/* store_sqlite.h - what the files of the SQLite backend share. Private to store_sqlite*.c.
 *
 * Files in the data folder: chat.db, beside it SQLite's chat.db-wal and chat.db-shm, or chat.db-journal, and
 * chat.db-lock, an empty file that is locked with flock(2).
 *
 * Who may do what, when (WAL):
 *   reader  BEGIN, reads, COMMIT. Never checkpoints, neither by count nor when it closes.
 *   writer  flock; BEGIN IMMEDIATE, writes, COMMIT with its sync; a checkpoint when the log is long; unlock.
 * So no checkpoint overlaps a writer that starts the log anew, which SQLite before 3.51.3 (3.50.7, 3.44.6) may pay with
 * lost pages. The flock is taken with every version: the file is shared with processes that may have an older SQLite
 * in them. Tools that checkpoint by themselves (the sqlite3 shell) should stay away while the chat runs.
 *
 * In a rollback journal SQLite's own locks do all; the flock then only keeps two makers of the database apart and may be
 * missing, as on network file systems without flock. journal_mode is TRUNCATE: with synchronous=FULL SQLite syncs the
 * truncated journal, which makes the commit durable; the default DELETE syncs the folder after the deletion only with EXTRA,
 * so that power loss could bring the journal back and roll an answered send away.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store_backend.h"

#include <sqlite3.h>

enum store_sqlite_statement {
    STORE_SQLITE_BEGIN_READ,
    STORE_SQLITE_BEGIN_WRITE,
    STORE_SQLITE_COMMIT,
    STORE_SQLITE_ROLLBACK,
    STORE_SQLITE_META,
    STORE_SQLITE_ROOM,
    STORE_SQLITE_AFTER,
    STORE_SQLITE_BEFORE,
    STORE_SQLITE_VERSION,
    STORE_SQLITE_FIND, /* from here on for writers only */
    STORE_SQLITE_ADD_ROOM,
    STORE_SQLITE_ADD,
    STORE_SQLITE_RAISE,
    STORE_SQLITE__MAX
};

enum {
    STORE_SQLITE_APPLICATION_ID = 0x70636874, /* "pcht" at offset 68 of the file; said in invariants.sql as well */
    STORE_SQLITE_PAGE_SIZE = 4096,            /* measured: see 001-base.sql */
};

struct store_sqlite {
    struct store base;
    sqlite3 *db; /* NULL while not connected */
    sqlite3_stmt *statements[STORE_SQLITE__MAX];
    char *folder; /* owned, as are the next two */
    char *path;
    char *lock_path;
    int lock_fd; /* -1: none */
    bool locked;
    enum store_mode mode;
    enum store_journal journal; /* as wished */
    bool wal;                   /* as it is */
    bool short_lived;
    bool viewing; /* between read_begin and read_end */
    bool stale;   /* another database or schema was found behind the handle */
    bool checkpoint_failed;
    int log_limit;         /* pages of the log after which it is copied into the database */
    int log_pages;         /* length of the log after this handle's last commit */
    int log_patient_until; /* no wait for readers to leave the log before it has so many pages */
    unsigned busy_timeout_ms;
    int64_t deadline; /* of the call in work, for all its waits together */
    const atomic_bool *stopping;
    char epoch[CHAT_EPOCH_SIZE];
    char description[64];
};

/* ---- store_sqlite_base.c: errors, waiting, transactions ---- */

/* Sets e from the last error of the handle and logs it. Returns -1. Call it before anything else touches the handle. */
int store_sqlite_fail(struct store_sqlite *s, int rc, const char *what, struct err *e);

void store_sqlite_set_deadline(struct store_sqlite *s);
int store_sqlite_on_busy(void *handle, int times); /* for sqlite3_busy_handler */

/* SQL without a result. -1 with the error set. */
int store_sqlite_exec(struct store_sqlite *s, const char *sql, const char *what, struct err *e);
/* One value as text (cut to size), as of PRAGMA; "" when there is no row. */
int store_sqlite_ask(struct store_sqlite *s, const char *sql, const char *what, char *out, size_t size, struct err *e);

/* The flock, waited for until the deadline. 0 got it, 1 there are no such locks on this file system, -1 with ERR_BUSY. */
int store_sqlite_lock(struct store_sqlite *s, struct err *e);
void store_sqlite_unlock(struct store_sqlite *s);

/* A statement of the handle, ready to bind; and back. */
sqlite3_stmt *store_sqlite_use(struct store_sqlite *s, enum store_sqlite_statement which);
void store_sqlite_done(sqlite3_stmt *statement);
/* One of those without parameters and rows: BEGIN, COMMIT. Returns SQLite's code. */
int store_sqlite_run(struct store_sqlite *s, enum store_sqlite_statement which);
void store_sqlite_rollback(struct store_sqlite *s); /* if there is a transaction */

/* ---- store_sqlite_open.c: from a folder to a handle ---- */

struct store *store_sqlite_open(const struct store_options *options, enum store_mode mode, struct err *e);
void store_sqlite_close(struct store *base);
/* Makes or migrates the database, and rolls back what a killed writer left, through a handle of its own. */
int store_sqlite_make(const struct store_sqlite *like, struct err *e);
int store_sqlite_schema(void); /* the number of the last file in sql/sqlite */

/* ---- store_sqlite_check.c ---- */

int store_sqlite_check(struct store_sqlite *s, FILE *out, struct err *e);

#endif
