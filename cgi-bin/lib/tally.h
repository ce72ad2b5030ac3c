/* tally.h - the counts of a whole site, kept by all its programs together.
 *
 * A mapped file beside the database (chat.tally), that every process adds to. It outlives processes, plain CGI ones of one
 * request too; a reboot or another version begins a new one. Gauges are kept by process, and those of a process
 * that died are not counted.
 * It also knows which lines of the log were written a moment ago, as a process of one request can't.
 * Where there can be no mapping (a network file system, a full disk), counts are this process's own: a chat works without.
 * Threads and processes: any, but for opening and closing. Adding never fails and never waits.
 */
#ifndef TALLY_H
#define TALLY_H

#include "counts.h"

#include <stdbool.h>
#include <stdint.h>

struct tally;

/* path: of the file, or NULL for counts of this process alone. Never NULL: falls back to the latter. */
struct tally *tally_open(const char *path);
void tally_close(struct tally *t); /* NULL is fine. Takes this process's gauges off */

/* t may be NULL in all of these: nothing is counted. */
void tally_add(struct tally *t, enum counts_counter which, uint64_t n);
void tally_gauge(struct tally *t, enum counts_gauge which, int change);
void tally_observe(struct tally *t, enum counts_histogram which, uint64_t value, uint64_t times);

/* Adds the counters and histograms of `from`; its gauges stay its own. */
void tally_add_all(struct tally *t, struct tally *from);

/* Is it the turn of this line of the log (a hash of it) at this time (monotonic ms)? The same one is due once a minute, and at most 32 different ones are; what else comes
 * is counted. True: *left_out is how many of it were not due since the last time, or, of one that is new, how many had no place among
 * the 32. A stranger's requests may cause lines as fast as they come; this keeps them from filling the disk. */
bool tally_line_is_due(struct tally *t, uint64_t line, int64_t now, uint64_t *left_out);

void tally_read(struct tally *t, struct counts *out);
int64_t tally_since(const struct tally *t); /* wall ms: when counting began */
bool tally_is_shared(const struct tally *t);

/* Its file is gone, or another one has its name: who comes later counts elsewhere. False for a private one. */
bool tally_is_replaced(const struct tally *t);

/* The gauges of this process that last, as of those who wait, are to be seen in `to` from here on. */
void tally_move_gauges(struct tally *to, struct tally *from);

#endif
