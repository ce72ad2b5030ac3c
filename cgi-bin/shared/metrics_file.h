/* metrics_file.h - the counts of a whole site, kept by all its programs together.
 *
 * A mapped file beside the database (chat.tally), that every process adds to. It outlives
 * processes, plain CGI ones of one request too; a reboot or another version begins a new one.
 * Gauges are kept by process, and those of a process that died are not counted.
 * It also knows which lines of the log were written within the last minute, which a process of one
 * request can't know by itself. Where there can be no mapping (a network file system, a full disk),
 * counts are this process's own: a chat works without.
 * Threads and processes: any, but for opening and closing. Adding never fails and never waits.
 */
#ifndef METRICS_FILE_H
#define METRICS_FILE_H

#include "chat/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct metrics_file;

/* path: of the file, or NULL for counts of this process alone. Never NULL: falls back to the
 * latter. */
struct metrics_file *metrics_file_open(const char *path);
void metrics_file_close(struct metrics_file *t); /* NULL is fine. Takes this process's gauges off */

/* t may be NULL in all of these: nothing is counted. */
void metrics_file_add(struct metrics_file *t, enum metrics_counter which, uint64_t n);
void metrics_file_gauge(struct metrics_file *t, enum metrics_gauge which, int change);
void metrics_file_observe(struct metrics_file *t, enum metrics_histogram which, uint64_t value, uint64_t times);

/* Adds the counters and histograms of `from`; its gauges stay its own. */
void metrics_file_add_all(struct metrics_file *t, struct metrics_file *from);

/* Is a line of the log due at `now` (monotonic ms)? line: a hash of its text. The same line is due
 * once a minute, and at most 32 different lines are due in a minute; the others are counted. True:
 * *left_out is how often the same line was not due since it was last written; for a new line, how
 * many lines had no place among the 32. Requests of strangers may cause lines without end; this
 * keeps them from filling the disk. */
bool metrics_file_line_is_due(struct metrics_file *t, uint64_t line, int64_t now, uint64_t *left_out);

void metrics_file_read(struct metrics_file *t, struct metrics *out);
int64_t metrics_file_since(const struct metrics_file *t); /* wall ms: when counting began */
bool metrics_file_is_shared(const struct metrics_file *t);

/* The file is gone, or another one has its name, so processes started later count elsewhere. False
 * for a private tally. */
bool metrics_file_is_replaced(const struct metrics_file *t);

/* Moves the gauges of this process to `to`: those that last, such as the number of waiting
 * requests. */
void metrics_file_move_gauges(struct metrics_file *to, struct metrics_file *from);

#endif
