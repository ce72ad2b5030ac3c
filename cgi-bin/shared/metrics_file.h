/* metrics_file.h - the metrics of a whole site, kept by all its programs together.
 *
 * A mapped file beside the database (chat.tally) that every process adds to. It outlives processes,
 * also those of plain CGI. After a reboot or an upgrade to another layout a new file begins. Gauges
 * are kept for each process; those of a process that died are not counted. The file also records
 * which lines of the log were written within the last minute, because a process of one request
 * can't know that by itself. Without a mapping (a network file system, a full disk) the metrics are
 * those of this process alone, and the chat works.
 * Threads and processes: any, except for opening and closing. Adding never fails and never waits.
 */
#ifndef METRICS_FILE_H
#define METRICS_FILE_H

#include "chat/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct metrics_file;

/* path: NULL for metrics of this process alone. Never returns NULL: if the file can't be mapped,
 * the metrics are this process's own. */
struct metrics_file *metrics_file_open(const char *path);
void metrics_file_close(struct metrics_file *t); /* NULL is fine. Removes this process's gauges */

/* t may be NULL in all of these: nothing is counted then. */
void metrics_file_add(struct metrics_file *t, enum metrics_counter which, uint64_t n);
void metrics_file_gauge(struct metrics_file *t, enum metrics_gauge which, int change);
void metrics_file_observe(struct metrics_file *t, enum metrics_histogram which, uint64_t value, uint64_t times);

/* Adds the counters and histograms of `from`. Its gauges stay in it. */
void metrics_file_add_all(struct metrics_file *t, struct metrics_file *from);

/* Is a line of the log due at `now` (monotonic ms)? line: a hash of its text. The same line is due
 * once a minute, and at most 32 different lines are due in a minute; the others are counted. True:
 * *left_out is how often the same line was left out since it was last written; for a new line, how
 * many lines had no room among the 32. Strangers' requests may cause lines without end; this keeps
 * them from filling the disk. */
bool metrics_file_line_is_due(struct metrics_file *t, uint64_t line, int64_t now, uint64_t *left_out);

void metrics_file_read(struct metrics_file *t, struct metrics *out);
int64_t metrics_file_since(const struct metrics_file *t); /* wall ms: when counting began */
bool metrics_file_is_shared(const struct metrics_file *t);

/* The file was removed or replaced, so new processes count elsewhere. False if the metrics are this
 * process's own. */
bool metrics_file_is_replaced(const struct metrics_file *t);

/* Moves those gauges of this process to `to` that last, such as the number of waiting requests. */
void metrics_file_move_gauges(struct metrics_file *to, struct metrics_file *from);

#endif
