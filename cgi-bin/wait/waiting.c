/* waiting.c - see waiting.h. */
#include "wait/waiting.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "chat/query.h"
#include "shared/bell.h"
#include "shared/metrics_file.h"
#include "shared/poll_interval.h"
#include "shared/poll_load.h"
#include "shared/room_heads.h"
#include "shared/site_key.h"
#include "shared/slots.h"
#include "site/site.h"
#include "site/watcher.h"
#include "system/allowance.h"
#include "system/apache_workers.h"
#include "system/process.h"
#include "wait/private/park.h"
#include "wait/private/process_slots.h"
#include "web/client.h"
#include "web/detach.h"
#include "web/request.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OTHER_DESCRIPTORS = 128, /* of a process that has all its places taken: databases, requests in work, the loop */
    LOOK_MS = 500,           /* between two looks of one who sleeps, for what rings nowhere */
    PAUSE_MS = 100,          /* before the next one after such a look */
    KEPT_S = 15,             /* how long a place among those that stay lasts if it isn't renewed */
    IDLE_US = 3000000,
    POLL_AFTER_MOST = 60,    /* seconds */
    CHEAP_POLLS = 4,         /* where one process answers many: polls a second are at most this times poll_rate, */
    CHEAP_POLLS_LEAST = 10,  /* at least so many, */
    PLACES_A_POLL = 15,      /* and one for each so many places in between: see rate_of */
    WORKER_TOKENS = 1 << 16, /* tokens from here on are of apache_workers.h; smaller ones are of the bell */
    HEARTBEAT_MS = 15000,    /* proxies and NAT routers cut connections that are silent for 30 to 60 s */
};

struct waiting {
    struct site *site;
    bool fastcgi;
    struct news news;
    pthread_mutex_t lock;        /* of park, watch and failed */
    _Atomic(struct park *) park; /* made for the first that waits: its limits are settings */
    _Atomic(struct watcher *) watch;
    bool failed;
    atomic_bool many_at_once; /* seen: this process gets several requests at a time */
    atomic_int kept;          /* a process of mod_fcgid: its token of slots_join, -1 while it has none */
    _Atomic int64_t arrived_us;
    atomic_bool costs; /* the last request had a process to itself */
    struct bell *bell; /* plain CGI: where the one request sleeps */
    uint32_t seen;
    bool out_of_step; /* the last sleep ended without a ring */
    pid_t parent;     /* the server's process that started this one */
    bool is_seeded;   /* with lock, as is the next one */
    uint64_t seed;
    struct apache_workers *workers; /* of an Apache that holds requests in its workers */
};

struct waiting *waiting_new(struct site *site, bool fastcgi, const struct news *news)
{
    struct waiting *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->fastcgi = fastcgi;
    w->news = *news;
    process_note_start();
    w->workers = apache_workers_new();
    atomic_store(&w->kept, -1);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void waiting_free(struct waiting *w)
{
    if (w != NULL) {
        CK(atomic_load(&w->park) == NULL);
        apache_workers_free(w->workers);
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

/* ---- who watches ---- */

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
    if (atomic_load(&w->watch) == NULL && !w->failed) {
        struct watcher *watch = watcher_start(w->site, on_news, w);
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
    return watcher_is_on(atomic_load(&w->watch));
}

/* ---- which carrier ---- */

static bool is_apache(const struct request *x)
{
    const char *software = request_variable(x, "SERVER_SOFTWARE");
    return software != NULL && strncmp(software, "Apache", strlen("Apache")) == 0;
}

/* Apache's mod_proxy_fcgi says so itself: its SCRIPT_FILENAME is "proxy:fcgi://..." (unless ProxyFCGIBackendType is set). */
static bool is_proxied_by_apache(const struct request *x)
{
    const char *file = request_variable(x, "SCRIPT_FILENAME");
    return file != NULL && strncmp(file, "proxy:", strlen("proxy:")) == 0;
}

/* Of these servers every request comes to the process when it comes to them. */
static bool is_known_to_send_many(const struct request *x)
{
    static const char *const names[] = {"lighttpd", "nginx", "Caddy"};
    const char *software = request_variable(x, "SERVER_SOFTWARE");
    bool found = is_proxied_by_apache(x);
    for (size_t i = 0; software != NULL && i < sizeof names / sizeof names[0]; i++) {
        found = found || strncmp(software, names[i], strlen(names[i])) == 0;
    }
    return found;
}

static bool costs_a_process(const struct waiting *w, const struct request *x)
{
    return !w->fastcgi || (!atomic_load(&w->many_at_once) && !is_known_to_send_many(x));
}

/* True: requests like x keep workers of Apache busy, and the number of workers, not the setting,
 * says how many may wait. */
static bool spares_workers(const struct waiting *w, const struct request *x, const struct conf *conf)
{
    return is_apache(x) && !costs_a_process(w, x) && conf->max_waiting_apache == CONF_AUTO;
}

void waiting_allowance(const struct waiting *w, const struct request *x, const struct conf *conf, struct allowance *out)
{
    enum allowance_server server = costs_a_process(w, x) ? ALLOWANCE_PROCESSES
                                   : is_apache(x)        ? ALLOWANCE_WORKERS
                                                         : ALLOWANCE_CONNECTIONS;
    unsigned workers = spares_workers(w, x, conf) ? apache_workers_seen(w->workers, detach_connection(x)) : 0;
    allowance_find(out, server, conf, workers);
}

bool waiting_costs_a_process(const struct waiting *w)
{
    return !w->fastcgi || (atomic_load(&w->costs) && !atomic_load(&w->many_at_once));
}

/* How many requests wait without a thread now. */
static size_t parked(const struct waiting *w)
{
    const struct park *p = atomic_load(&w->park);
    return p != NULL ? park_count(p) : 0;
}

/* ---- how many processes stay ---- */

/* The bell of the site's present database, or NULL. Valid as long as the site. */
static struct bell *bell_of(struct waiting *w)
{
    struct store *store = site_borrow(w->site, NULL);
    struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    if (store != NULL) {
        site_return(w->site, store);
    }
    return bell;
}

static void join(struct waiting *w)
{
    struct bell *bell = bell_of(w);
    atomic_store(&w->kept, bell != NULL ? slots_join(bell, KEPT_S) : -1);
}

bool waiting_is_surplus(struct waiting *w)
{
    int token = atomic_load(&w->kept);
    struct bell *bell = token >= 0 ? bell_of(w) : NULL;
    if (bell == NULL) {
        return false; /* the number of processes is unknown, and all stay */
    }
    if (!slots_stay(bell, token, KEPT_S)) {
        atomic_store(&w->kept, -1); /* the next request joins again */
        return false;
    }
    bool is_idle = atomic_load(&w->costs) && !atomic_load(&w->many_at_once) && parked(w) == 0 &&
                   clock_mono_us() - atomic_load(&w->arrived_us) >= IDLE_US;
    if (!is_idle || !process_slots_leaves(bell, token, site_loaded_conf(w->site))) {
        return false;
    }
    atomic_store(&w->kept, -1);
    return true;
}

/* ---- who comes ---- */

/* Only who waits counts. Of a request in work nobody can say whether its answer is out already: a server that gives one request
 * at a time sends the next as soon as it has that. */
void waiting_arrived(struct waiting *w, const struct request *x, const struct conf *conf)
{
    const struct park *p = atomic_load(&w->park);
    if (w->fastcgi && conf != NULL && atomic_load(&w->watch) == NULL) {
        start_watch(w);
    }
    if (p != NULL && park_unanswered(p) > 0) {
        atomic_store(&w->many_at_once, true);
    }
    if (w->fastcgi && conf != NULL) {
        atomic_store(&w->arrived_us, clock_mono_us());
        atomic_store(&w->costs, costs_a_process(w, x));
        if (atomic_load(&w->costs) && atomic_load(&w->kept) < 0) {
            join(w);
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

/* token: of the bell or of apache_workers.h; -1 is fine. */
static void release_place(struct waiting *w, int token)
{
    if (token >= WORKER_TOKENS) {
        apache_workers_give_back(w->workers, token - WORKER_TOKENS);
        return;
    }
    struct bell *bell = token >= 0 ? bell_of(w) : NULL;
    if (bell != NULL) {
        slots_release(bell, token);
    }
}

static enum metrics_gauge gauge_of(bool stream)
{
    return stream ? METRICS_PARKED_STREAMS : METRICS_PARKED_POLLS;
}

static void left_park(void *context, bool stream, int token)
{
    struct waiting *w = context;
    metrics_file_gauge(site_metrics(w->site), gauge_of(stream), -1);
    release_place(w, token);
}

static void told_by_park(void *context, size_t count)
{
    struct waiting *w = context;
    struct metrics_file *t = site_metrics(w->site);
    struct store *store = site_borrow(w->site, NULL);
    const struct bell *bell = store != NULL ? site_bell(w->site, store) : NULL;
    int64_t committed = bell != NULL ? bell_committed_at(bell) : 0;
    int64_t took = clock_mono_us() - committed;
    if (store != NULL) {
        site_return(w->site, store);
    }
    metrics_file_add(t, METRICS_WOKEN, count);
    if (committed > 0 && took >= 0) {
        metrics_file_observe(t, METRICS_LATENCY, (uint64_t)took, count);
    }
}

static void make_park(struct waiting *w)
{
    struct err e = ERR_INIT;
    const struct park_options options = {
        .news = w->news,
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

static struct park *the_park(struct waiting *w, const struct request *x, const struct conf *conf)
{
    pthread_mutex_lock(&w->lock);
    if (atomic_load(&w->park) == NULL && !w->failed && atomic_load(&w->watch) != NULL) {
        make_park(w);
    }
    pthread_mutex_unlock(&w->lock);
    struct park *p = atomic_load(&w->park);
    if (p != NULL) { /* again and again: the server's limits may change, and its kind may turn out later */
        struct allowance allowed;
        waiting_allowance(w, x, conf, &allowed);
        park_limit(p, with_descriptors(allowed.most), allowed.most_per_client);
    }
    return p;
}

/* Addresses are hashed with the site's key, so that no client can find an address that has the
 * number of another one. */
static uint64_t seed_of(struct waiting *w, const struct conf *conf)
{
    struct site_key site_key;
    char name[SITE_KEY_NAME_SIZE];
    pthread_mutex_lock(&w->lock);
    if (!w->is_seeded && site_key_load(&site_key, conf->data, NULL) == 0) {
        site_key_name(&site_key, "places", "", name);
        name[16] = '\0';
        w->seed = strtoull(name, NULL, 16);
    } else if (!w->is_seeded) {
        random_fill(&w->seed, sizeof w->seed); /* other processes have other numbers for the same client then */
    }
    w->is_seeded = true;
    pthread_mutex_unlock(&w->lock);
    return w->seed;
}

/* A number of the client. 0: unknown, or a proxy on this machine, behind which are all clients. */
static uint16_t client_of(struct waiting *w, const struct request *x, const struct conf *conf)
{
    const char *address = request_client(x);
    return address == NULL || client_is_loopback(address)
               ? 0
               : (uint16_t)(client_hash(address, seed_of(w, conf)) % UINT16_MAX + 1);
}

static struct process_slots_request request_of(struct waiting *w, const struct request *x, const struct conf *conf,
                                               struct allowance *allowed)
{
    allowance_find(allowed, ALLOWANCE_PROCESSES, conf, 0);
    return (struct process_slots_request){
        .conf = conf, .allowed = allowed, .client = client_of(w, x, conf), .stays = w->fastcgi};
}

bool waiting_has_place(struct waiting *w, const struct request *x, const struct conf *conf)
{
    struct allowance allowed;
    const struct park *p = w->fastcgi ? the_park(w, x, conf) : NULL;
    if (p != NULL && !park_has_room(p, x)) {
        return false;
    }
    if (!costs_a_process(w, x)) {
        return true;
    }
    const struct bell *bell = bell_of(w);
    const struct process_slots_request r = request_of(w, x, conf, &allowed);
    return bell != NULL && process_slots_can_hold(bell, &r);
}

/* How many polls a second the clients on the timer should make together, at least 1. Their
 * connections must fit into the web server's spare ones, which are a third of those that may wait
 * (allowance.c): lighttpd closes a connection up to five seconds after its answer unless the client
 * closes it first. */
static unsigned rate_of(const struct waiting *w, const struct request *x, const struct conf *conf)
{
    struct allowance allowed;
    waiting_allowance(w, x, conf, &allowed);
    unsigned rate = is_apache(x) ? (unsigned)conf->poll_rate : allowed.most / PLACES_A_POLL;
    unsigned most = (unsigned)conf->poll_rate * CHEAP_POLLS;
    if (rate < CHEAP_POLLS_LEAST) {
        rate = CHEAP_POLLS_LEAST;
    }
    return rate < most ? rate : most;
}

/* How many plain CGI processes are there at once, without those that hold a poll. A process can't
 * see how long its own start and end take, but it can count the processes that are there
 * meanwhile. */
static unsigned overlap_in(const struct waiting *w, const struct bell *bell)
{
    const struct slots_count crew = slots_count(bell);
    return w->fastcgi || crew.there <= crew.holding + 1 ? 1 : crew.there - crew.holding;
}

unsigned waiting_poll_after(struct waiting *w, const struct request *x, const struct conf *conf)
{
    struct poll_interval_rules rules = {.least = (unsigned)conf->poll_after, .most = POLL_AFTER_MOST};
    struct bell *bell = bell_of(w);
    uint64_t took = 0;
    if (bell == NULL) {
        return rules.least;
    }
    if (costs_a_process(w, x)) {
        took = w->fastcgi ? (uint64_t)(clock_mono_us() - atomic_load(&w->arrived_us)) : process_age_us();
        rules.rate = poll_interval_rate(poll_load_took(bell, took * overlap_in(w, bell)), (unsigned)conf->poll_rate);
    } else {
        rules.rate = rate_of(w, x, conf);
    }
    return poll_load_next(bell, client_of(w, x, conf), took, &rules);
}

/* Takes what x keeps busy while it waits (a process or a worker). False: there is none to spare.
 * *token: to be released, or -1. */
static bool take_place(struct waiting *w, const struct request *x, unsigned *seconds, const struct conf *conf,
                       int *token)
{
    *token = -1;
    if (costs_a_process(w, x)) {
        struct allowance allowed;
        struct bell *bell = bell_of(w);
        const struct process_slots_request r = request_of(w, x, conf, &allowed);
        *token = bell != NULL ? process_slots_hold(bell, &r, seconds) : -1;
        return *token >= 0;
    }
    if (spares_workers(w, x, conf)) {
        *token = apache_workers_take(w->workers, detach_connection(x));
        *token += *token >= 0 ? WORKER_TOKENS : 0;
        return *token >= 0;
    }
    return true;
}

bool waiting_take(struct waiting *w, struct request *x, struct query *q, const struct conf *conf)
{
    int token = -1;
    if (q->wait == 0 || !detach_is_possible(x)) {
        return false;
    }
    struct park *p = the_park(w, x, conf);
    if (p == NULL || !take_place(w, x, &q->wait, conf, &token)) {
        return false;
    }
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_POLLS, 1); /* before it can leave */
    if (park_add(p, x, q, token)) {
        return true;
    }
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_POLLS, -1);
    release_place(w, token);
    return false;
}

bool waiting_can_stream(const struct waiting *w, struct request *x)
{
    return (!is_apache(x) || is_proxied_by_apache(x) || atomic_load(&w->many_at_once)) && detach_is_possible(x);
}

bool waiting_stream(struct waiting *w, struct request *x, const struct query *q, const struct reply *opening,
                    const struct conf *conf)
{
    int token = -1;
    unsigned seconds = 0;
    struct park *p = the_park(w, x, conf);
    if (p == NULL || (spares_workers(w, x, conf) && !take_place(w, x, &seconds, conf, &token))) {
        return false;
    }
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_STREAMS, 1);
    if (park_stream(p, x, q, opening, (unsigned)conf->max_stream, token)) {
        return true;
    }
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_STREAMS, -1);
    release_place(w, token);
    return false;
}

void waiting_stop(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    struct park *p = atomic_load(&w->park);
    w->failed = true; /* no park is made from now on: requests in it would be cut off when the process ends */
    pthread_mutex_unlock(&w->lock);
    if (p != NULL) {
        park_stop(p);
    }
}

/* ---- plain CGI ---- */

int waiting_begin(struct waiting *w, const struct request *x, unsigned seconds, const struct conf *conf)
{
    struct allowance allowed;
    w->bell = seconds > 0 && !w->fastcgi ? bell_of(w) : NULL;
    if (w->bell == NULL) {
        return -1;
    }
    w->parent = getppid();
    w->seen = bell_seen(w->bell); /* before the caller looks once more */
    const struct process_slots_request r = request_of(w, x, conf, &allowed);
    int token = process_slots_hold(w->bell, &r, &seconds);
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_POLLS, token >= 0 ? 1 : 0);
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
    return !room_heads_has_writer(w->bell) && site_bell_in_step(w->site, &stamp) == NULL &&
           !room_heads_has_writer(w->bell) && bell_seen(w->bell) == w->seen;
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
        site_look_after(w->site);
        w->out_of_step = !rung && is_out_of_step(w);
        rung = rung || w->out_of_step;
        timeout_ms -= slice;
    }
    w->seen = bell_seen(w->bell);
    return !is_forsaken(w);
}

void waiting_end(struct waiting *w, int token)
{
    metrics_file_gauge(site_metrics(w->site), METRICS_PARKED_POLLS, -1);
    slots_release(w->bell, token);
}
