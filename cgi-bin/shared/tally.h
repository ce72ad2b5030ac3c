/* tally.h - the counts of a whole site, kept by all its programs together.
 *
 * A mapped file beside the database (chat.tally), that every process adds to. It outlives
 * processes, plain CGI ones of one request too; a reboot or another version begins a new one.
 * Gauges are kept by process, and those of a process that died are not counted.
 * It also knows which lines of the log were written within the last minute, which a process of one
 * request can't know by itself. Where there can be no mapping (a network file system, a full disk),
 * counts are this process's own: a chat works without.
 * Threads and processes: any, but for opening and closing. Adding never fails and never waits.
 */
#ifndef TALLY_H
#define TALLY_H

#include "chat/counts.h"

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

/* Is a line of the log due at `now` (monotonic ms)? line: a hash of its text. The same line is due
 * once a minute, and at most 32 different lines are due in a minute; the others are counted. True:
 * *left_out is how often the same line was not due since it was last written; for a new line, how
 * many lines had no place among the 32. Requests of strangers may cause lines without end; this
 * keeps them from filling the disk. */
bool tally_line_is_due(struct tally *t, uint64_t line, int64_t now, uint64_t *left_out);

void tally_read(struct tally *t, struct counts *out);
int64_t tally_since(const struct tally *t); /* wall ms: when counting began */
bool tally_is_shared(const struct tally *t);

/* The file is gone, or another one has its name, so processes started later count elsewhere. False
 * for a private tally. */
bool tally_is_replaced(const struct tally *t);

/* Moves the gauges of this process to `to`: those that last, such as the number of waiting
 * requests. */
void tally_move_gauges(struct tally *to, struct tally *from);

#endif
