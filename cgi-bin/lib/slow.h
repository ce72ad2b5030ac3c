/* slow.h - reads that take too long: who sees them, and who cuts them.
 *
 * libfcgi reads with calls that block for as long as the peer likes to let bytes trickle. So whoever calls it enters the
 * connection here and leaves afterwards, and a watchman looks once a second: he cuts what is past its limit, which ends the call,
 * and tells how many are at it for longer than a moment, so that other threads can take their place.
 * Threads: any.
 */
#ifndef SLOW_H
#define SLOW_H

enum { SLOW_MOMENT_MS = 500 };

/* The connection is being read, and shall be for at most so long. Returns a token for slow_end; -1, which is fine, when too many
 * are entered: then this one isn't watched. */
int slow_begin(int connection, int limit_ms);
void slow_end(int token); /* before the connection is closed */

/* Shuts down those that are past their limit. Returns how many of the others have been at it for longer than a moment. */
unsigned slow_watch(void);

#endif
