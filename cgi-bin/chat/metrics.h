/* metrics.h - what is counted about a site, and the names of the numbers: one table for all that
 * count, add up or show.
 *
 * Counters only rise, gauges say how things are now, histograms say how often a value fell below
 * each of their bounds. No number tells what users write, who they are or which room they use.
 * Pure data. Threads: any.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metrics_counter {
    METRICS_SEND_REQUESTS,
    METRICS_POLL_REQUESTS,
    METRICS_STREAM_REQUESTS,
    METRICS_STATUS_REQUESTS,
    METRICS_2XX, /* answers */
    METRICS_3XX,
    METRICS_4XX,
    METRICS_5XX,
    METRICS_MESSAGES,      /* stored */
    METRICS_WAKEUPS,       /* how often a process looked for news because of a ring */
    METRICS_WOKEN,         /* polls and streams that got news after a ring */
    METRICS_LIMITED,       /* requests that were refused with 429 */
    METRICS_NOTICES_SENT,  /* to other hosts (site/notices.h) */
    METRICS_NOTICES_HEARD, /* of any host, also this one */
    METRICS_CONNECTS,      /* connections for notices that were made */
    METRICS_REPLICA_PAGES, /* pages of messages that came from a replica (store/store_replica.h), */
    METRICS_PRIMARY_PAGES, /* and those that came from the primary although a replica is set */
    METRICS_TURNED_AWAY,   /* polls that could not wait, and streams that were refused */
    METRICS_COUNTER__MAX
};

enum metrics_gauge {
    METRICS_PARKED_POLLS, /* waiting, with or without a process of their own */
    METRICS_PARKED_STREAMS,
    METRICS_HEARING,      /* processes that notices come through to */
    METRICS_DEAF,         /* and those that have to ask the database instead */
    METRICS_REPLICA_AWAY, /* processes that read from the primary, as the replica can't be used */
    METRICS_QUEUED,       /* messages that have arrived and are not durable yet */
    METRICS_GAUGE__MAX
};

enum metrics_histogram {
    METRICS_LATENCY, /* microseconds from the newest commit to writing it to a client that waited */
    METRICS_GROUP,   /* messages in one transaction */
    METRICS_COMMIT,  /* microseconds that the store took to make one durable */
    METRICS_HISTOGRAM__MAX
};

/* at most for each histogram; one bucket more holds the greater values */
enum { METRICS_BOUNDS = 12 };

struct metrics_name {
    const char *name;  /* for Prometheus, behind pollchat_ */
    const char *label; /* "route=\"send\"", or NULL; rows with the same name stand together */
    const char *group; /* for JSON: the object it stands in, or NULL */
    const char *key;   /* for JSON */
    const char *help;
};

extern const struct metrics_name metrics_counters[METRICS_COUNTER__MAX];
extern const struct metrics_name metrics_gauges[METRICS_GAUGE__MAX];

struct metrics_scale {
    const char *name;
    const char *key;
    const char *help;
    double unit; /* what one counted unit is in the output: seconds for Prometheus */
    size_t bounds;
    uint32_t bound[METRICS_BOUNDS]; /* a bucket holds values up to its bound, inclusive */
};

extern const struct metrics_scale metrics_histograms[METRICS_HISTOGRAM__MAX];

struct metrics_spread {
    uint64_t bucket[METRICS_BOUNDS + 1];
    uint64_t sum;
};

/* All numbers at one time. */
struct metrics {
    uint64_t counter[METRICS_COUNTER__MAX];
    uint64_t gauge[METRICS_GAUGE__MAX];
    struct metrics_spread histogram[METRICS_HISTOGRAM__MAX];
};

enum metrics_counter metrics_class(int status); /* the counter for answers with this status */

/* The bucket for a value. */
size_t metrics_bucket(enum metrics_histogram which, uint64_t value);

uint64_t metrics_total(enum metrics_histogram which, const struct metrics_spread *s);

/* The bound below which a share (0..1) of the values lies; the greatest bound if they are greater;
 * 0 if there are none. */
uint32_t metrics_share_below(enum metrics_histogram which, const struct metrics_spread *s, double share);

#endif
