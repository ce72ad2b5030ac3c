/* store.h - where rooms and messages live.
 *
 * One interface, several backends (a const table of functions, chosen in store.c by the settings;
 * SQLite is the first). A handle is for one thread at a time; several handles of several threads
 * and processes on one store are the normal case.
 *
 * Promises of every backend:
 *  - store_append: when it returns 0 the messages are durable; power may go. Otherwise nothing is
 *    stored (but see there).
 *  - seq is contiguous in its room and given in commit order.
 *  - the same (room, name, id) is stored once, as long as the message is kept, whoever races.
 *  - a reader sees whole commits only, and never blocks a writer for longer than one read.
 *
 * Errors: ERR_BUSY, ERR_FULL, ERR_READONLY, ERR_CORRUPT, ERR_NEWER, ERR_SYSTEM; texts name no path.
 * ERR_EXPOSED where other users may write to the folder or its files (permissions.h). ERR_CONFIG when the
 * folder's parent is missing. A handle stays good for further calls after any of them.
 * Not for: limits on fields (chat.h has checked a draft before it comes here), waking readers.
 */
#ifndef STORE_H
#define STORE_H

#include "chat/chat.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct store;

enum store_mode {
    STORE_READ, /* never writes; the first opener still makes or migrates the database (having copied it), under its lock */
    STORE_WRITE,
};

enum store_journal { STORE_JOURNAL_AUTO, STORE_JOURNAL_WAL, STORE_JOURNAL_ROLLBACK };

struct store_options {
    const char *folder; /* data folder; made with mode 0700 if missing (its parent must exist). Borrowed for the call */
    enum store_journal journal; /* how a new database is made; an existing one keeps its mode */
    unsigned busy_timeout_ms;   /* how long to wait for others before ERR_BUSY */
    bool short_lived;           /* a process per request (CGI): keep the log to be recovered short */
    const atomic_bool
        *stopping; /* may be NULL; when true, waits for others end at once (ERR_BUSY). Borrowed until close */
};

bool store_exists(const char *folder); /* a database file is there, whatever is in it */

/* A number that changes with each commit, also of other programs; found without
 * opening, by looks at the files alone. Two commits within the same tick of the file system's clock
 * may share one if the database has a rollback journal, or if another program made them. 0:
 * unknown. */
uint64_t store_stamp(const char *folder);

struct store *store_open(const struct store_options *options, enum store_mode mode, struct err *e); /* NULL on error */
void store_close(struct store *s);                                                                  /* NULL is fine */
const char *store_epoch(const struct store *s); /* borrowed until close */
/* Another file stands at the path now (a restored backup), or is to, or the log was taken away, and
 * is put back before this returns: open anew. Waits for other programs at most as long as other
 * calls do, and only then. */
bool store_is_replaced(struct store *s);
/* A number of the file that is open, found when it was opened: as long as anybody has it open, another file has another number. 0: it was
 * replaced in that very moment. */
uint64_t store_file(const struct store *s);
const char *store_describe(const struct store *s); /* "SQLite 3.40.1, WAL"; borrowed until close */

/* ---- writing ---- */

enum store_outcome {
    STORE_STORED = 1, /* new message */
    STORE_REPEATED,   /* the same id with the same text is there already: seq and time_ms are the first one's */
    STORE_CONFLICT,   /* the same id with another text or reply_to */
    STORE_NO_TARGET,  /* reply_to names no message of the room (above its head) */
};

struct store_job {
    const struct chat_draft *draft; /* in; checked by chat.h, id set. Borrowed for the call */
    enum store_outcome outcome;     /* out, as are the next two; on -1 none is set */
    uint64_t seq;
    int64_t time_ms;
};

/* All jobs in one transaction with one sync. A job's outcome doesn't touch its neighbours; jobs of one call
 * that share an id are treated as if sent one after the other. Makes rooms that are missing (only for a
 * job that is STORED). 0: each job has its outcome; STORED and REPEATED ones are durable. -1: nothing is stored, and
 * outcomes are 0. One exception no program can rule out: when the disk fails at the very last step of a commit (ERR_SYSTEM),
 * nobody knows; the same jobs again find out, and store none of them twice. */
int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e);

/* ---- reading ---- */

struct store_room {
    uint64_t head;   /* 0: no message yet */
    uint64_t oldest; /* smallest seq kept; head + 1 when none is kept, 1 for a room that doesn't exist */
};

/* A consistent view over several calls. Every begin needs its end, also after errors; don't hold one while waiting. */
int store_read_begin(struct store *s, struct err *e);
void store_read_end(struct store *s);

/* A room that doesn't exist is no error: head 0, oldest 1. */
int store_room(struct store *s, const char *room, struct store_room *out, struct err *e);

struct store_page {
    struct chat_message *messages; /* ascending by seq; owned */
    size_t count;
    bool more; /* limit or budget ended it: there are further messages in the direction of reading */
};

/* Messages with since < seq < before (before 0: no upper end), at most limit, and past the first one only
 * while their texts stay within the budget (chat_text_weight). backwards: the greatest ones of them instead of the smallest
 * (still ascending in the page). On -1 the page is empty. Free it with store_page_fini. */
struct store_range {
    const char *room;
    uint64_t since;
    uint64_t before;
    uint32_t limit; /* 1..1000 */
    size_t budget;  /* weight of texts */
    bool backwards;
};
int store_read(struct store *s, const struct store_range *range, struct store_page *page, struct err *e);
void store_page_fini(struct store_page *page);

/* A number that differs from what this handle was told before when another handle has committed since; cheap (no page of
 * the database is read). For who can't be rung: ask now and then. */
int store_version(struct store *s, uint64_t *out, struct err *e);

/* Bytes on the disk, the log included. */
int store_size(struct store *s, uint64_t *out, struct err *e);

/* ---- looking after it ---- */

/* Runs the backend's own integrity check and every query of sql/invariants.sql; one line to `out` for each thing found.
 * Returns how many were found, or -1 if it could not look. */
int store_check(struct store *s, FILE *out, struct err *e);

/* Copies the log into the database when it is time, so that a copy of that one file is the whole
 * chat. With `now` (for a process that ends) that is at once, else when nothing was written for a
 * minute; a program that lives for one request (short_lived) does it once a minute. Never waits for
 * other processes, and only looks at the files when there is nothing to do. Uses folder and
 * short_lived of the options. Failures are logged. */
void store_rest(const struct store_options *options, bool now);

/* Called from time to time with what is done, 0 to 100; it may go back when others write meanwhile. */
struct store_progress {
    void (*tell)(void *context, unsigned percent);
    void *context;
};

/* The whole database as it is at one moment, of whichever schema, into a new file (mode 0600), while others read and write. The
 * copy has an epoch of its own. The
 * file is there only when it is whole, checked and durable. Of options: folder and busy_timeout_ms. progress may be NULL.
 * -1: ERR_CONFLICT when there is such a file, ERR_ABSENT without a database or a folder for the file, else as above. */
int store_backup(const struct store_options *options, const char *to, const struct store_progress *progress,
                 struct err *e);

struct store_restored {
    char epoch[CHAT_EPOCH_SIZE]; /* a new one: the heads went back, so whoever has read on must begin anew */
    char kept[64];               /* name in the data folder of the database that was there; "" if there was none */
};

/* A backup, of this program's schema or an older one, in the place of the database. Others may have that open: they notice. The
 * journal is chosen as for a new database. Killed at any moment, either of both is there, whole; what lies about is tidied up by
 * the next restore. -1: nothing was changed; ERR_ABSENT without a file, ERR_CORRUPT (damaged, not ours), else as above. */
int store_restore(const struct store_options *options, const char *from, const struct store_progress *progress,
                  struct store_restored *out, struct err *e);

#endif
