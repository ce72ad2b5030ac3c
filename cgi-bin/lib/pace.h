/* pace.h - how often clients on a timer should ask, so that however many they are, they don't ask too often together.
 *
 * Nothing tells how many there are, so they are counted, in rounds. A round is as long as the clients are told to wait, so that each
 * asks once in it and the count is their number: also of those who were told less before, as they are told the new time when they
 * come. Clients who were told more come less often; so after a fall the count is taken for the share that it is. When a round has more
 * than it is made for, its clients are told more at once, and it becomes longer.
 * A round is one number, so that processes can share it by compare and exchange: began (in ticks of 64 ms) << 32 | count << 16 |
 * told before << 8 | told. 0: there was none yet.
 * Pure. Threads: any.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Told is at least `least`, at most `most` (1 to 255), and between them what makes `rate` (at least 1) a second of all clients. */
struct pace_rules {
    unsigned least;
    unsigned most;
    unsigned rate;
    unsigned
        load; /* percent of the last round that polls kept a process busy: above 100 its clients were too many, or hidden behind
                      one address, and are told more; though not more than PACE_LOAD_MOST for that */
};

enum { PACE_LOAD_MOST = 10 };

/* The load of a round in which polls took so many microseconds together. */
unsigned pace_load(uint64_t round, int64_t now_ms, uint64_t took_us);

/* The next one to ask at now_ms of the monotonic clock begins another round. */
bool pace_is_over(uint64_t round, int64_t now_ms);

/* What the round becomes by one who asks. counts: it hasn't asked in this round yet; whoever begins a round counts. */
uint64_t pace_next(uint64_t round, int64_t now_ms, bool counts, const struct pace_rules *rules);

unsigned pace_told(uint64_t round);  /* seconds */
unsigned pace_count(uint64_t round); /* clients so far */

/* The rate at which polls that take so many microseconds each overlap once on average: the host does little else then. At least 1, at
 * most `most`. */
unsigned pace_rate(unsigned took_us, unsigned most);

#endif
