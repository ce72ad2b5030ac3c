/* counts.h - what is counted about a site, by what names: one table for whoever counts, sums up or shows.
 *
 * Counters only rise, gauges say how things are now, histograms say how often a value fell below each of their bounds.
 * No count tells anything of what is said, where or by whom.
 * Pure data. Threads: any.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <stddef.h>
#include <stdint.h>

enum counts_counter {
    COUNTS_SEND_REQUESTS,
    COUNTS_POLL_REQUESTS,
    COUNTS_STREAM_REQUESTS,
    COUNTS_STATUS_REQUESTS,
    COUNTS_2XX, /* answers */
    COUNTS_3XX,
    COUNTS_4XX,
    COUNTS_5XX,
    COUNTS_MESSAGES,    /* stored */
    COUNTS_WAKEUPS,     /* times that a process looked for news because of a ring */
    COUNTS_WOKEN,       /* polls and streams that were written news to after a ring */
    COUNTS_TURNED_AWAY, /* polls that were to wait and found no place, streams that were refused */
    COUNTS_COUNTER__MAX
};

enum counts_gauge {
    COUNTS_PARKED_POLLS, /* held, whether for nothing, or by a process of their own */
    COUNTS_PARKED_STREAMS,
    COUNTS_QUEUED, /* messages that are received, and not yet durable */
    COUNTS_GAUGE__MAX
};

enum counts_histogram {
    COUNTS_LATENCY, /* microseconds from the newest commit to a write to who has waited for it */
    COUNTS_GROUP,   /* messages that shared a transaction */
    COUNTS_HISTOGRAM__MAX
};

enum { COUNTS_BOUNDS = 12 }; /* of each histogram, at most; one bucket more holds what lies above */

struct counts_name {
    const char *name;  /* for Prometheus, behind pollchat_ */
    const char *label; /* "route=\"send\"", or NULL; those of one name stand together */
    const char *group; /* for JSON: the object it stands in, or NULL */
    const char *key;   /* for JSON */
    const char *help;
};

extern const struct counts_name counts_counters[COUNTS_COUNTER__MAX];
extern const struct counts_name counts_gauges[COUNTS_GAUGE__MAX];

struct counts_scale {
    const char *name;
    const char *key;
    const char *help;
    double unit; /* one counted unit in what is shown: seconds for Prometheus */
    size_t bounds;
    uint32_t bound[COUNTS_BOUNDS]; /* a bucket holds values up to and with its bound */
};

extern const struct counts_scale counts_histograms[COUNTS_HISTOGRAM__MAX];

struct counts_spread {
    uint64_t bucket[COUNTS_BOUNDS + 1];
    uint64_t sum;
};

/* All of them at one time. */
struct counts {
    uint64_t counter[COUNTS_COUNTER__MAX];
    uint64_t gauge[COUNTS_GAUGE__MAX];
    struct counts_spread histogram[COUNTS_HISTOGRAM__MAX];
};

enum counts_counter counts_class(int status); /* the counter for answers with this status */

/* The bucket for a value. */
size_t counts_bucket(enum counts_histogram which, uint64_t value);

uint64_t counts_total(enum counts_histogram which, const struct counts_spread *s);

/* The bound below which a share (0..1) of the values lies; the greatest bound when they lie above it; 0 when there are none. */
uint32_t counts_share_below(enum counts_histogram which, const struct counts_spread *s, double share);

#endif
