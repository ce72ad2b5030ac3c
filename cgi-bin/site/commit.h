/* commit.h - one writer for all senders of a process.
 *
 * Whoever comes first takes the lead: it appends all that is queued in one transaction with one sync, then what has
 * queued up meanwhile, until its own message is through. So a busy process shares syncs, an idle one waits for nobody,
 * and the store's lock is asked for once a group. An error of a group is tried again message by message, so
 * that one that can't be stored (too large for what is left of the disk) doesn't take others with it.
 * The queue is bounded: while a group takes longer than a second (another process has the lock, the disk stalls), at most so many
 * senders wait and further ones are refused at once; and nobody waits longer for his turn than busy_timeout.
 * Threads: any.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "store/store.h"

struct commit;
struct err;
struct site;

/* Borrows the site. most: who may wait while things are stuck; fewer than there are threads, so that some are left to say no.
 * Never NULL. */
struct commit *commit_new(struct site *site, unsigned most);
void commit_free(struct commit *c); /* nobody may be inside */

/* As store_append for one job; returns when it is durable, or with ERR_BUSY when it has to wait for too long and nothing was stored. epoch: of the database that has it now. */
int commit_append(struct commit *c, struct store_job *job, char epoch[CHAT_EPOCH_SIZE], struct err *e);

/* site_rest between two groups, so that no sender of this process meets its lock. */
void commit_rest(struct commit *c, bool now);

#endif
