/* crew.c - see crew.h.
 *
 * The lead is taken, free, or doubtful: its leader is about to block. Two threads may change it
 * from doubtful to taken: the leader when its request is done, and the thread in front when the
 * timer says that this takes too long. The thread that changes it first leads from then on, so
 * neither waits for the other.
 */
#include "web/private/crew.h"

#include "base/blocking.h"
#include "base/err.h"
#include "system/budget.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    /* of a thread: functions here take up to 30 KiB each, and sanitizers several times as much */
    STACK_BYTES = 1024 * 1024,
    PATIENCE_NS = 1000000, /* most reads of the store take a tenth of this */
    AT_ONCE_NS = 1,
};

enum lead { LEAD_FREE, LEAD_TAKEN, LEAD_DOUBTFUL };

static struct {
    struct crew_options options;
    pthread_attr_t attributes;
    pthread_mutex_t lock; /* of running, and of starting threads */
    unsigned running;
    _Atomic(enum lead) lead;
    atomic_bool is_over;
    atomic_uint standing_by; /* threads that wait for the lead, or will at once */
    sem_t front;             /* 1: no thread waits for the timer */
    int timer;               /* becomes readable when the lead has been doubtful for too long */
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool leads;
static _Thread_local bool handles;     /* a request, so another thread may take the next one */
static _Thread_local bool is_doubtful; /* it led when it said that it was about to block */

static bool take_lead(enum lead from)
{
    return atomic_compare_exchange_strong(&crew.lead, &from, LEAD_TAKEN);
}

static bool take_any_lead(void)
{
    return take_lead(LEAD_FREE) || take_lead(LEAD_DOUBTFUL);
}

/* 0: never */
static void set_timer(long ns)
{
    const struct itimerspec when = {.it_value.tv_nsec = ns};
    (void)timerfd_settime(crew.timer, 0, &when, NULL);
}

/* ---- standing by ---- */

/* Waits in front of the others until the timer says that the lead is to be taken. False: that was
 * of no use for too long, or all is over. */
static bool watch_timer(void)
{
    struct pollfd fd = {.fd = crew.timer, .events = POLLIN};
    while (!atomic_load(&crew.is_over)) {
        uint64_t times = 0;
        if (poll(&fd, 1, crew.options.useless_ms) == 0) {
            return false;
        }
        if (atomic_load(&crew.is_over)) { /* the timer is left as it is, for the next thread in front */
            return false;
        }
        if (read(crew.timer, &times, sizeof times) > 0 && take_any_lead()) {
            return true;
        }
    }
    return false;
}

static bool wait_for_front(void)
{
    struct timespec until;
    int result = 0;
    clock_gettime(CLOCK_REALTIME, &until); /* the clock of sem_timedwait */
    until.tv_sec += crew.options.useless_ms / 1000;
    until.tv_nsec += crew.options.useless_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    do {
        result = sem_timedwait(&crew.front, &until);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Waits until this thread leads. False: it has to end. */
static bool stand_by(void)
{
    bool has_lead = !atomic_load(&crew.is_over) && take_lead(LEAD_FREE);
    if (!has_lead && wait_for_front()) {
        has_lead = watch_timer();
        sem_post(&crew.front);
    }
    atomic_fetch_sub(&crew.standing_by, 1);
    /* A leader that counted on this thread until just now has made the lead doubtful before. */
    return has_lead || (!atomic_load(&crew.is_over) && take_any_lead());
}

/* ---- leading ---- */

static void end_all(void)
{
    atomic_store(&crew.is_over, true);
    atomic_store(&crew.lead, LEAD_FREE);
    leads = false;
    set_timer(AT_ONCE_NS);
}

/* Handles requests until another thread has taken the lead, or there are no more. */
static void lead(void)
{
    leads = true;
    while (leads) {
        struct request *request = crew.options.next(crew.options.context);
        if (request == NULL) {
            end_all();
            return;
        }
        handles = true;
        crew.options.handle(request, crew.options.context);
        handles = false;
        if (is_doubtful) {
            is_doubtful = false;
            leads = take_lead(LEAD_DOUBTFUL);
            if (leads) {
                set_timer(0);
            }
        }
    }
}

static void *work(void *unused)
{
    while (stand_by()) {
        lead();
        atomic_fetch_add(&crew.standing_by, 1);
    }
    pthread_mutex_lock(&crew.lock);
    bool is_last = --crew.running == 0;
    pthread_mutex_unlock(&crew.lock);
    if (is_last) {
        crew.options.ended(crew.options.context);
    }
    return unused;
}

static bool start_thread(void)
{
    pthread_t thread;
    pthread_mutex_lock(&crew.lock);
    atomic_fetch_add(&crew.standing_by, 1); /* the new thread */
    bool is_started = crew.running < crew.options.most && budget_has_room() &&
                      pthread_create(&thread, &crew.attributes, work, NULL) == 0;
    crew.running += is_started ? 1 : 0;
    atomic_fetch_sub(&crew.standing_by, is_started ? 0 : 1);
    pthread_mutex_unlock(&crew.lock);
    return is_started;
}

/* Called by any thread that is about to block. */
static void doubt_lead(void)
{
    if (!leads || !handles || is_doubtful) {
        return;
    }
    if (atomic_load(&crew.standing_by) == 0 && !start_thread()) {
        /* The next thread that has handled its request leads. */
        crew.options.leave_alone(crew.options.context);
        leads = false;
        atomic_store(&crew.lead, LEAD_FREE);
        set_timer(AT_ONCE_NS); /* for a thread that stands by now */
        return;
    }
    bool is_pressed = crew.options.is_pressed(crew.options.context);
    is_doubtful = true;
    atomic_store(&crew.lead, LEAD_DOUBTFUL);
    /* Not before the lead is doubtful: the thread in front tries to take it only when the timer
     * expires, which may be before this call returns. */
    set_timer(is_pressed ? AT_ONCE_NS : PATIENCE_NS);
    if (atomic_load(&crew.standing_by) == 0) { /* the last one has just ended */
        (void)start_thread();
    }
}

int crew_start(const struct crew_options *options, struct err *e)
{
    crew.options = *options;
    sem_init(&crew.front, 0, 1);
    crew.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    pthread_attr_init(&crew.attributes);
    pthread_attr_setstacksize(&crew.attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&crew.attributes, PTHREAD_CREATE_DETACHED);
    if (crew.timer < 0) {
        return err_set(e, ERR_SYSTEM, "The system gives no timer: %s.", strerror(errno));
    }
    blocking_on(doubt_lead);
    return start_thread() ? 0 : err_set(e, ERR_SYSTEM, "The system gives no thread: %s.", strerror(errno));
}
