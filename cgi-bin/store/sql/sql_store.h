/* sql_store.h - what the modules of this room know of the database that they work on: a handle, and
 * the table of functions of its engine.
 *
 * The rules of the chat (whose a name is, who may do what, what is held, erased and forgotten) are
 * written once, in SQL that each engine runs. An engine is a store's own part: connections,
 * transactions, durability, and the statements that each send and poll needs, which it writes as
 * its database does them best. store/sqlite and store/postgres are engines.
 *
 * SQL here is what both databases read. Parameters are `?` in their order, or ?1, ?2, ...; never
 * both in one statement. Of what differs:
 *   - conditions are truth values: `bits & 4 <> 0`, not `bits & 4`; a selected condition reads as 0
 *     or 1 (sql_query_number_at)
 *   - LIMIT is never negative, and stands in each statement that may have many rows, since an
 *     engine may read all of them at once; ON CONFLICT instead of INSERT OR REPLACE; RETURNING for
 *     the number of a new row; a table in FROM that is a SELECT has a name
 *   - a statement has at most 224 parameters
 *   - a parameter is always bound by the same function: an engine may have to know its type
 *   - `a IS b` and `a IS NOT b` between two values, where NULL is a value like others. The engine
 *     of another database writes it as IS [NOT] DISTINCT FROM, which SQLite has since 3.39
 *   - CROSS JOIN tells SQLite the order of the tables, INDEXED BY the index. The engine of another
 *     database takes these words out
 *   - ifnull, hex, instr, printf and the like of SQLite are functions of the schema in sql/postgres
 *
 * Threads: a handle is used by one thread at a time.
 */
#ifndef SQL_STORE_H
#define SQL_STORE_H

#include "store/private/store_backend.h"
#include "store/sql/moved.h"

struct err;
struct sql_act;
struct sql_author;
struct sql_query;
struct sql_room;
struct sql_space;
struct sql_store;

struct sql_engine {
    /* ---- statements (query.h): q->sql, q->what, q->e are set. A failure is told by
     * sql_query_failed, once. ---- */
    void (*prepare)(struct sql_query *q);
    void (*bind_number)(struct sql_query *q, int parameter, int64_t number); /* parameters count from 1 */
    void (*bind_text)(struct sql_query *q, int parameter, const char *text); /* NULL: NULL, as the next one */
    void (*bind_blob)(struct sql_query *q, int parameter, const void *bytes, size_t count);
    bool (*next)(struct sql_query *q);
    bool (*is_null_at)(const struct sql_query *q, int column);
    int64_t (*number_at)(const struct sql_query *q, int column);
    const char *(*text_at)(const struct sql_query *q, int column);
    const void *(*blob_at)(const struct sql_query *q, int column, size_t *count); /* NULL: NULL, or empty */
    uint64_t (*changes)(const struct sql_query *q); /* rows that an ended INSERT, UPDATE or DELETE changed */
    void (*reset)(struct sql_query *q);             /* can be bound and run again */
    void (*release)(struct sql_query *q);

    /* ---- transactions ---- */
    int (*write_begin)(struct sql_store *s, struct err *e);
    int (*write_end)(struct sql_store *s, int result, struct err *e);
    int (*view_enter)(struct sql_store *s, bool *begun, struct err *e);
    void (*view_leave)(struct sql_store *s, bool begun);
    /* Inside a transaction that writes, before its first job: which jobs will come. Locks what they
     * need in an order that all processes keep, and may read ahead. */
    int (*expect)(struct sql_store *s, const struct store_job *jobs, size_t count, struct err *e);
    /* Inside a transaction that writes: makes its end durable also if it changes nothing. */
    int (*touch)(struct sql_store *s, struct err *e);
    /* Inside a transaction that erases: the bytes must be gone from the disk, before the answer or
     * (later) some time after it. */
    int (*owe_scrub)(struct sql_store *s, bool later, struct err *e);

    /* ---- rooms and messages, inside a transaction (rows.h) ---- */
    int (*find_room)(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);
    int (*add_room)(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);
    int (*raise_head)(struct sql_store *s, const struct sql_room *room, struct err *e);
    /* Looks for the row that has the draft's id in the room, from the person, or from a guest (0)
     * with the draft's name. sql_messages_compare sets the outcome; without such a row it stays. */
    int (*find_sent)(struct sql_store *s, const struct sql_room *room, int64_t person_id, struct store_job *job,
                     struct err *e);
    /* The same for the row with this number, if it has the draft's name and id. */
    int (*find_at)(struct sql_store *s, int64_t message_id, struct store_job *job, struct err *e);
    /* *added: false if there is a row with this id from the author. Without the text of an edit. */
    int (*add_message)(struct sql_store *s, int64_t message_id, const struct sql_author *author,
                       const struct chat_draft *draft, int64_t time_ms, bool *added, struct err *e);

    /* ---- space ---- */
    int (*space)(struct sql_store *s, struct sql_space *out, struct err *e);
    /* Should space that became free be returned to the file system? Cheap; no transaction need be
     * open. Returns some of it, inside a transaction that writes. */
    bool (*space_is_due)(struct sql_store *s);
    int (*return_space)(struct sql_store *s, struct err *e);

    /* ---- numbers of rows, inside a transaction; for moves ---- */
    /* The greatest number that the table's rows have had, also if that row is gone. 0: none is kept
     * beside the rows. */
    int (*last_number)(struct sql_store *s, const char *table, const char *column, int64_t *out, struct err *e);
    /* Further rows get greater numbers than `last`, which is at least 1. */
    int (*number_behind)(struct sql_store *s, const char *table, const char *column, int64_t last, struct err *e);
};

/* Bytes on the disk, for the desk. */
struct sql_space {
    int64_t all;
    int64_t log;    /* what isn't in the database yet */
    int64_t unused; /* of all; new messages can use it */
    int64_t page;
};

struct sql_store { /* an engine's handle begins with it */
    struct store base;
    const struct sql_engine *engine;
    struct sql_act *act;         /* between sql_act_begin and its end (act.h); else NULL */
    uint64_t rules;              /* number of the rules, as the transaction that is open found it */
    char epoch[CHAT_EPOCH_SIZE]; /* of the database */
    bool is_mover;               /* the handle of a command that moves the chat (moved.h) */
    enum sql_moved moved;        /* as the transaction that is open found it */
};

#endif
