/* sqlite.h - what the files of the SQLite backend share. Private to this room.
 *
 * Files in the data folder: chat.db, beside it SQLite's chat.db-wal and chat.db-shm, or chat.db-journal, and
 * chat.db-lock, a file that is locked with flock(2), with a record of the log in it (rescue.c). While another schema is put in: chat.upgrade (upgrade.c).
 * Copies: chat-before-schema-N-TIME.db, chat-before-restore-TIME.db, and chat-upgrade.new, chat-restore.new in the making.
 *
 * Who may do what, when (WAL):
 *   reader  BEGIN, reads, COMMIT. Never checkpoints, neither by count nor when it closes.
 *   writer  flock; BEGIN IMMEDIATE, writes, COMMIT with its sync; a checkpoint when the log is long; unlock.
 * So no checkpoint overlaps a writer that starts the log anew, which SQLite before 3.51.3 (3.50.7, 3.44.6) may pay with
 * lost pages. The flock is taken with every version: the file is shared with processes that may have an older SQLite
 * in them. Tools that checkpoint by themselves (the sqlite3 shell) should stay away while the chat runs.
 *
 * In a rollback journal SQLite's own locks do all; the flock then only keeps two makers of the database apart and may be
 * missing, as on network file systems without flock. Where those are missing as well, nothing is opened: store_sqlite_refuse_lockless.
 * journal_mode is TRUNCATE: with synchronous=FULL SQLite syncs the
 * truncated journal, which makes the commit durable; the default DELETE syncs the folder after the deletion only with EXTRA,
 * so that power loss could bring the journal back and roll an answered send away.
 */
#ifndef SQLITE_PRIVATE_H
#define SQLITE_PRIVATE_H

#include "store/private/store_backend.h"

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
    char *folder; /* owned, as are the next five */
    char *path;
    char *log_path;
    char *shared_path;
    char *lock_path;
    char *asked_path; /* chat-restore.db: a backup that is to be put in the place of the database */
    int lock_fd;      /* -1: none */
    bool locked;
    bool is_main;                     /* it is the chat's own database, no copy */
    bool needs_maker;                 /* there is no log, or one that isn't right: one is begun under the flock */
    bool awaits_log;                  /* another process has the log, and is to put it back */
    bool has_lost;                    /* the log is gone with messages in it */
    bool is_alone;                    /* the database was found without log and record: perhaps it lacks something */
    bool has_split;                   /* what the handle had is kept aside: the log that counts is another one */
    struct store_sqlite_files *files; /* see store_sqlite_join; NULL: none, as outside of WAL */
    uint64_t still; /* file_stamp of the database that is read without a log, as there is no room for one; 0: as ever */
    uint64_t least_bytes; /* the database has been so long */
    enum store_mode mode;
    enum store_journal journal; /* as wished */
    bool wal;                   /* as it is */
    bool short_lived;
    uint64_t file_number; /* see store_file */
    int64_t looked_ms;    /* monotonic: the last look whether files were taken away; 0: none yet */
    bool viewing;         /* between read_begin and read_end */
    bool stale;           /* another database or schema was found behind the handle */
    bool checkpoint_failed;
    bool upgrading;        /* it is this handle that puts in another schema */
    int log_limit;         /* pages of the log after which it is copied into the database */
    int log_pages;         /* length of the log after this handle's last commit */
    int log_patient_until; /* no wait for readers to leave the log before it has so many pages */
    unsigned busy_timeout_ms;
    int64_t deadline; /* of the call in work, for all its waits together */
    const atomic_bool *stopping;
    char epoch[CHAT_EPOCH_SIZE];
    char description[64];
};

/* ---- handle.c: errors, waiting, transactions ---- */

/* Sets e from the last error of the handle and logs it. Returns -1. Call it before anything else touches the handle. */
int store_sqlite_fail(struct store_sqlite *s, int rc, const char *what, struct err *e);

void store_sqlite_set_deadline(struct store_sqlite *s);
/* Sleeps a little, the more often the longer. False when it is not worth it: time is up, or the process ends. */
bool store_sqlite_nap(const struct store_sqlite *s, int times);
int store_sqlite_on_busy(void *handle, int times);        /* for sqlite3_busy_handler; naps of 8 ms at most */
bool store_sqlite_is_moved(const struct store_sqlite *s); /* another file has its name now */

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

/* ---- open.c: from a folder to a handle ---- */

/* Not connected; free it with store_sqlite_close. path: NULL for chat.db of the folder. */
struct store_sqlite *store_sqlite_handle(const char *folder, const char *path, enum store_mode mode);
int store_sqlite_connect(struct store_sqlite *s, int flags, struct err *e);
void store_sqlite_disconnect(struct store_sqlite *s);

/* ERR_CORRUPT, ERR_NEWER with words for the user; log lines. Always -1. */
int store_sqlite_refuse_foreign(const struct store_sqlite *s, struct err *e);
int store_sqlite_refuse_lockless(const struct store_sqlite *s, struct err *e); /* no record locks here: always -1 */
int store_sqlite_refuse_newer(const struct store_sqlite *s, uint64_t version, struct err *e);
/* To be asked with the write lock in hand, as who puts another file in the place has it meanwhile. 0, or -1 with ERR_BUSY. */
int store_sqlite_refuse_moved(struct store_sqlite *s, struct err *e);
/* Whether the file says that it is a database of pollchat; asks for no lock. -1 with the error set. */
int store_sqlite_is_ours(struct store_sqlite *s, bool *ours, struct err *e);
int store_sqlite_read_version(struct store_sqlite *s, uint64_t *version, struct err *e);
/* From a rollback journal, with the flock held (can_lock: there is such a thing). */
int store_sqlite_choose_journal(struct store_sqlite *s, bool can_lock, struct err *e);

int store_sqlite_prepare(struct store_sqlite *s, struct err *e); /* statements, and the epoch */
struct store *store_sqlite_open(const struct store_options *options, enum store_mode mode, struct err *e);
void store_sqlite_close(struct store *base);
/* Makes or migrates the database, and rolls back what a killed writer left, through a handle of its own. */
int store_sqlite_make(const struct store_sqlite *like, struct err *e);
int store_sqlite_schema(void); /* the number of the last file in sql/sqlite */

/* ---- log.c: whose log it is ---- */

enum store_sqlite_joined {
    STORE_SQLITE_JOINED,
    STORE_SQLITE_FAILED, /* needs_maker, awaits_log, or another error */
    STORE_SQLITE_AGAIN,  /* the files are changing: close it, and try again in a moment */
};

/* First thing after a database in WAL was connected: SQLite opens log and shared memory now, and the process takes note which. */
enum store_sqlite_joined store_sqlite_join(struct store_sqlite *s, struct err *e);
void store_sqlite_leave(struct store_sqlite *s);           /* closes it; fine if it never joined, or isn't connected */
bool store_sqlite_is_in_wal(const struct store_sqlite *s); /* by its header; asks for no lock */

/* This process or another one has the database open, in WAL. */
bool store_sqlite_is_held(const struct store_sqlite *s);

/* The path of the log, or of the shared memory, names another file than the one that is open, or none. */
bool store_sqlite_log_is_gone(const struct store_sqlite *s);
bool store_sqlite_has_its_log(const struct store_sqlite *s); /* that of the log still names it */
/* The database or the log is shorter than it must be; to be asked with the flock in hand. */
bool store_sqlite_is_cut(struct store_sqlite *s);
/* The same at any time, but of the database only if nothing is left of it. A writer at work may make it look so: ask again with the flock. */
bool store_sqlite_is_emptied(const struct store_sqlite *s);
/* Where the last frame of the log ends that counts, by the shared memory, and how long a frame is; 0: there is none. */
uint64_t store_sqlite_log_end(const struct store_sqlite *s, uint64_t *frame);
uint64_t
store_sqlite_log_salts(const struct store_sqlite *s); /* 0: unknown; another number each time the log starts anew */
uint64_t store_sqlite_log_number(const struct store_sqlite *s); /* of the one that is open, see file_number; 0: none */

/* All that was to be saved is where others find it, so the handles of this process may be closed. */
bool store_sqlite_is_settled(const struct store_sqlite *s);
void store_sqlite_set_settled(struct store_sqlite *s);

/* ---- rescue.c: files that were taken away or cut ---- */

enum store_sqlite_state {
    STORE_SQLITE_CLEAN,      /* the database alone has all messages */
    STORE_SQLITE_DIRTY,      /* some are in the log only */
    STORE_SQLITE_CUT,        /* some of those are gone, so the log is of no use */
    STORE_SQLITE_OWES_EPOCH, /* the log is as it should be, but numbers were given that it doesn't have */
};

/* The record in the lock file, with the log of this handle, or else the one that is there; the first one with the flock in hand. */
void store_sqlite_record(struct store_sqlite *s, enum store_sqlite_state state);
void store_sqlite_record_commit(
    struct store_sqlite *s); /* before a commit is made: DIRTY, with what was in the log before */
/* A number that each commit to a log raises before it is made, whatever the clock of the file system says. */
uint64_t store_sqlite_commits(const char *folder);

/* The log that is there isn't the one that was agreed on, or what should be in it is gone: work for the maker. */
bool store_sqlite_log_is_odd(const struct store_sqlite *s);
/* Others have the database open; no matter which log they have, nothing that is in it only is theirs to put back. */
bool store_sqlite_may_begin_beside(const struct store_sqlite *s);
/* Something that was in the log is gone. */
bool store_sqlite_lacks_something(const struct store_sqlite *s);
/* With the flock, and while no process has the database open: sets has_lost, and puts aside a log that is another one's. */
int store_sqlite_clear_log(struct store_sqlite *s, struct err *e);
int store_sqlite_set_log_aside(const struct store_sqlite *s, struct err *e);

/* Something of what is open was taken away or emptied: rescue it before the handle is closed. Three looks at files. */
bool store_sqlite_is_robbed(const struct store_sqlite *s);
/* Saves what the handle has, unless another one has done so; then it is stale. 0 as well when nothing was wrong. -1: not now; the handle
 * still has it (ERR_FULL, ERR_READONLY, ERR_BUSY). */
int store_sqlite_rescue(struct store_sqlite *s, struct err *e);
/* The same with the flock in hand, and outside of transactions. committed: the handle has just committed something; 0 then means that it is in
 * the log that counts, unless has_split says that it isn't. */
int store_sqlite_rescue_locked(struct store_sqlite *s, bool committed, struct err *e);

/* After a commit: end and salts of the log before it. -1 with ERR_BUSY: the log was cut meanwhile, and is given up. */
int store_sqlite_check_hole(struct store_sqlite *s, uint64_t end, uint64_t salts, struct err *e);

/* ---- messages.c ---- */

void store_sqlite_rest(const struct store_options *options, bool now); /* see store.h; rescue.c */

/* With the flock in hand; mode: SQLITE_CHECKPOINT_... Returns SQLite's code. Failures are logged, once. */
int store_sqlite_checkpoint(struct store_sqlite *s, int mode);

/* ---- still.c: reading where there is no room for a log ---- */

/* For a reader whose open has failed: the database alone, if it has all messages and no program has it open. Between read_begin and
 * read_end the flock is held, so nothing changes meanwhile; any change in between makes the handle one that is replaced. */
int store_sqlite_open_without_log(struct store_sqlite *s, struct err *e);
bool store_sqlite_is_still(const struct store_sqlite *s); /* what was so when it was opened */

/* ---- check.c ---- */

int store_sqlite_check(struct store_sqlite *s, FILE *out, struct err *e);

/* ---- copy.c: whole databases into new files ---- */

/* A file in the making. It has a name that says so, and is locked while its maker lives: so what a killed one left can be told
 * from what somebody is at, and is taken over. */
struct store_sqlite_fresh {
    char path[4200];
    int fd; /* -1: none */
};

/* Empty, mode 0600. -1 with ERR_BUSY while another one makes it, ERR_ABSENT (no such folder), ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int store_sqlite_fresh_open(struct store_sqlite_fresh *f, const char *path, struct err *e);
/* Makes it durable under its right name; replace: whatever has that name. -1: it isn't there under either name; ERR_CONFLICT. */
int store_sqlite_fresh_keep(struct store_sqlite_fresh *f, const char *as, bool replace, struct err *e);
void store_sqlite_fresh_end(
    struct store_sqlite_fresh *f); /* for one that may have got another name: removes it only if it hasn't */
void store_sqlite_fresh_drop(struct store_sqlite_fresh *f); /* removes it if it wasn't kept. Fine after any of these */

/* tell may be NULL; false ends the copy (ERR_STOPPING). */
struct store_sqlite_teller {
    bool (*tell)(void *context, unsigned percent);
    void *context;
};

/* What `from` (connected) has at this moment. Before it returns 0 the file was synced, and asked for its version and epoch. Others may
 * write meanwhile: in WAL without noticing; in a rollback journal they come first some times, then they wait. */
int store_sqlite_copy(struct store_sqlite *from, struct store_sqlite_fresh *to,
                      const struct store_sqlite_teller *teller, struct err *e);

/* Gives a copy an epoch of its own: whoever puts it in the place of the database, by FTP for one, brings heads that are lower than
 * those that clients have seen. keep_wal: it stays in WAL if it is; otherwise it is in a rollback journal. Syncs the file. */
int store_sqlite_renew(const struct store_sqlite_fresh *f, bool keep_wal, char epoch[CHAT_EPOCH_SIZE], struct err *e);

/* A handle on a database that nobody writes to and that has no log, such as a copy; makes no file. NULL with the error set. */
struct store_sqlite *store_sqlite_open_still(const char *path, struct err *e);
/* Of a database file, whole: 0, or -1 with ERR_CORRUPT. */
int store_sqlite_verify(struct store_sqlite *s, struct err *e);

/* ---- upgrade.c: what is done around a migration ---- */

enum { STORE_SQLITE_UPGRADE_TEXT = 256 };

struct store_sqlite_upgrade {
    struct store_sqlite *s;
    int fd;           /* chat.upgrade, locked; -1: it couldn't be made */
    unsigned percent; /* as told last */
    int64_t logged;   /* when, monotonic ms */
    uint64_t bytes;   /* of the database */
    char kept[4200];  /* the copy; "" before there is one */
};

/* Copies the database, and tells those who come meanwhile. s holds the write lock and has changed nothing. -1: nothing is left
 * of it. Otherwise _end it; done: the new schema is committed; unsure: perhaps it is. The copy is kept for both. */
int store_sqlite_upgrade_begin(struct store_sqlite_upgrade *u, struct store_sqlite *s, struct err *e);
void store_sqlite_upgrade_end(struct store_sqlite_upgrade *u, bool done, bool unsure);

/* Somebody is at it just now. why: what to say, how far it is included; may be NULL. */
bool store_sqlite_is_upgraded(const struct store_sqlite *s, char *why, size_t size);

/* ---- backup.c: see store.h ---- */

int store_sqlite_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                        struct err *e);
int store_sqlite_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                         struct store_restored *out, struct err *e);
/* For who opens the database and finds chat-restore.db. -1 with ERR_BUSY or ERR_FULL; what can't be restored gets another name. */
int store_sqlite_restore_asked(const struct store_options *options, const char *from, struct err *e);

#endif
