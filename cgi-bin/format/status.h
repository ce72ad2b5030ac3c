/* status.h - how a site is doing, before it becomes JSON or Prometheus's text.
 *
 * Pure data and its text format; json.c writes the other one. Everything is borrowed.
 */
#ifndef STATUS_H
#define STATUS_H

#include "chat/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct status {
    const char *version;
    uint64_t uptime_s;    /* of this process */
    int64_t since_ms;     /* wall time: since when the counters count */
    bool whole_site;      /* counts of all processes; otherwise of this one */
    bool has_bell;        /* news is rung; otherwise looked for on a timer */
    uint64_t descriptors; /* limit of open files of this process */
    uint64_t processes;   /* limit of processes that it sees; 0: none */
    uint64_t max_held;    /* polls that may be held at the cost of a process each */
    uint64_t max_waiting; /* polls and streams that this process may hold, behind this web server */
    const char *why;      /* so many: a part of a sentence */
    const char *store;    /* such as "SQLite 3.40.1, WAL" */
    uint64_t store_bytes;
    const struct metrics *counts;
};

/* Prometheus text format 0.0.4 (also read as OpenMetrics by everything that falls back to it). */
void status_prometheus(struct buf *out, const struct status *s);

#endif
