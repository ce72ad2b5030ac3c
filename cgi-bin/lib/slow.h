/* slow.h - peers that keep a thread waiting for their request: who sees them, and who cuts them.
 *
 * A thread that waits for more of a request enters the connection here and leaves afterwards. So another thread can tell how many
 * threads are idle in this way, and, when there can be no more threads, cut the peer that began first, if that
 * is long ago: its thread finds the connection broken. A request that has come whole is never entered, so it can't be cut.
 * Threads: any.
 */
#ifndef SLOW_H
#define SLOW_H

#include <stdbool.h>
#include <stdint.h>

/* A thread begins to wait for the rest of a request that began to come at `began` (monotonic ms). Returns a token for slow_end; -1,
 * which is fine, when too many are entered: then this one isn't seen. */
int slow_begin(int connection, int64_t began);
void slow_end(int token); /* before the connection is closed */

/* How many threads wait so for requests that began `age_ms` ago or longer. */
unsigned slow_count(int age_ms);

/* Shuts down the connection of the one that began first, if that is `age_ms` ago or longer. */
void slow_cut_oldest(int age_ms);

#endif
