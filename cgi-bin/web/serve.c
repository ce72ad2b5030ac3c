/* serve.c - see serve.h. */
#include "web/serve.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "system/replacement.h"
#include "web/answer_writer.h"
#include "web/private/slow_senders.h"
#include "web/private/web_cgi.h"
#include "web/private/web_fcgi.h"
#include "web/reply.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    RESERVED_DESCRIPTORS = 64,
    STOP_MS = 1500, /* the process must be gone 2 s after SIGTERM, when its server kills it */
    TICK_MS = 250,
    SECOND_TICKS = 4,  /* between two calls of is_surplus and budget_trim */
    SLOW_MS = 100,     /* a thread that has waited this long for its peer counts as idle: another may be started */
    TOO_SLOW_MS = 500, /* after this time the peer may be cut off when no other thread can be started */
    TELL_MS = 60000,
    FILE_TICKS = 12, /* between two looks at the program's own file and the settings */
    ANSWER_LOOK_MS = 5,
    TAKEN_IN_MOST = 8192,
    EXTRA_THREADS = 64,            /* in place of threads that wait for slow peers */
    STACK_BYTES = 2 * 1024 * 1024, /* jansson recurses up to 2,048 levels of nesting */
};

static atomic_bool stopping;

struct worker_pool {
    const struct serve *serve;
    int stop_fd;               /* becomes readable when the workers must end */
    pthread_mutex_t accepting; /* protects the next three too: accepted connections that no thread handles yet */
    int *accepted;
    size_t accepted_first;
    size_t accepted_count;
    /* highest descriptor of a connection that is accepted ahead; those above are for databases and
     * other files */
    int highest;
    pthread_mutex_t ending; /* protects the next two */
    pthread_cond_t ended;   /* all requests have been answered */
    bool is_ended;
    pthread_attr_t attributes; /* of the threads */
    atomic_uint running;
    atomic_uint idle; /* threads that wait for a request */
};

bool serve_is_fastcgi(void)
{
    return web_fcgi_is();
}

const atomic_bool *serve_stopping(void)
{
    return &stopping;
}

/* ---- workers ---- */

/* Called by a thread that has answered a request. True: more threads run than the setting allows,
 * and another is idle, so this one ends. A thread that waited for a slow peer is back, and the one
 * started in its place is no longer needed. */
static bool is_no_longer_needed(struct worker_pool *pool)
{
    unsigned running = atomic_load(&pool->running);
    return running > pool->serve->threads && atomic_load(&pool->idle) > 0 &&
           atomic_compare_exchange_strong(&pool->running, &running, running - 1);
}

/* When thousands of connections come at once they must not stay in the system's queue: it is short,
 * and web servers answer with an error when it is full. So a thread that accepts one connection
 * accepts all that are there. */
static void take_in_more(struct worker_pool *pool)
{
    int connection = 0; /* the system gives the lowest free descriptor, so a high one means that many are in use */
    while (pool->accepted_count < TAKEN_IN_MOST && connection < pool->highest) {
        connection = web_fcgi_accept_more();
        if (connection < 0) {
            return;
        }
        pool->accepted[(pool->accepted_first + pool->accepted_count++) % TAKEN_IN_MOST] = connection;
    }
}

static int take_out(struct worker_pool *pool)
{
    int connection = pool->accepted[pool->accepted_first];
    pool->accepted_first = (pool->accepted_first + 1) % TAKEN_IN_MOST;
    pool->accepted_count--;
    return connection;
}

/* Returns -1 when there are no more and the process must end. */
static int next_connection(struct worker_pool *pool)
{
    atomic_fetch_add(&pool->idle, 1);
    pthread_mutex_lock(&pool->accepting);
    int connection = pool->accepted_count > 0 ? take_out(pool) : web_fcgi_accept(pool->stop_fd);
    if (connection >= 0) {
        take_in_more(pool);
    }
    pthread_mutex_unlock(&pool->accepting);
    atomic_fetch_sub(&pool->idle, 1);
    return connection;
}

static bool start_worker(struct worker_pool *pool);

/* Starts a thread for the next request when none is idle. Threads that wait for slow peers don't
 * count against the limit but have a limit of their own. When that is reached too, or the host
 * allows no further thread, cuts off the peer that has been slow for the longest time, which frees
 * its thread. */
static void relieve(struct worker_pool *pool)
{
    unsigned slow = slow_senders_count(SLOW_MS);
    unsigned running = atomic_load(&pool->running);
    bool may_start = running < pool->serve->threads + (slow < EXTRA_THREADS ? slow : EXTRA_THREADS);
    bool is_full = running >= pool->serve->threads + EXTRA_THREADS;
    if (atomic_load(&pool->idle) == 0 && (is_full || (may_start && !start_worker(pool)))) {
        slow_senders_cut_oldest(TOO_SLOW_MS);
    }
}

/* Refuses this request, so that memory is left for the others. */
static void refuse_for_memory(struct request *request)
{
    static _Atomic int64_t told_at;
    struct err e = ERR_INIT;
    int64_t now = clock_mono_ms();
    int64_t before = atomic_load(&told_at);
    if ((before == 0 || now - before >= TELL_MS) && atomic_compare_exchange_strong(&told_at, &before, now)) {
        log_line(
            "the host's limit of memory (ulimit -v) is nearly reached: requests are refused until memory is free again");
    }
    err_set(&e, ERR_CROWDED, "The server is short of memory. Try again in a moment.");
    reply_send_problem(request, &e, NULL, NULL);
}

/* Waits until the peers have taken all answers. stop() limits the time. */
static void await_answers(void)
{
    while (answer_writer_count() > 0) {
        clock_sleep_ms(ANSWER_LOOK_MS);
    }
}

static void *work(void *argument)
{
    struct worker_pool *pool = argument;
    for (;;) {
        int connection = next_connection(pool);
        if (connection < 0) {
            break;
        }
        /* Some hosts count threads as processes and limit these. So there are only as many threads
         * as were needed at once, and one more: two under mod_fcgid, which gives a process one
         * request at a time. */
        relieve(pool);
        struct request *request = web_fcgi_read(connection);
        if (request != NULL && !budget_has_room()) {
            refuse_for_memory(request);
        } else if (request != NULL) {
            pool->serve->handle(request, pool->serve->context);
        }
        if (is_no_longer_needed(pool)) {
            return NULL;
        }
    }
    if (atomic_fetch_sub(&pool->running, 1) == 1) {
        /* The last worker has just found the backlog empty. A connection that comes from now on is
         * reset when the process ends, and the server answers 500. So end at once, without waiting
         * for main's next look. (To refuse connections first, as under mod_fcgid, is no better
         * elsewhere: lighttpd then takes the program for dead and answers 503 for two seconds.) */
        pthread_mutex_lock(&pool->ending);
        while (!pool->is_ended) {
            pthread_cond_wait(&pool->ended, &pool->ending);
        }
        await_answers(); /* answers of the last workers, given after the main thread had looked */
        _exit(atomic_load(&stopping) ? 0 : 1);
    }
    return NULL;
}

static bool start_worker(struct worker_pool *pool)
{
    pthread_t thread;
    if (!budget_has_room()) {
        return false;
    }
    atomic_fetch_add(&pool->running, 1);
    if (pthread_create(&thread, &pool->attributes, work, pool) != 0) {
        atomic_fetch_sub(&pool->running, 1);
        return false;
    }
    return true;
}

static int start_first_worker(struct worker_pool *pool)
{
    pthread_attr_init(&pool->attributes);
    pthread_attr_setstacksize(&pool->attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&pool->attributes, PTHREAD_CREATE_DETACHED);
    return start_worker(pool) ? 0 : -1;
}

/* ---- signals and the own file ---- */

static void stop_signals(sigset_t *set)
{
    static const int numbers[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaddset(set, numbers[i]);
    }
}

static void wait_for_stop(struct worker_pool *pool, const sigset_t *signals, const struct replacement *replacement)
{
    const struct serve *s = pool->serve;
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    for (unsigned ticks = 1;; ticks++) {
        if (sigtimedwait(signals, NULL, &tick) > 0) {
            break;
        }
        relieve(pool); /* peers may have become slow since the last request */
        if (ticks % SECOND_TICKS == 0) {
            budget_trim();
        }
        if (ticks % SECOND_TICKS == 0 && s->is_surplus != NULL && s->is_surplus(s->context)) {
            break;
        }
        if (ticks % FILE_TICKS == 0 && replacement_is_there(replacement)) {
            log_line(
                "the program's file was replaced; this process ends, so that the web server starts the new program");
            break;
        }
        if (ticks % FILE_TICKS == 0 && replacement_has_other_settings(replacement)) {
            log_line("the settings were changed; this process ends, so that the next one reads them");
            break;
        }
    }
}

static int raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* on failure the limit stays as it was: fewer requests at once */
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

/* Answers the requests that wait without a thread, and waits until the peers have taken the
 * answers. */
static void *end_others(void *argument)
{
    struct worker_pool *pool = argument;
    if (pool->serve->stop != NULL) {
        pool->serve->stop(pool->serve->context);
    }
    await_answers();
    pthread_mutex_lock(&pool->ending);
    pool->is_ended = true;
    pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->ending);
    return NULL;
}

/* Ends the workers. Returns when all work is done or the time is up. */
static void stop(struct worker_pool *pool)
{
    int64_t deadline = clock_mono_ms() + STOP_MS;
    uint64_t one = 1;
    pthread_t thread;
    atomic_store(&stopping, true);
    /* Before waiting clients are answered, as these come back at once; and before the workers look
     * into the backlog for the last time. */
    web_fcgi_refuse();
    CK(write(pool->stop_fd, &one, sizeof one) == (ssize_t)sizeof one);
    /* By another thread: this one watches the time, whatever blocks the others. */
    if (pthread_create(&thread, &pool->attributes, end_others, pool) != 0) {
        end_others(pool);
    }
    bool is_ended = false;
    while (!(is_ended && atomic_load(&pool->running) == 0 && answer_writer_count() == 0) &&
           clock_mono_ms() < deadline) {
        clock_sleep_ms(5);
        pthread_mutex_lock(&pool->ending);
        is_ended = pool->is_ended;
        pthread_mutex_unlock(&pool->ending);
    }
}

static int serve_fastcgi(const struct serve *s)
{
    struct err e = ERR_INIT;
    struct worker_pool pool = {.serve = s,
                               .accepting = PTHREAD_MUTEX_INITIALIZER,
                               .ending = PTHREAD_MUTEX_INITIALIZER,
                               .ended = PTHREAD_COND_INITIALIZER};
    sigset_t signals;
    stop_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads: they inherit the mask */
    budget_init();
    pool.highest = raise_descriptor_limit() - RESERVED_DESCRIPTORS;
    struct replacement *replacement = replacement_new();
    pool.accepted = ck_malloc(TAKEN_IN_MOST * sizeof *pool.accepted);
    pool.stop_fd = eventfd(0, EFD_CLOEXEC);
    if (pool.stop_fd < 0 || web_fcgi_init(&e) != 0 || start_first_worker(&pool) != 0) {
        log_line("the program can't start: %s", e.code != ERR_NONE ? e.text : strerror(errno));
        replacement_free(replacement);
        return 1;
    }
    wait_for_stop(&pool, &signals, replacement);
    stop(&pool);
    /* Not exit(): it would run destructors while threads are still at work. All that must last is
     * on disk. */
    _exit(0);
}

int serve(const struct serve *s)
{
    /* A write to a peer that has gone fails then, and so does one to a file that has reached a size
     * limit of the host (EFBIG, which counts as a full disk). */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (serve_is_fastcgi()) {
        return serve_fastcgi(s);
    }
    s->handle(web_cgi_new(), s->context);
    return 0;
}
