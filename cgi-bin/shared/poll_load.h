/* poll_load.h - how many clients ask on a timer and how long their polls take, for the whole site;
 * kept in the bell's file.
 *
 * poll_interval.h has the rules: from these counts it decides how often each client should ask.
 * Threads and processes: any function may be called from any.
 */
#ifndef POLL_LOAD_H
#define POLL_LOAD_H

#include <stdint.h>

struct bell;
struct poll_interval_rules;

/* A client asked and was told to ask again. Returns in how many seconds. rules->load is filled in
 * here. Each client counts once in a round, site-wide. took_us: how long the poll kept a process
 * busy, or 0 where a process answers many at once. With 0, an unknown client (0) counts each time,
 * because nothing else tells how many there are. */
unsigned poll_load_next(struct bell *b, uint16_t client, uint64_t took_us, const struct poll_interval_rules *rules);

/* Records how long a poll kept its process busy. Returns the average of the latest polls,
 * site-wide, in microseconds. */
unsigned poll_load_took(struct bell *b, uint64_t us);
unsigned poll_load_average(const struct bell *b); /* that average; 0: no poll yet */

#endif
