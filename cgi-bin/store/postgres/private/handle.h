/* handle.h - what one opened PostgreSQL database is to the modules of this room.
 *
 * A handle has one connection, which it makes again when it is needed and the old one is broken.
 * Locks are advisory locks of a transaction and rows of rooms, always taken in this order, so that
 * transactions wait for each other, but never in a circle:
 *   1. "rules": shared for appends, alone for acts, erasures and retention. So these see no append
 *      beside them, as in SQLite, and many hosts append at once. Then meta is read.
 *   2. "names", alone: only for an append that may make a person, a name or a room (batch.c). So
 *      two hosts don't give one name, or two that look alike, to two persons.
 *   3. the rows of rooms, in the order of their names. A room's row is locked until the commit, so
 *      that messages become visible in the order of their seqs, and a rollback leaves no gap.
 *
 * To add a statement of this room: by store/sql/query.h, as in rows.c; or, without parameters, by
 * postgres_link_run (link.h).
 *
 * Threads: a handle is used by one thread at a time.
 */
#ifndef POSTGRES_HANDLE_H
#define POSTGRES_HANDLE_H

#include "store/sql/sql_store.h"

#include <libpq-fe.h>

struct postgres_batch;
struct postgres_replica;
struct postgres_statements;

/* A statement that was asked for many values of its first parameter at once. All is borrowed. */
struct postgres_asked {
    const char *sql;           /* the statement for one value */
    const void *const *values; /* those that it was asked for; NULL: none */
    size_t count;
    size_t size;            /* of each; 0: they are texts */
    int value_column;       /* which column of the rows has the value: one behind those of `sql` */
    bool must_ask_if_there; /* the rows only name the values for which `sql` has rows */
};

/* Its answers. */
struct postgres_known {
    struct postgres_asked asked;
    PGresult *rows;   /* owned; NULL: unused */
    bool *is_changed; /* of each row: its answer isn't that of the database any more; owned */
};
enum { POSTGRES_KNOWN_MOST = 3 };

enum postgres_open { POSTGRES_NOTHING, POSTGRES_VIEW, POSTGRES_WRITE };

struct postgres_handle {
    struct sql_store sql;
    PGconn *db;                             /* NULL while not connected */
    struct postgres_statements *statements; /* statements.h */
    struct postgres_batch *batch;           /* what the open append knows and has still to write (batch.h) */
    const struct store_job *jobs;           /* of the append that comes next; borrowed */
    size_t job_count;
    struct postgres_known known[POSTGRES_KNOWN_MOST];
    /* Called before the statement `sql`, which isn't answered from `known`. NULL: nothing is to be
     * done. */
    int (*before_statement)(struct postgres_handle *s, const char *sql, struct err *e);
    /* Takes a statement that can be done later. False: it can't. NULL: none can. */
    bool (*put_off)(struct postgres_handle *s, struct sql_query *q);
    struct postgres_replica *replica; /* replica.h; NULL: none */
    char *folder;                     /* the site's data folder; owned, as are the next two */
    char *address;
    char *password_file; /* NULL: none */
    char label[200];     /* "PostgreSQL db.example:5432/chat", for the log */
    char description[64];
    enum store_mode mode;
    unsigned busy_timeout_ms;
    const atomic_bool *stopping;
    enum postgres_open open; /* which transaction */
    bool is_lost;            /* the connection broke in the open transaction */
    bool is_append;          /* the next transaction that writes is one of many at a time */
    bool has_left_answer;    /* of a statement that was sent without a wait: it comes first */
    bool is_pooled;          /* the connection leads to a pool: nothing of a session can be relied on */
    bool needs_sync;         /* commits of this user aren't durable at once, unless they ask for it */
    bool can_repeat;         /* the last failure ended the transaction; the same one may succeed now */
    bool was_warned;         /* the server warned while the last statement ran */
    bool has_no_answer;      /* the connection broke before the answer of the last statement */
    bool is_replica;         /* the handle is that of replica.h: its waits are short, and its log is `trouble` */
    char trouble[200];       /* what went wrong with it last */
    bool is_refused;         /* likewise: it isn't connected, as another thread connects at this moment */
    bool takes_notices;      /* the handle is that of notices.c */
    bool is_patient;         /* the next statements may take hours */
    unsigned connections;    /* how many the handle has made: names the one that it has */
    bool stale;              /* of no more use: another database or schema is there now */
    int32_t lock;            /* second key of the advisory locks: the schema of the tables */
    int64_t seen_timeline;   /* seen.h, as are the next two */
    int64_t seen_at;         /* monotonic ms */
    unsigned seen_connection;
    uint64_t system; /* identifier of the database cluster; 0: not told */
};

/* Not connected. Can't fail. */
struct postgres_handle *postgres_handle_new(const struct store_options *options, enum store_mode mode);
void postgres_handle_free(struct postgres_handle *s); /* not connected any more; NULL is fine */

#endif
