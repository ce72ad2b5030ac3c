/* counts.c - see counts.h. */
#include "chat/counts.h"

const struct counts_name counts_counters[COUNTS_COUNTER__MAX] = {
    [COUNTS_SEND_REQUESTS] = {"requests_total", "route=\"send\"", "requests", "send", "Requests by route."},
    [COUNTS_POLL_REQUESTS] = {"requests_total", "route=\"poll\"", "requests", "poll", ""},
    [COUNTS_STREAM_REQUESTS] = {"requests_total", "route=\"stream\"", "requests", "stream", ""},
    [COUNTS_STATUS_REQUESTS] = {"requests_total", "route=\"status\"", "requests", "status", ""},
    [COUNTS_2XX] = {"answers_total", "status=\"2xx\"", "answers", "2xx", "Answers by the class of their status."},
    [COUNTS_3XX] = {"answers_total", "status=\"3xx\"", "answers", "3xx", ""},
    [COUNTS_4XX] = {"answers_total", "status=\"4xx\"", "answers", "4xx", ""},
    [COUNTS_5XX] = {"answers_total", "status=\"5xx\"", "answers", "5xx", ""},
    [COUNTS_MESSAGES] = {"messages_total", NULL, NULL, "messages", "Messages stored."},
    [COUNTS_WAKEUPS] = {"wakeups_total", NULL, NULL, "wakeups", "Looks for news because something was committed."},
    [COUNTS_WOKEN] = {"woken_total", NULL, NULL, "woken", "Writes of news to those who waited for it."},
    [COUNTS_TURNED_AWAY] = {"turned_away_total", NULL, NULL, "turned_away", "Requests that found no place to wait."},
};

const struct counts_name counts_gauges[COUNTS_GAUGE__MAX] = {
    [COUNTS_PARKED_POLLS] = {"parked", "kind=\"poll\"", "parked", "polls", "Requests that wait, by kind."},
    [COUNTS_PARKED_STREAMS] = {"parked", "kind=\"stream\"", "parked", "streams", ""},
    [COUNTS_QUEUED] = {"queued", NULL, NULL, "queued", "Messages received and not yet durable."},
};

const struct counts_scale counts_histograms[COUNTS_HISTOGRAM__MAX] = {
    [COUNTS_LATENCY] = {"commit_to_write_seconds",
                        "commit_to_write_us",
                        "From the newest commit to a write to who has waited for it.",
                        1e-6,
                        12,
                        {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000}},
    [COUNTS_GROUP] = {"group_messages",
                      "group_messages",
                      "Messages that shared a transaction.",
                      1.0,
                      8,
                      {1, 2, 4, 8, 16, 32, 64, 128}},
};

enum counts_counter counts_class(int status)
{
    return status < 300 ? COUNTS_2XX : status < 400 ? COUNTS_3XX : status < 500 ? COUNTS_4XX : COUNTS_5XX;
}

size_t counts_bucket(enum counts_histogram which, uint64_t value)
{
    const struct counts_scale *scale = &counts_histograms[which];
    size_t i = 0;
    while (i < scale->bounds && value > scale->bound[i]) {
        i++;
    }
    return i;
}

uint64_t counts_total(enum counts_histogram which, const struct counts_spread *s)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= counts_histograms[which].bounds; i++) {
        total += s->bucket[i];
    }
    return total;
}

uint32_t counts_share_below(enum counts_histogram which, const struct counts_spread *s, double share)
{
    const struct counts_scale *scale = &counts_histograms[which];
    double wanted = share * (double)counts_total(which, s);
    uint64_t below = 0;
    for (size_t i = 0; wanted > 0 && i < scale->bounds; i++) {
        below += s->bucket[i];
        if ((double)below >= wanted) {
            return scale->bound[i];
        }
    }
    return wanted > 0 ? scale->bound[scale->bounds - 1] : 0;
}
