/* metrics.c - see metrics.h. */
#include "chat/metrics.h"

const struct metrics_name metrics_counters[METRICS_COUNTER__MAX] = {
    [METRICS_SEND_REQUESTS] = {"requests_total", "route=\"send\"", "requests", "send", "Requests by route."},
    [METRICS_POLL_REQUESTS] = {"requests_total", "route=\"poll\"", "requests", "poll", ""},
    [METRICS_STREAM_REQUESTS] = {"requests_total", "route=\"stream\"", "requests", "stream", ""},
    [METRICS_STATUS_REQUESTS] = {"requests_total", "route=\"status\"", "requests", "status", ""},
    [METRICS_2XX] = {"answers_total", "status=\"2xx\"", "answers", "2xx", "Answers by the class of their status."},
    [METRICS_3XX] = {"answers_total", "status=\"3xx\"", "answers", "3xx", ""},
    [METRICS_4XX] = {"answers_total", "status=\"4xx\"", "answers", "4xx", ""},
    [METRICS_5XX] = {"answers_total", "status=\"5xx\"", "answers", "5xx", ""},
    [METRICS_MESSAGES] = {"messages_total", NULL, NULL, "messages", "Messages stored."},
    [METRICS_WAKEUPS] = {"wakeups_total", NULL, NULL, "wakeups", "Looks for news because something was committed."},
    [METRICS_WOKEN] = {"woken_total", NULL, NULL, "woken", "Writes of news to those who waited for it."},
    [METRICS_LIMITED] = {"limited_total", NULL, NULL, "limited", "Requests refused because of limits."},
    [METRICS_NOTICES_SENT] = {"notices_total", "way=\"sent\"", "notices", "sent",
                              "Notices of commits between hosts over one database."},
    [METRICS_NOTICES_HEARD] = {"notices_total", "way=\"heard\"", "notices", "heard", ""},
    [METRICS_CONNECTS] = {"notice_connections_total", NULL, NULL, "notice_connections",
                          "Connections to the database for notices that were made."},
    [METRICS_REPLICA_PAGES] = {"pages_total", "from=\"replica\"", "pages", "replica",
                               "Pages of messages by the server that they were read from, where a replica is set."},
    [METRICS_PRIMARY_PAGES] = {"pages_total", "from=\"primary\"", "pages", "primary", ""},
    [METRICS_TURNED_AWAY] = {"turned_away_total", NULL, NULL, "turned_away", "Requests that found no place to wait."},
};

const struct metrics_name metrics_gauges[METRICS_GAUGE__MAX] = {
    [METRICS_PARKED_POLLS] = {"parked", "kind=\"poll\"", "parked", "polls", "Requests that wait, by kind."},
    [METRICS_PARKED_STREAMS] = {"parked", "kind=\"stream\"", "parked", "streams", ""},
    [METRICS_HEARING] = {"listeners", "state=\"heard\"", "listeners", "heard",
                         "Processes that listen to notices of other hosts, by whether these come through."},
    [METRICS_DEAF] = {"listeners", "state=\"deaf\"", "listeners", "deaf", ""},
    [METRICS_REPLICA_AWAY] = {"replica_away", NULL, NULL, "replica_away",
                              "Processes that found the replica of no use when they tried it last."},
    [METRICS_QUEUED] = {"queued", NULL, NULL, "queued", "Messages received and not yet durable."},
};

const struct metrics_scale metrics_histograms[METRICS_HISTOGRAM__MAX] = {
    [METRICS_LATENCY] = {"commit_to_write_seconds",
                         "commit_to_write_us",
                         "From the newest commit to a write to who has waited for it.",
                         1e-6,
                         12,
                         {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000}},
    [METRICS_GROUP] = {"group_messages",
                       "group_messages",
                       "Messages that shared a transaction.",
                       1.0,
                       8,
                       {1, 2, 4, 8, 16, 32, 64, 128}},
    [METRICS_COMMIT] = {"commit_seconds",
                        "commit_us",
                        "Time that the store took to make a group of messages durable.",
                        1e-6,
                        12,
                        {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000}},
};

enum metrics_counter metrics_class(int status)
{
    return status < 300 ? METRICS_2XX : status < 400 ? METRICS_3XX : status < 500 ? METRICS_4XX : METRICS_5XX;
}

size_t metrics_bucket(enum metrics_histogram which, uint64_t value)
{
    const struct metrics_scale *scale = &metrics_histograms[which];
    size_t i = 0;
    while (i < scale->bounds && value > scale->bound[i]) {
        i++;
    }
    return i;
}

uint64_t metrics_total(enum metrics_histogram which, const struct metrics_spread *s)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= metrics_histograms[which].bounds; i++) {
        total += s->bucket[i];
    }
    return total;
}

uint32_t metrics_share_below(enum metrics_histogram which, const struct metrics_spread *s, double share)
{
    const struct metrics_scale *scale = &metrics_histograms[which];
    double wanted = share * (double)metrics_total(which, s);
    uint64_t below = 0;
    for (size_t i = 0; wanted > 0 && i < scale->bounds; i++) {
        below += s->bucket[i];
        if ((double)below >= wanted) {
            return scale->bound[i];
        }
    }
    return wanted > 0 ? scale->bound[scale->bounds - 1] : 0;
}
