/* serve.c - see serve.h. */
#include "web/serve.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "system/replacement.h"
#include "web/answer_writer.h"
#include "web/private/arrivals.h"
#include "web/private/crew.h"
#include "web/private/web_cgi.h"
#include "web/private/web_fcgi.h"
#include "web/reply.h"
#include "web/request.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    RESERVED_DESCRIPTORS = 64, /* for databases and other files */
    /* the process must be gone 2 s after SIGTERM, when its server kills it */
    STOP_MS = 1500,
    TICK_MS = 250,
    SECOND_TICKS = 4, /* between two calls of is_surplus and budget_trim */
    TELL_MS = 60000,
    FILE_TICKS = 12, /* between two looks at the program's own file and the settings */
    ANSWER_LOOK_MS = 5,
    ARRIVALS_MOST = 16384,
    USELESS_MS = 10000, /* of a thread */
};

static atomic_bool stopping;

struct program {
    const struct serve *serve;
    struct arrivals *arrivals;
    pthread_mutex_t ending; /* of the next two */
    pthread_cond_t ended;   /* all requests that waited have been answered */
    bool is_ended;
};

bool serve_is_fastcgi(void)
{
    return web_fcgi_is();
}

const atomic_bool *serve_stopping(void)
{
    return &stopping;
}

/* ---- requests ---- */

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

static void drain(const struct program *p)
{
    if (p->serve->drain != NULL) {
        p->serve->drain(p->serve->context);
    }
}

/* To drain takes some milliseconds, and requests that come meanwhile must not be lost. */
static struct request *next(void *context)
{
    struct program *p = context;
    struct request *request = arrivals_next(p->arrivals);
    if (request == NULL) {
        drain(p);
        request = arrivals_next(p->arrivals);
    }
    return request;
}

/* The first call may read the settings, and mistakes in them are logged. */
static size_t body_limit(struct request *request, void *context)
{
    const struct program *p = context;
    request_log_here(request);
    size_t limit = p->serve->body_limit(request, p->serve->context);
    request_log_here(NULL);
    return limit;
}

static void handle(struct request *request, void *context)
{
    const struct program *p = context;
    request_log_here(request);
    if (budget_has_room()) {
        p->serve->handle(request, p->serve->context);
    } else {
        refuse_for_memory(request);
    }
    request_log_here(NULL);
}

static bool is_pressed(void *context)
{
    const struct program *p = context;
    return arrivals_are_pressing(p->arrivals);
}

static void leave_alone(void *context)
{
    struct program *p = context;
    arrivals_take_in(p->arrivals);
}

/* Called by the last thread, when the backlog was just found empty. A connection that comes from
 * now on is reset when the process ends, and the server answers 500. So end at once, without
 * waiting for main's next look. (To refuse connections first, as under mod_fcgid, is no better
 * elsewhere: lighttpd then takes the program for dead and answers 503 for two seconds.) */
static void all_ended(void *context)
{
    struct program *p = context;
    pthread_mutex_lock(&p->ending);
    while (!p->is_ended) {
        pthread_cond_wait(&p->ended, &p->ending);
    }
    pthread_mutex_unlock(&p->ending);
    drain(p);
    await_answers();
    _exit(0);
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

static void wait_for_stop(struct program *p, const sigset_t *signals, const struct replacement *replacement)
{
    const struct serve *s = p->serve;
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    for (unsigned ticks = 1;; ticks++) {
        if (sigtimedwait(signals, NULL, &tick) > 0) {
            break;
        }
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

/* Raises the limit of descriptors, and says how many connections it allows. */
static int most_connections(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return RESERVED_DESCRIPTORS;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        /* on failure the limit stays as it was: fewer requests at once */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= ARRIVALS_MOST + RESERVED_DESCRIPTORS) {
        return ARRIVALS_MOST;
    }
    return limit.rlim_cur > 2 * RESERVED_DESCRIPTORS ? (int)limit.rlim_cur - RESERVED_DESCRIPTORS
                                                     : RESERVED_DESCRIPTORS;
}

/* Answers the requests that wait without a thread, and waits until the peers have taken the
 * answers. */
static void *end_others(void *argument)
{
    struct program *p = argument;
    if (p->serve->stop != NULL) {
        p->serve->stop(p->serve->context);
    }
    await_answers();
    pthread_mutex_lock(&p->ending);
    p->is_ended = true;
    pthread_cond_broadcast(&p->ended);
    pthread_mutex_unlock(&p->ending);
    return NULL;
}

/* Ends the threads. Returns only when the time is up. */
static void stop(struct program *p)
{
    int64_t deadline = clock_mono_ms() + STOP_MS;
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    atomic_store(&stopping, true);
    /* Before waiting clients are answered, as these come back at once; and before the leader looks
     * into the backlog for the last time. */
    bool refuses = web_fcgi_refuse();
    arrivals_stop(p->arrivals, refuses);
    /* By another thread: this one watches the time, whatever blocks the others. */
    if (pthread_create(&thread, &detached, end_others, p) != 0) {
        end_others(p);
    }
    while (clock_mono_ms() < deadline) { /* all_ended ends the process */
        clock_sleep_ms(ANSWER_LOOK_MS);
    }
}

static int start(struct program *p, struct err *e)
{
    const struct arrivals_options arriving = {
        .body_limit = body_limit, .context = p, .most = (size_t)most_connections()};
    const struct crew_options crew = {.next = next,
                                      .handle = handle,
                                      .is_pressed = is_pressed,
                                      .leave_alone = leave_alone,
                                      .ended = all_ended,
                                      .context = p,
                                      .most = p->serve->threads,
                                      .useless_ms = USELESS_MS};
    if (web_fcgi_init(e) != 0) {
        return -1;
    }
    p->arrivals = arrivals_new(&arriving, e);
    if (p->arrivals == NULL) {
        return -1;
    }
    return crew_start(&crew, e);
}

static int serve_fastcgi(const struct serve *s)
{
    struct err e = ERR_INIT;
    struct program p = {.serve = s, .ending = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    sigset_t signals;
    stop_signals(&signals);
    /* before there are threads: they inherit the mask */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    budget_init();
    struct replacement *replacement = replacement_new();
    if (start(&p, &e) != 0) {
        log_line("the program can't start: %s", e.text);
        replacement_free(replacement);
        return 1;
    }
    wait_for_stop(&p, &signals, replacement);
    stop(&p);
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
