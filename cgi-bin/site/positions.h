/* positions.h - what this process knows of the rooms' positions without asking the store, and how
 * it learns that another process has committed.
 *
 * A position is the head and the oldest seq of a room. Most polls find nothing new; this module
 * answers them from memory that all processes of the site share (bell.h). No other module asks
 * whether that memory may be believed.
 *
 * The contract: a position that positions_find returns is the store's, at some moment since the
 * call began. If that isn't sure it returns false, and the caller reads the store. Two changes may
 * be missing for a while, since their programs tell no other process: a silent commit (see below)
 * for about a second, and in a watched process a replaced database for 100 ms (a second where the
 * disk stalls).
 *   - A reader calls positions_find; if that returns false: positions_ask, read, positions_learn.
 *   - A writer calls positions_commit_begin, appends to the store, calls positions_commit_end.
 *   - A process that serves many requests calls positions_watch in a thread of its own (watcher.h).
 *     It is called a watched process below. A process that serves one request calls
 *     positions_sleep.
 *
 * Three numbers tell that something changed. The version is the store's, asked through a handle; it
 * differs after a commit of another handle. The stamp is that of the database's files, found
 * without a handle, and comparable between processes. The generation is that of the shared memory:
 * heads of an earlier one are unknown.
 *
 * How the memory goes wrong, and what keeps it right:
 *   - A commit while a reader reads. positions_ask takes the generation of the memory BEFORE the
 *     reader's view of the store begins. positions_learn is ignored when the generation has
 *     changed since, and within a generation a head only rises: an old reading never replaces a
 *     newer head.
 *   - A writer that dies between its commit and its ring. positions_commit_begin marks the process
 *     as a writer, and no head is known while a mark stands. When the process is gone, the next
 *     look of any process removes the mark, forgets all heads and rings.
 *   - A commit that may have happened although it failed: all heads are forgotten. ERR_BUSY is an
 *     exception, since the transaction never began.
 *   - A silent commit: a program commits and doesn't ring (the owner's sqlite3 shell). The memory
 *     carries a stamp of the database's files, set by each writer before its mark goes. A process
 *     that watches compares the stamp and the store's version about once a second. A process that
 *     doesn't (plain CGI, the first second of a FastCGI process) compares the stamp at each poll.
 *     A writer compares it before it writes, as its own stamp would hide the difference. A writer
 *     may have to wait while the other program's transaction is open. So it compares the store's
 *     version before and after its commit, unless another process of the site writes meanwhile. In
 *     each case a difference makes all processes forget all heads.
 *   - Two readers that find the same difference. Each forgets, reads the store, and replaces the
 *     stamp only if it is still the one that it found: a writer that was faster wins.
 *   - A database that is replaced while a reader or writer is at work. Its store handle is asked
 *     again after the reading or commit; then nothing is learned, or all heads are forgotten.
 *   - A database that is replaced by another one, perhaps by a copy of itself with the same epoch.
 *     All heads are forgotten when the database of a handle isn't that of the handle used before it
 *     (handles.h). A watched process believes a head only if an idle handle was current in the last
 *     100 ms (a second while a thread looks), and only from the bell of the handle that was used
 *     last: a watcher may learn of the change later. So a poll without news looks at no file, but
 *     ten times a second in the whole process. A head that was read from the old database isn't
 *     recorded in that time (positions_learn looks).
 *   - A bell whose file is deleted, or replaced with the database. The next writer makes a new
 *     file, and processes that sleep on the old bell would notice that within a second. If the
 *     writer used the old bell too, it makes all forget its heads, which wakes them at once.
 *
 * Where there can be no shared memory (a network file system, a folder that can't be written) no
 * position is known: each poll reads the store, and waiting processes ask for its version on a
 * timer, more often while people talk.
 *
 * To add a store with a notice of its own (PostgreSQL's LISTEN), give enum store_news a third
 * value. Nothing else is prepared. These have to be decided, and change:
 *   - What to sleep on. No function of store_backend.h gives a connection to wait for. It needs
 *     one, and positions_watch a branch for it. A connection that breaks has lost notices, so all
 *     heads must be forgotten then.
 *   - Where heads and slots are. Only STORE_NEWS_BELL has a bell (has_bell in positions.c). Without
 *     one no head is known, and no poll of plain CGI waits, since the slots are in the bell's file
 *     (wait_cgi.c). If each host has a bell, the watched processes of a host have to ring it.
 *   - positions_sleep. It sleeps on the bell. On a host of plain CGI alone no process would ring it
 *     for commits of other hosts. So each process listens by itself, or asks on a timer.
 *   - The contract above. The notice of another host's commit arrives after the commit, and the
 *     mark of its writer isn't seen here. So positions_find could return a head that the store has
 *     left behind. Either the contract names a delay, as for silent commits, or no head is known.
 *   - A store without a stamp (0). Then heads are believed in watched processes alone.
 * Whether a handle is still one of the present database is asked in handles.h (store_is_stale,
 * store_identity).
 *
 * Threads and processes: any. A struct that the caller owns (asked, commit, watch, sleep) is for
 * one thread.
 */
#ifndef POSITIONS_H
#define POSITIONS_H

#include "chat/answer.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bell;
struct conf;
struct err;
struct handles;
struct metrics_file;
struct positions;

/* Borrows both. The settings are read from the first call on that needs them. mode: of the
 * handles. Never NULL. */
struct positions *positions_new(const struct conf *conf, enum store_mode mode, bool short_lived,
                                struct handles *handles);
/* Before any other call: counts notices in the site's metrics. */
void positions_count_in(struct positions *p, struct metrics_file *(*metrics)(void *owner), void *owner);
void positions_free(struct positions *p); /* NULL is fine */

/* ---- reading ---- */

/* True: fills head and oldest of each room, and the epoch of the database that they belong to.
 * False: ask the store; head and oldest are undefined. In each room, set name and next: with a head
 * beyond next, the caller has to read messages from the store, so the result is false at once. */
bool positions_find(struct positions *p, struct answer_room *rooms, size_t count, char epoch[CHAT_EPOCH_SIZE]);

struct positions_asked {
    struct store *store;
    struct bell *bell;   /* NULL: nothing can be remembered */
    uint64_t generation; /* of the memory, before the store was read */
    uint64_t found;      /* the memory's stamp */
    uint64_t stamp;      /* of the store's files, before they were read; 0: the process is watched */
};

/* Call it after the handle was borrowed and BEFORE the view of the store begins. Can't fail. */
void positions_ask(struct positions *p, struct store *handle, struct positions_asked *asked);

/* The store has these positions, read with asked's handle. Call it while the view is open. */
void positions_learn(const struct positions_asked *asked, const struct answer_room *rooms, size_t count);

/* ---- committing ---- */

struct positions_commit {
    struct store *store;
    struct bell *bell;
    struct bell *left; /* this process used it until now; NULL: none */
    int mark;
    bool has_notices; /* programs on other hosts commit too */
    bool is_alone;    /* no other process was writing, and the next two are known */
    uint64_t version; /* of the store */
    uint32_t seen;    /* the bell's counter */
};

/* Before store_append: marks this process as a writer. Can't fail; positions_commit_end must
 * follow. */
void positions_commit_begin(struct positions *p, struct store *handle, struct positions_commit *c);

/* After store_append. e: its error, of code ERR_NONE when the jobs are durable. The heads of what
 * was stored are known from here on; all processes are woken. */
void positions_commit_end(struct positions *p, struct positions_commit *c, const struct store_job *jobs, size_t count,
                          const struct err *e);

/* The same for a transaction that isn't store_append (commit_run in commit.h). */
void positions_commit_changed(struct positions *p, struct positions_commit *c, const struct store_changes *changes,
                              const struct err *e);

/* ---- learning of commits ---- */

struct positions_watch { /* zeros at first */
    struct bell *bell;
    uint32_t seen;       /* the bell's counter */
    uint64_t generation; /* of its heads */
    bool has_slept;
    bool rung;           /* the last sleep ended by a ring */
    uint64_t version;    /* of the store */
    int64_t compared_at; /* stamps; monotonic ms */
    int timer_ms;        /* without a bell */
};

/* Sleeps until something may have been committed (true), for a second at most (false). handle: for
 * the watcher alone; NULL while none can be opened. is_new: it is another handle than at the last
 * call. From the first call on, positions_find of this process compares no stamps. One thread of a
 * process calls this, again and again. */
bool positions_watch(struct positions *p, struct positions_watch *w, struct store *handle, bool is_new);

struct positions_sleep {
    struct bell *bell;
    uint32_t seen;
    bool silent; /* the last sleep ended by a commit that didn't ring */
};

/* For a process of one request, BEFORE it asks a last time whether there is news. */
void positions_sleep_begin(struct positions_sleep *s, struct bell *bell);

/* Sleeps until something may have been committed since the last call or _begin (1), or the time is
 * up (0). -1: other processes use another bell by now, so none would wake this one. A commit that
 * doesn't ring is noticed when the time is up, so let it be short. With a timeout of 0 it doesn't
 * sleep, and forgets what rang until now. */
int positions_sleep(struct positions *p, struct positions_sleep *s, int timeout_ms);

/* ---- the bell, for the slots that are counted in its file (slots.h) ---- */

/* The bell that this process used last; NULL if it has used none yet, or if that one is no longer
 * the site's. Valid as long as p, as is the next one. */
struct bell *positions_bell(struct positions *p);

/* The bell, if it is certain that it belongs to the database that is there now: then what it says
 * besides the heads is of that database too. Opens no store. NULL: not certain; ask the store. */
struct bell *positions_bell_in_step(struct positions *p);

/* The bell of the handle's database; NULL if there is none. */
struct bell *positions_bell_of(struct positions *p, struct store *handle);

#endif
