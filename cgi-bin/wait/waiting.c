/* waiting.c - see waiting.h. */
#include "wait/waiting.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "chat/query.h"
#include "shared/bell.h"
#include "shared/metrics_file.h"
#include "site/site.h"
#include "site/watcher.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "system/process.h"
#include "wait/private/park.h"
#include "wait/private/surplus.h"
#include "wait/private/wait_slots.h"
#include "wait/private/waiting_slots.h"
#include "web/detach.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    OTHER_DESCRIPTORS = 128, /* for databases, requests in work and the loop, where all others belong to waiters */
    HEARTBEAT_MS = 15000,    /* proxies and NAT routers cut connections that are silent for 30 to 60 s */
};

struct waiting {
    struct site *site;
    struct news news;
    struct wait_slots slots;
    struct surplus surplus;
    pthread_mutex_t lock;        /* of park, is_watched and failed */
    _Atomic(struct park *) park; /* made for the first request that waits, since its limits are settings */
    atomic_bool is_watched;      /* the thread that watches for news runs */
    bool failed;                 /* no watcher and no park is made any more */
    unsigned descriptors;        /* requests that the process has descriptors for; set before the park */
};

struct waiting *waiting_new(struct site *site, bool fastcgi, const struct news *news)
{
    struct waiting *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->news = *news;
    process_note_start();
    wait_slots_init(&w->slots, site, fastcgi);
    surplus_init(&w->surplus, &w->slots);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void waiting_free(struct waiting *w)
{
    if (w != NULL) {
        CK(atomic_load(&w->park) == NULL);
        wait_slots_fini(&w->slots);
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

struct wait_slots *waiting_slots(struct waiting *w)
{
    return &w->slots;
}

/* ---- the thread that watches ---- */

static void on_news(void *context)
{
    struct waiting *w = context;
    struct park *p = atomic_load(&w->park);
    metrics_file_add(site_metrics(w->site), METRICS_WAKEUPS, 1);
    if (p != NULL) {
        park_ring(p);
    }
}

static void start_watch(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    if (!atomic_load(&w->is_watched) && !w->failed) {
        w->failed = !watcher_start(w->site, on_news, w);
        if (w->failed) {
            log_line("no poll can wait here, so all clients ask on a timer: the system gives no further thread");
        }
        atomic_store(&w->is_watched, !w->failed);
    }
    pthread_mutex_unlock(&w->lock);
}

/* ---- requests and their process ---- */

void waiting_arrived(struct waiting *w, const struct request *request, const struct conf *conf)
{
    const struct park *p = atomic_load(&w->park);
    if (!w->slots.server.fastcgi) {
        return;
    }
    bool has_process = server_kind_note_arrival(&w->slots.server, request, p != NULL && park_unanswered(p) > 0);
    if (conf != NULL && !atomic_load(&w->is_watched)) {
        start_watch(w);
    }
    if (conf != NULL && has_process) {
        surplus_enter(&w->surplus);
    }
}

bool waiting_is_surplus(struct waiting *w)
{
    const struct park *p = atomic_load(&w->park);
    return surplus_is_here(&w->surplus, p != NULL && park_count(p) > 0);
}

bool waiting_costs_a_process(const struct waiting *w)
{
    return server_kind_costs_process(&w->slots.server);
}

void waiting_allowance(const struct waiting *w, const struct request *request, const struct conf *conf,
                       struct allowance *out)
{
    wait_slots_allowance(&w->slots, request, conf, out);
}

/* ---- the park ---- */

static enum metrics_gauge gauge_of(bool stream)
{
    return stream ? METRICS_PARKED_STREAMS : METRICS_PARKED_POLLS;
}

static void left_park(void *context, bool stream, int token)
{
    struct waiting *w = context;
    metrics_file_gauge(site_metrics(w->site), gauge_of(stream), -1);
    wait_slots_release(&w->slots, token);
}

static void told_by_park(void *context, size_t count)
{
    struct waiting *w = context;
    struct metrics_file *t = site_metrics(w->site);
    const struct bell *bell = site_bell(w->site);
    int64_t committed = bell != NULL ? bell_committed_at(bell) : 0;
    int64_t took = clock_mono_us() - committed;
    metrics_file_add(t, METRICS_WOKEN, count);
    if (committed > 0 && took >= 0) {
        metrics_file_observe(t, METRICS_LATENCY, (uint64_t)took, count);
    }
}

/* Each waiting request keeps a descriptor, so the process's limit bounds them as well. */
static unsigned find_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return UINT_MAX;
    }
    rlim_t left = limit.rlim_cur > OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : 0;
    return left < UINT_MAX ? (unsigned)left : UINT_MAX;
}

static void make_park(struct waiting *w)
{
    struct err e = ERR_INIT;
    w->descriptors = find_descriptors();
    const struct park_options options = {
        .news = w->news,
        .left = left_park,
        .told = told_by_park,
        .context = w,
        .heartbeat_ms = HEARTBEAT_MS,
    };
    struct park *p = park_new(&options, &e);
    atomic_store(&w->park, p);
    if (p == NULL) {
        log_line("no poll can wait here, so all clients ask on a timer: %s", e.text);
        w->failed = true;
    }
}

/* NULL: there can be none. Sets the limits each time: those of the server may change, and its kind
 * may turn out later. */
static struct park *the_park(struct waiting *w, const struct request *request, const struct conf *conf)
{
    struct park *p = atomic_load(&w->park);
    if (p == NULL) {
        pthread_mutex_lock(&w->lock);
        if (atomic_load(&w->park) == NULL && !w->failed && atomic_load(&w->is_watched)) {
            make_park(w);
        }
        pthread_mutex_unlock(&w->lock);
        p = atomic_load(&w->park);
    }
    if (p != NULL) {
        struct allowance allowed;
        wait_slots_allowance(&w->slots, request, conf, &allowed);
        park_limit(p, allowed.most < w->descriptors ? allowed.most : w->descriptors, allowed.most_per_client);
    }
    return p;
}

bool waiting_has_room(struct waiting *w, const struct request *request, const struct conf *conf)
{
    const struct park *p = w->slots.server.fastcgi ? the_park(w, request, conf) : NULL;
    return (p == NULL || park_has_room(p, request)) && wait_slots_are_free(&w->slots, request, conf);
}

bool waiting_take(struct waiting *w, struct request *request, struct query *q, const struct conf *conf)
{
    int token = -1;
    if (q->wait == 0 || !detach_is_possible(request)) {
        return false;
    }
    struct park *p = the_park(w, request, conf);
    if (p == NULL || !wait_slots_take(&w->slots, request, &q->wait, conf, &token)) {
        return false;
    }
    metrics_file_gauge(site_metrics(w->site), gauge_of(false), 1); /* before it can leave */
    bool is_added = park_add(p, request, q, token);
    if (!is_added) {
        left_park(w, false, token);
    }
    return is_added;
}

bool waiting_can_stream(const struct waiting *w, struct request *request)
{
    return server_kind_passes_output(&w->slots.server, request) && detach_is_possible(request);
}

bool waiting_stream(struct waiting *w, struct request *request, const struct query *q, const struct reply *opening,
                    unsigned seconds, const struct conf *conf)
{
    int token = -1;
    struct park *p = the_park(w, request, conf);
    if (p == NULL || !wait_slots_take_worker(&w->slots, request, conf, &token)) {
        return false;
    }
    metrics_file_gauge(site_metrics(w->site), gauge_of(true), 1);
    bool is_added = park_stream(p, request, q, opening, seconds, token);
    if (!is_added) {
        left_park(w, true, token);
    }
    return is_added;
}

void waiting_stop(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    struct park *p = atomic_load(&w->park);
    w->failed = true; /* no park is made from now on: the end of the process would cut off its requests */
    pthread_mutex_unlock(&w->lock);
    if (p != NULL) {
        park_stop(p);
    }
}
