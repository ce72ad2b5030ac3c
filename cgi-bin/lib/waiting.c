/* waiting.c - see waiting.h. */
#include "waiting.h"

#include "allowance.h"
#include "bell.h"
#include "ck.h"
#include "clock.h"
#include "err.h"
#include "host.h"
#include "log.h"
#include "site.h"
#include "store.h"
#include "tally.h"
#include "watch.h"
#include "web.h"
#include "workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OTHER_DESCRIPTORS = 128, /* of a process that has all its places taken: databases, requests in work, the loop */
    LOOK_MS = 500,           /* between two looks of one who sleeps, for what rings nowhere */
    PAUSE_MS = 100,          /* before the next one after such a look */
    SPARE_PROCESSES = 4,     /* beside those that hold: a poll on the timer takes a process for a millisecond or two */
    KEPT_S = 15,             /* how long a place among those that stay lasts if it isn't renewed */
    IDLE_MS = 3000,
    POLL_AFTER_MOST = 60, /* seconds */
    CHEAP_POLLS = 4, /* times poll_rate: where one process answers many, a poll on the timer costs that much less */
    WORKER_TOKENS = 1 << 16, /* tokens from here on are of workers.h, those below of the bell */
    HEARTBEAT_MS = 15000,    /* proxies and NAT routers cut connections that are silent for 30 to 60 s */
};

struct waiting {
    struct site *site;
    bool fastcgi;
    struct waiting_functions functions;
    pthread_mutex_t lock;        /* of park, watch and failed */
    _Atomic(struct park *) park; /* made for the first that waits: its limits are settings */
    _Atomic(struct watch *) watch;
    bool failed;
    atomic_bool many_at_once; /* seen: this process gets several requests at a time */
    atomic_int kept;          /* a process of mod_fcgid: its place among those that stay, -1 while it has none */
    _Atomic int64_t arrived_ms;
    atomic_bool costs;   /* the last request had a process to itself */
    atomic_bool counted; /* it is known how many have a place */
    struct bell *bell;   /* plain CGI: where the one request sleeps */
    uint32_t seen;
    bool out_of_step;        /* the last sleep ended without a ring */
    pid_t parent;            /* the server's process that started this one */
    struct workers *workers; /* of an Apache that holds requests in its workers */
};

struct waiting *waiting_new(struct site *site, bool fastcgi, const struct waiting_functions *functions)
{
    struct waiting *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->fastcgi = fastcgi;
    w->functions = *functions;
    host_note_start();
    w->workers = workers_new();
    atomic_store(&w->kept, -1);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void waiting_free(struct waiting *w)
{
    if (w != NULL) {
        CK(atomic_load(&w->park) == NULL);
        workers_free(w->workers);
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

/* ---- who watches ---- */

static void on_news(void *context)
{
    struct waiting *w = context;
    struct park *p = atomic_load(&w->park);
    tally_add(site_tally(w->site), COUNTS_WAKEUPS, 1);
    if (p != NULL) {
        park_ring(p);
    }
}

static void start_watch(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    if (atomic_load(&w->watch) == NULL && !w->failed) {
        struct watch *watch = watch_start(w->site, on_news, w);
        w->failed = watch == NULL;
        if (w->failed) {
            log_line("polls can't be held: there can be no further thread");
        }
        atomic_store(&w->watch, watch);
    }
    pthread_mutex_unlock(&w->lock);
}

bool waiting_is_watched(const struct waiting *w)
{
    return watch_is_on(atomic_load(&w->watch));
}

/* ---- which carrier ---- */

static bool is_apache(const struct web_exchange *x)
{
    const char *software = web_variable(x, "SERVER_SOFTWARE");
    return software != NULL && strncmp(software, "Apache", strlen("Apache")) == 0;
}

/* Apache's mod_proxy_fcgi says so itself: its SCRIPT_FILENAME is "proxy:fcgi://..." (unless ProxyFCGIBackendType is set). */
static bool is_proxied_by_apache(const struct web_exchange *x)
{
    const char *file = web_variable(x, "SCRIPT_FILENAME");
    return file != NULL && strncmp(file, "proxy:", strlen("proxy:")) == 0;
}

/* Of these servers every request comes to the process when it comes to them. */
static bool is_known_to_send_many(const struct web_exchange *x)
{
    static const char *const names[] = {"lighttpd", "nginx", "Caddy"};
    const char *software = web_variable(x, "SERVER_SOFTWARE");
    bool found = is_proxied_by_apache(x);
    for (size_t i = 0; software != NULL && i < sizeof names / sizeof names[0]; i++) {
        found = found || strncmp(software, names[i], strlen(names[i])) == 0;
    }
    return found;
}

static bool costs_a_process(const struct waiting *w, const struct web_exchange *x)
{
    return !w->fastcgi || (!atomic_load(&w->many_at_once) && !is_known_to_send_many(x));
}

/* Its requests come from workers of Apache, which are to be spared; and how many by itself, not by the setting. */
static bool spares_workers(const struct waiting *w, const struct web_exchange *x, const struct conf *conf)
{
    return is_apache(x) && !costs_a_process(w, x) && conf->max_waiting_apache == CONF_AUTO;
}

void waiting_allowance(const struct waiting *w, const struct web_exchange *x, const struct conf *conf,
                       struct allowance *out)
{
    enum allowance_server server = costs_a_process(w, x) ? ALLOWANCE_PROCESSES
                                   : is_apache(x)        ? ALLOWANCE_WORKERS
                                                         : ALLOWANCE_CONNECTIONS;
    unsigned workers = spares_workers(w, x, conf) ? workers_seen(w->workers, web_connection(x)) : 0;
    allowance_find(out, server, conf, workers);
}

size_t waiting_count(const struct waiting *w)
{
    const struct park *p = atomic_load(&w->park);
    return p != NULL ? park_count(p) : 0;
}

/* ---- how many processes stay ---- */

static int take_kept_place(struct waiting *w, const struct conf *conf)
{
    struct store *store = site_borrow(w->site, NULL);
    struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    unsigned most = host_max_held(conf) + SPARE_PROCESSES;
    int token = bell == NULL || most > BELL_KEPT ? -1 : bell_keep(bell, most, KEPT_S);
    /* Without a bell, or with more places than can be counted, nobody knows of the others, and all stay. */
    atomic_store(&w->counted, bell != NULL && most <= BELL_KEPT);
    if (store != NULL) {
        site_return(w->site, store);
    }
    return token;
}

static void renew_kept_place(struct waiting *w, int token)
{
    struct store *store = site_borrow(w->site, NULL);
    struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    if (bell != NULL && !bell_keep_on(bell, token, KEPT_S)) {
        atomic_store(&w->kept, -1); /* the next request takes one again, if there is one */
    }
    if (store != NULL) {
        site_return(w->site, store);
    }
}

bool waiting_is_surplus(struct waiting *w)
{
    int token = atomic_load(&w->kept);
    if (token >= 0) {
        renew_kept_place(w, token);
        return false;
    }
    return atomic_load(&w->counted) && atomic_load(&w->costs) && !atomic_load(&w->many_at_once) &&
           waiting_count(w) == 0 && clock_mono_ms() - atomic_load(&w->arrived_ms) >= IDLE_MS;
}

/* ---- who comes ---- */

/* Only who waits counts. Of a request in work nobody can say whether its answer is out already: a server that gives one request
 * at a time sends the next as soon as it has that. */
void waiting_arrived(struct waiting *w, const struct web_exchange *x, const struct conf *conf)
{
    const struct park *p = atomic_load(&w->park);
    if (w->fastcgi && conf != NULL && atomic_load(&w->watch) == NULL) {
        start_watch(w);
    }
    if (p != NULL && park_unanswered(p) > 0) {
        atomic_store(&w->many_at_once, true);
    }
    if (w->fastcgi && conf != NULL) {
        atomic_store(&w->arrived_ms, clock_mono_ms());
        atomic_store(&w->costs, costs_a_process(w, x));
        if (atomic_load(&w->costs) && atomic_load(&w->kept) < 0) {
            atomic_store(&w->kept, take_kept_place(w, conf));
        }
    }
}

/* Each waiter keeps a descriptor, so the process's limit is one as well. */
static unsigned with_descriptors(unsigned most)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || (rlim_t)most + OTHER_DESCRIPTORS <= limit.rlim_cur) {
        return most;
    }
    return limit.rlim_cur > OTHER_DESCRIPTORS ? (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS) : 0;
}

/* ---- FastCGI ---- */

/* A process's or a worker's; -1 is fine. */
static void release_place(struct waiting *w, int token)
{
    if (token >= WORKER_TOKENS) {
        workers_give_back(w->workers, token - WORKER_TOKENS);
        return;
    }
    struct store *store = token >= 0 ? site_borrow(w->site, NULL) : NULL;
    struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    if (bell != NULL) {
        bell_release(bell, token);
    }
    if (store != NULL) {
        site_return(w->site, store);
    }
}

static enum counts_gauge gauge_of(bool stream)
{
    return stream ? COUNTS_PARKED_STREAMS : COUNTS_PARKED_POLLS;
}

static void left_park(void *context, bool stream, int token)
{
    struct waiting *w = context;
    tally_gauge(site_tally(w->site), gauge_of(stream), -1);
    release_place(w, token);
}

static void told_by_park(void *context, size_t count)
{
    struct waiting *w = context;
    struct tally *t = site_tally(w->site);
    struct store *store = site_borrow(w->site, NULL);
    const struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    int64_t committed = bell != NULL ? bell_committed_at(bell) : 0;
    int64_t took = clock_mono_us() - committed;
    if (store != NULL) {
        site_return(w->site, store);
    }
    tally_add(t, COUNTS_WOKEN, count);
    if (committed > 0 && took >= 0) {
        tally_observe(t, COUNTS_LATENCY, (uint64_t)took, count);
    }
}

static int render_for_park(void *context, const struct query *q, bool final, struct web_reply *r)
{
    struct waiting *w = context;
    return w->functions.render(w->functions.context, q, final, r);
}

static enum park_news events_for_park(void *context, struct query *q, struct buf *out)
{
    struct waiting *w = context;
    return w->functions.events(w->functions.context, q, out);
}

static void heartbeat_for_park(void *context, const struct query *q, struct buf *out)
{
    struct waiting *w = context;
    w->functions.heartbeat(w->functions.context, q, out);
}

static void make_park(struct waiting *w)
{
    struct err e = ERR_INIT;
    const struct park_options options = {
        .render = render_for_park,
        .events = events_for_park,
        .heartbeat = heartbeat_for_park,
        .heartbeat_ms = HEARTBEAT_MS,
        .left = left_park,
        .told = told_by_park,
        .context = w,
    };
    struct park *p = park_new(&options, &e);
    atomic_store(&w->park, p);
    if (p == NULL) {
        log_line("polls can't be held: %s", e.text);
        w->failed = true;
    }
}

static struct park *the_park(struct waiting *w, const struct web_exchange *x, const struct conf *conf)
{
    pthread_mutex_lock(&w->lock);
    if (atomic_load(&w->park) == NULL && !w->failed && atomic_load(&w->watch) != NULL) {
        make_park(w);
    }
    pthread_mutex_unlock(&w->lock);
    struct park *p = atomic_load(&w->park);
    if (p != NULL) { /* what the server has may change, and which kind of server it is may turn out later */
        struct allowance allowed;
        waiting_allowance(w, x, conf, &allowed);
        park_limit(p, with_descriptors(allowed.most), allowed.most_per_client);
    }
    return p;
}

bool waiting_has_place(struct waiting *w, const struct web_exchange *x, const struct conf *conf)
{
    const struct park *p = w->fastcgi ? the_park(w, x, conf) : NULL;
    bool found = p == NULL || park_has_place(p, x);
    struct store *store = costs_a_process(w, x) ? site_borrow(w->site, NULL) : NULL;
    if (store != NULL) {
        struct bell *bell = site_bell(w->site, store);
        found = found && bell != NULL && bell_can_hold(bell, host_max_held(conf));
        site_return(w->site, store);
    }
    return found;
}

unsigned waiting_poll_after(struct waiting *w, const struct web_exchange *x, const struct conf *conf)
{
    unsigned seconds = (unsigned)conf->poll_after;
    unsigned rate = (unsigned)conf->poll_rate * (costs_a_process(w, x) ? 1 : CHEAP_POLLS);
    struct store *store = site_borrow(w->site, NULL);
    if (store != NULL) {
        struct bell *bell = site_bell(w->site, store);
        seconds = bell != NULL ? bell_pace(bell, seconds, POLL_AFTER_MOST, rate) : seconds;
        site_return(w->site, store);
    }
    return seconds;
}

/* A place among those that cost a process each. */
static int take_costly_place(struct waiting *w, unsigned seconds, const struct conf *conf)
{
    struct store *store = site_borrow(w->site, NULL);
    struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    int token = bell != NULL ? bell_hold(bell, host_max_held(conf), seconds) : -1;
    if (store != NULL) {
        site_return(w->site, store);
    }
    return token;
}

/* False: what x keeps busy while it waits isn't to be had. *token: to be released, or -1. */
static bool take_place(struct waiting *w, const struct web_exchange *x, unsigned seconds, const struct conf *conf,
                       int *token)
{
    *token = -1;
    if (costs_a_process(w, x)) {
        *token = take_costly_place(w, seconds, conf);
        return *token >= 0;
    }
    if (spares_workers(w, x, conf)) {
        *token = workers_take(w->workers, web_connection(x));
        *token += *token >= 0 ? WORKER_TOKENS : 0;
        return *token >= 0;
    }
    return true;
}

bool waiting_take(struct waiting *w, struct web_exchange *x, const struct query *q, const struct conf *conf)
{
    int token = -1;
    if (q->wait == 0 || !web_can_be_held(x)) {
        return false;
    }
    struct park *p = the_park(w, x, conf);
    if (p == NULL || !take_place(w, x, q->wait, conf, &token)) {
        return false;
    }
    tally_gauge(site_tally(w->site), COUNTS_PARKED_POLLS, 1); /* before it can leave */
    if (park_add(p, x, q, token)) {
        return true;
    }
    tally_gauge(site_tally(w->site), COUNTS_PARKED_POLLS, -1);
    release_place(w, token);
    return false;
}

bool waiting_can_stream(const struct waiting *w, struct web_exchange *x)
{
    return (!is_apache(x) || is_proxied_by_apache(x) || atomic_load(&w->many_at_once)) && web_can_be_held(x);
}

bool waiting_stream(struct waiting *w, struct web_exchange *x, const struct query *q, const struct web_reply *opening,
                    const struct conf *conf)
{
    int token = -1;
    struct park *p = the_park(w, x, conf);
    if (p == NULL || (spares_workers(w, x, conf) && !take_place(w, x, 0, conf, &token))) {
        return false;
    }
    tally_gauge(site_tally(w->site), COUNTS_PARKED_STREAMS, 1);
    if (park_stream(p, x, q, opening, (unsigned)conf->max_stream, token)) {
        return true;
    }
    tally_gauge(site_tally(w->site), COUNTS_PARKED_STREAMS, -1);
    release_place(w, token);
    return false;
}

void waiting_stop(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    struct park *p = atomic_load(&w->park);
    w->failed = true; /* no park is made from now on: its requests would be cut off when the process ends */
    pthread_mutex_unlock(&w->lock);
    if (p != NULL) {
        park_stop(p);
    }
}

/* ---- plain CGI ---- */

int waiting_begin(struct waiting *w, unsigned seconds, const struct conf *conf)
{
    struct store *store = seconds > 0 && !w->fastcgi ? site_borrow(w->site, NULL) : NULL;
    w->bell = store != NULL ? site_bell(w->site, store) : NULL;
    if (store != NULL) {
        site_return(w->site, store);
    }
    if (w->bell == NULL) {
        return -1;
    }
    w->parent = getppid();
    w->seen = bell_seen(w->bell); /* before the caller looks once more */
    int token = bell_hold(w->bell, host_max_held(conf), seconds);
    tally_gauge(site_tally(w->site), COUNTS_PARKED_POLLS, token >= 0 ? 1 : 0);
    return token;
}

/* Nobody rings any more for who sleeps here: whoever started this process has gone, or others have another bell. */
static bool is_forsaken(const struct waiting *w)
{
    return getppid() != w->parent || bell_is_replaced(w->bell);
}

/* Somebody has committed, or has put other files there, and will not ring. Who is in the middle of a commit will. */
static bool is_out_of_step(struct waiting *w)
{
    uint64_t stamp = 0;
    return !bell_has_writer(w->bell) && site_bell_in_step(w->site, &stamp) == NULL && !bell_has_writer(w->bell) &&
           bell_seen(w->bell) == w->seen;
}

bool waiting_sleep(struct waiting *w, int timeout_ms)
{
    bool rung = false;
    while (timeout_ms > 0 && !is_forsaken(w) && !rung) {
        int slice = timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS;
        if (w->out_of_step) { /* those who look then ring themselves, and each ring would have all others look */
            clock_sleep_ms(PAUSE_MS);
            w->out_of_step = false;
        }
        rung = bell_wait(w->bell, w->seen, slice) == 1;
        w->out_of_step = !rung && is_out_of_step(w);
        rung = rung || w->out_of_step;
        timeout_ms -= slice;
    }
    w->seen = bell_seen(w->bell);
    return !is_forsaken(w);
}

void waiting_end(struct waiting *w, int token)
{
    tally_gauge(site_tally(w->site), COUNTS_PARKED_POLLS, -1);
    bell_release(w->bell, token);
}
