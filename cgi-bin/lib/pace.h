/* pace.h - how often clients on a timer should ask, so that however many they are, they don't ask too often together.
 *
 * Nobody says how many there are, so they are counted, in rounds. A round is as long as the clients are told to wait, so that each
 * asks once in it and its count is their number: also of those who were told less before, as they are told the new time when they
 * come. Who was told more comes less often; so after a fall the count is taken for the share that it is.
 * A round is one number, so that processes can share it by compare and exchange: began (in ticks of 64 ms) << 32 | count << 16 |
 * told before << 8 | told. 0: there was none yet.
 * Pure. Threads: any.
 */
#ifndef PACE_H
#define PACE_H

#include <stdint.h>

/* What the round becomes by one who asks at now_ms of the monotonic clock. Told is at least `least`, at most `most` (1 to 255), and
 * between them what makes `rate` (at least 1) a second of as many as the last round had. */
uint64_t pace_next(uint64_t round, int64_t now_ms, unsigned least, unsigned most, unsigned rate);

unsigned pace_told(uint64_t round); /* seconds */

#endif
