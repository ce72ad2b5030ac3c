/* handle.h - what one opened database is to the modules of this room: paths, flags, limits.
 *
 * Files in the data folder: chat.db; beside it SQLite's chat.db-wal (the log) and chat.db-shm (the
 * shared memory that indexes the log), or chat.db-journal; chat.db-lock, which writers lock with
 * flock(2) and which holds a record about the log (record.h). While the schema is changed:
 * chat.upgrade (upgrade_note.h). Copies: chat-before-schema-N-TIME.db, chat-before-restore-TIME.db,
 * and chat-upgrade.new, chat-restore.new while they are being made.
 *
 * What a process does, in WAL:
 *   reader  BEGIN, reads, COMMIT. Never checkpoints, neither by page count nor on close.
 *   writer  flock; BEGIN IMMEDIATE, writes, COMMIT with its sync; a checkpoint when the log is
 *           very long; unlock. Once a second, when no sender waits: flock; a checkpoint when the
 *           log is long; unlock.
 * So no checkpoint overlaps a writer that restarts the log, which can cost pages with SQLite before
 * 3.51.3 (3.50.7, 3.44.6). The flock is taken with every version of SQLite: other processes that
 * use the file may have an older one. Tools that checkpoint by themselves (the sqlite3 shell)
 * should not be used while the chat runs.
 *
 * With a rollback journal, SQLite's own locks suffice. The flock then only keeps two processes from
 * making the database at once, and may be missing, as on network file systems without flock. Where
 * SQLite's own locks are missing too, the database isn't opened (sqlite_fail_lockless).
 * journal_mode is TRUNCATE: with synchronous=FULL SQLite syncs the truncated journal, which makes
 * the commit durable. The default, DELETE, syncs the folder after the deletion only with EXTRA:
 * power loss could bring the journal back, and undo a send that was answered.
 *
 * Threads: a handle is used by one thread at a time.
 */
#ifndef SQLITE_HANDLE_H
#define SQLITE_HANDLE_H

#include "store/sql/sql_store.h"

#include <sqlite3.h>

struct sqlite_files;
struct sqlite_kept;
struct sqlite_rows;
struct sqlite_write;

struct sqlite_handle {
    struct sql_store sql;
    sqlite3 *db;                /* NULL while not connected */
    struct sqlite_rows *rows;   /* prepared statements (rows.h); NULL: none */
    struct sqlite_kept *kept;   /* those that were prepared when they were needed (kept.h); NULL: none */
    struct sqlite_write *write; /* while a transaction that writes is open (write.h); else NULL */
    char *folder;               /* owned, as are the next five */
    char *path;
    char *log_path;
    char *shared_path;
    char *lock_path;
    char *asked_path;           /* chat-restore.db: a backup that the owner put there to be restored */
    int lock_fd;                /* of chat.db-lock; -1: not open */
    bool locked;                /* this handle has the flock */
    bool is_main;               /* it is the chat's own database, not a copy */
    bool needs_maker;           /* the log is missing or wrong: it must be begun again under the flock */
    bool awaits_log;            /* another process has the log open, and should put it back */
    bool has_lost;              /* the log is gone, and messages with it */
    bool is_alone;              /* the database was found without log and record: messages may be missing */
    bool has_split;             /* another log counts now; what this handle had was kept in a file of its own */
    struct sqlite_files *files; /* its log and shared memory (files.h); NULL: none, as without WAL */
    uint64_t still;             /* file_stamp of a database that is read without a log (still.h); 0: with one */
    uint64_t least_bytes;       /* the database had this size: when it is smaller, it was cut */
    enum store_mode mode;
    enum store_journal journal; /* as wished */
    bool wal;                   /* the journal mode that the database has */
    bool short_lived;
    uint64_t file_number;   /* see store_identity */
    int64_t looked_ms;      /* monotonic: the last check for removed files; 0: none yet */
    bool viewing;           /* between sqlite_view_begin and sqlite_view_end */
    bool stale;             /* of no more use: another database or schema is there now */
    bool owes_scrub;        /* the open transaction erases something (scrub.h) */
    bool checkpoint_failed; /* the last one, so that the failure is logged once */
    bool upgrading;         /* this handle changes the schema */
    int log_pages;          /* pages in the log after this handle's last commit */
    int log_patient_until;  /* don't wait for readers of the log before it has so many pages */
    unsigned busy_timeout_ms;
    int64_t deadline; /* monotonic ms: end of all waits of the current call together */
    const atomic_bool *stopping;
    char description[64];
};

/* A handle that is not connected. path: NULL for chat.db in the folder. End it with
 * sqlite_connection_close, or sqlite_rescue_close for chat.db. Can't fail. */
struct sqlite_handle *sqlite_handle_new(const char *folder, const char *path, enum store_mode mode);
/* The memory only: the handle is not connected and has no descriptor. */
void sqlite_handle_free(struct sqlite_handle *s);
/* Another file has the database's name now, or none has. False while not connected. */
bool sqlite_handle_is_moved(const struct sqlite_handle *s);

#endif
