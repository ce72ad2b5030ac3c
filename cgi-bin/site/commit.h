/* commit.h - one writer for all senders of a process.
 *
 * The first thread that comes leads: it appends all queued messages in one transaction with one
 * sync, then those that were queued meanwhile, until its own message is stored. So the threads of
 * a busy process share syncs, the thread of an idle process doesn't wait, and the store's lock is
 * taken once a group. If a group fails, its messages are tried again one by one, so that a message
 * that can't be stored (too large for what is left of the disk) doesn't make the others fail. The
 * queue is bounded. While a group takes longer than a second (another process has the lock, the
 * disk stalls), only so many senders wait, and further ones are refused at once. No sender waits
 * for its turn for longer than busy_timeout.
 * Threads: any.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "store/store.h"

struct commit;
struct err;
struct site;

/* Borrows the site. most: senders that may wait while the store is stuck; fewer than there are
 * threads, so that some are left to refuse requests. Never NULL. */
struct commit *commit_new(struct site *site, unsigned most);
void commit_free(struct commit *c); /* no other thread may use it */

/* As store_append for one job. Returns when it is durable, or -1 with ERR_BUSY if it had to wait
 * for too long; then nothing was stored. epoch: of the database that has the message. */
int commit_append(struct commit *c, struct store_job *job, char epoch[CHAT_EPOCH_SIZE], struct err *e);

/* Calls site_rest between two groups, so that no sender of this process has to wait for its
 * lock. */
void commit_rest(struct commit *c, bool now);

#endif
