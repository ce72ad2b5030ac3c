/* poll_interval.h - how often clients on a timer should ask, so that all of them together don't ask
 * too often.
 *
 * The number of clients is unknown, so they are counted, in rounds. A round lasts as long as the
 * clients are told to wait, so each client asks once in it. That includes clients that were told a
 * shorter time before: they are told the new time when they ask. Clients that were told a longer
 * time before ask less often, so the count is scaled up after the time has fallen. If more clients
 * ask than a round is long enough for, they are told a longer time at once, and the round becomes
 * longer. A round is one number, so that processes can share it by compare and exchange: begin (in
 * ticks of 64 ms) << 32 | count << 16 | told before << 8 | told. 0: there was no round yet.
 * Pure. Threads: any.
 */
#ifndef POLL_INTERVAL_H
#define POLL_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

/* Clients are told at least `least` seconds, at most `most` (1 to 255), and between them what makes
 * `rate` (at least 1) polls a second of all clients together. */
struct poll_interval_rules {
    unsigned least;
    unsigned most;
    unsigned rate;
    /* How long polls kept a process busy, in percent of the last round. Above 100 there were too
     * many clients, perhaps hidden behind one address, and they are told a longer time, but for
     * this reason no more than POLL_INTERVAL_LOAD_MOST seconds. */
    unsigned load;
};

enum { POLL_INTERVAL_LOAD_MOST = 10 };

/* The load of a round in which polls took so many microseconds together. */
unsigned poll_interval_load(uint64_t round, int64_t now_ms, uint64_t took_us);

/* The next client that asks, at now_ms of the monotonic clock, begins another round. */
bool poll_interval_is_over(uint64_t round, int64_t now_ms);

/* The round after a client has asked. counts: this client hasn't asked in this round yet, or it
 * begins the round. */
uint64_t poll_interval_next(uint64_t round, int64_t now_ms, bool counts, const struct poll_interval_rules *rules);

unsigned poll_interval_told(uint64_t round);  /* seconds */
unsigned poll_interval_count(uint64_t round); /* clients so far */

/* The rate (polls a second) at which polls of took_us microseconds each keep one process busy all
 * the time. At least 1, at most `most`. */
unsigned poll_interval_rate(unsigned took_us, unsigned most);

#endif
