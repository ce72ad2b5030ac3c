/* status.h - how a site is doing, before it becomes JSON or Prometheus's text.
 *
 * Pure data, and the function for Prometheus; json.c writes the JSON. Everything is borrowed.
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
    int64_t since_ms;     /* wall time at which the counters began */
    bool whole_site;      /* numbers of all processes; otherwise of this one */
    bool has_bell;        /* processes wake each other; otherwise they look for news on a timer */
    uint64_t descriptors; /* limit of open files of this process */
    uint64_t processes;   /* limit of processes that can be seen; 0: none */
    uint64_t max_held;    /* polls that may wait where each keeps a process busy */
    /* polls and streams that may wait in this process, behind this web server */
    uint64_t max_waiting;
    const char *why;   /* the reason for that number: a part of a sentence */
    const char *store; /* such as "SQLite 3.40.1, WAL" */
    uint64_t store_bytes;
    const struct metrics *counts;
};

/* Prometheus's text format 0.0.4, which OpenMetrics readers also accept. */
void status_prometheus(struct buf *out, const struct status *s);

#endif
