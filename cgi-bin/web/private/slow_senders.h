/* slow_senders.h - counts the peers that keep a thread waiting for their request, and cuts them
 * off.
 *
 * A thread that waits for more of a request enters the connection here and removes it afterwards.
 * So another thread can tell how many threads wait in this way. When there can be no more threads,
 * it can cut off the peer that began first, if that is long ago: the waiting thread finds the
 * connection broken. A request that has come as a whole is never entered, so it is never cut off.
 * Threads: any.
 */
#ifndef SLOW_SENDERS_H
#define SLOW_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

/* A thread begins to wait for the rest of a request that began to come at `began` (monotonic ms).
 * Returns a token for slow_senders_end. It is -1 when too many are entered; slow_senders_end takes
 * that too, and this peer is neither counted nor cut off. */
int slow_senders_begin(int connection, int64_t began);
void slow_senders_end(int token); /* before the connection is closed */

/* How many threads wait so for requests that began `age_ms` ago or longer. */
unsigned slow_senders_count(int age_ms);

/* Shuts down the connection of the one that began first, if that is `age_ms` ago or longer. */
void slow_senders_cut_oldest(int age_ms);

#endif
