/* status.c - see status.h. */
#include "format/status.h"

#include "base/buf.h"

#include <string.h>

static void add_head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_addf(out, "# HELP pollchat_%s %s\n# TYPE pollchat_%s %s\n", name, help, name, type);
}

/* Rows of one name stand together; the first one writes the help. */
static void add_value(struct buf *out, const struct metrics_name *n, const char *type, uint64_t value)
{
    if (n->help[0] != '\0') {
        add_head(out, n->name, n->help, type);
    }
    buf_addf(out, "pollchat_%s", n->name);
    if (n->label != NULL) {
        buf_addf(out, "{%s}", n->label);
    }
    buf_addf(out, " %llu\n", (unsigned long long)value);
}

static void add_histogram(struct buf *out, enum metrics_histogram which, const struct metrics_spread *s)
{
    const struct metrics_scale *scale = &metrics_histograms[which];
    uint64_t below = 0;
    add_head(out, scale->name, scale->help, "histogram");
    for (size_t i = 0; i < scale->bounds; i++) {
        below += s->bucket[i];
        buf_addf(out, "pollchat_%s_bucket{le=\"%g\"} %llu\n", scale->name, scale->bound[i] * scale->unit,
                 (unsigned long long)below);
    }
    uint64_t total = metrics_total(which, s);
    buf_addf(out, "pollchat_%s_bucket{le=\"+Inf\"} %llu\npollchat_%s_sum %.9g\npollchat_%s_count %llu\n", scale->name,
             (unsigned long long)total, scale->name, (double)s->sum * scale->unit, scale->name,
             (unsigned long long)total);
}

static void add_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    const struct metrics_name n = {.name = name, .help = help};
    add_value(out, &n, "gauge", value);
}

void status_prometheus(struct buf *out, const struct status *s)
{
    add_head(out, "info", "Version and store.", "gauge");
    buf_addf(out, "pollchat_info{version=\"%s\",store=\"%s\",wake=\"%s\"} 1\n", s->version, s->store,
             s->has_bell ? "bell" : "timer");
    add_gauge(out, "uptime_seconds", "Of the process that answers.", s->uptime_s);
    add_gauge(out, "counted_since_seconds", "When the counters began, as Unix time.", (uint64_t)(s->since_ms / 1000));
    add_gauge(out, "store_bytes", "Size of the database with its log.", s->store_bytes);
    add_gauge(out, "max_descriptors", "Limit of open files of the process that answers.", s->descriptors);
    add_gauge(out, "max_processes", "Limit of processes that the process that answers sees; 0: none.", s->processes);
    add_gauge(out, "max_held", "Polls that may be held where each costs a process.", s->max_held);
    add_gauge(out, "max_waiting", "Polls and streams that the process that answers may hold.", s->max_waiting);
    for (size_t i = 0; i < METRICS_GAUGE__MAX; i++) {
        add_value(out, &metrics_gauges[i], "gauge", s->counts->gauge[i]);
    }
    for (size_t i = 0; i < METRICS_COUNTER__MAX; i++) {
        add_value(out, &metrics_counters[i], "counter", s->counts->counter[i]);
    }
    for (size_t i = 0; i < METRICS_HISTOGRAM__MAX; i++) {
        add_histogram(out, (enum metrics_histogram)i, &s->counts->histogram[i]);
    }
}
