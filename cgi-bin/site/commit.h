/* commit.h - one writer for all senders of a process.
 *
 * A sender puts a job into the queue and goes on. The module's thread, the committer, takes what is
 * queued as a group, appends it in one transaction with one sync, and calls done() of each job,
 * which answers the request. Then it takes the next group. So messages that arrive during a commit
 * share the next one, a single message doesn't wait for others, and the store's lock is taken once
 * a group. The committer is started with the first job, since some hosts count threads. It sleeps
 * while the queue is empty, and only then does a new job wake it. In a process of one request
 * (plain CGI), or where the host gives no further thread, the calling thread does the same work.
 *
 * If a group fails, its messages are tried again one by one, so that a message that can't be stored
 * (too large for what is left of the disk) doesn't make the others fail.
 *
 * Bounds: messages are stored in their order of arrival. A group ends at COMMIT_GROUP_MOST messages
 * or COMMIT_GROUP_BYTES, so that it takes a short time and its senders get their answers soon. The
 * queue holds at most COMMIT_QUEUE_BYTES of large texts, and as much of small ones, so that large
 * ones leave room for small ones. A group that takes longer than a second means that another
 * process has the lock or the disk stalls; then the store counts as stuck. While it is stuck, only
 * COMMIT_QUEUE_STUCK messages may wait, because each keeps a connection or a worker of the web
 * server busy. Those beyond a bound are refused at once with ERR_BUSY. No message waits for its
 * turn longer than busy_timeout, or a second if that is longer.
 * Threads: any.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "base/err.h"
#include "store/store.h"

struct commit;
struct metrics_file;
struct site;

enum {
    COMMIT_GROUP_MOST = 128,
    COMMIT_GROUP_BYTES = 1024 * 1024,      /* of texts; a larger one makes a group of its own */
    COMMIT_QUEUE_BYTES = 32 * 1024 * 1024, /* of texts, and some KiB for each request */
    COMMIT_QUEUE_STUCK = 64,
};

/* The caller allocates it, as a part of what it needs for the answer, and sets the first members.
 */
struct commit_job {
    struct store_job store; /* its draft; the outcome is there when done() is called */

    /* NULL: the draft is appended. Else this is called instead, for work that must not meet an
     * append: what a moderator does, erasures. It is one transaction of its own, and records in
     * *changes what readers have to know. 0; or -1 with the error set and nothing changed. After
     * ERR_BUSY it may be called again. It may wait for the store, and should take a short time,
     * since senders wait meanwhile. */
    int (*run)(struct commit_job *job, struct store *store, struct store_changes *changes, struct err *e);

    /* Done also on a host whose key isn't that of the chat's other hosts (site_check_key): what the
     * owner does at the command line, which names people by name or number. */
    bool with_any_key;

    /* The message is durable if e->code is ERR_NONE, or store.outcome says why it wasn't stored.
     * Otherwise nothing was stored. epoch: of the database that has the message. Called exactly
     * once, mostly by the committer, so it must not wait for anything. From this call on the job is
     * the caller's again. */
    void (*done)(struct commit_job *job, const char *epoch, const struct err *e);

    /* Lets the log lines of this thread go to where those of the job's request go. Called for one
     * job of each group before the commit. May be NULL. */
    void (*log_here)(struct commit_job *job);

    /* of the module */
    struct commit_job *next;
    struct metrics_file *metrics;
    int64_t arrived; /* monotonic ms */
    char epoch[CHAT_EPOCH_SIZE];
    struct err e;
};

/* Borrows the site. threaded: the process serves many requests. Never NULL. */
struct commit *commit_new(struct site *site, bool threaded);
void commit_free(struct commit *c); /* the queue must be empty, and no other thread may use it */

/* Takes the job until done() is called, which may be before this returns. Doesn't wait for the
 * store if there is a committer. */
void commit_append(struct commit *c, struct commit_job *job);

/* A process that stays calls this every second, one of a single request after its answer. Refuses
 * what has waited for too long, and lets the committer call upkeep_run and site_rest when the queue
 * is empty, so that no sender waits for them. Doesn't wait if there is a committer. */
void commit_look_after(struct commit *c);

/* For a process that ends. Returns when all jobs are done that were queued before, and site_rest
 * was called. May be called several times. */
void commit_drain(struct commit *c);

#endif
