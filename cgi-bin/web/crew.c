/* crew.c - see crew.h. */
#include "web/private/crew.h"

#include "base/blocking.h"
#include "base/clock.h"
#include "system/budget.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum {
    STACK_BYTES = 2 * 1024 * 1024, /* more than any handler needs */
    USELESS_MS = 10000,
};

static struct {
    struct crew_options options;
    pthread_attr_t attributes;
    pthread_mutex_t lock; /* protects the rest */
    pthread_cond_t turn;  /* the lead is free, or all is over */
    bool is_led;
    bool is_over;
    unsigned running;
    unsigned sleeping; /* threads that wait for the lead */
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool leads;
static _Thread_local bool may_pass; /* it handles a request, so another thread may take the next one */

/* Sleeps until this thread leads. False: it has to end. With the lock held. */
static bool take_lead(void)
{
    int64_t until = clock_mono_ms() + USELESS_MS;
    const struct timespec limit = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000L};
    int result = 0;
    crew.sleeping++;
    while (crew.is_led && !crew.is_over && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&crew.turn, &crew.lock, &limit);
    }
    crew.sleeping--;
    leads = !crew.is_led && !crew.is_over;
    crew.is_led = crew.is_led || leads;
    return leads;
}

/* Handles requests until the lead is passed on. False: there are no more requests. */
static bool lead(void)
{
    while (leads) {
        struct request *request = crew.options.next(crew.options.context);
        if (request == NULL) {
            return false;
        }
        may_pass = true;
        crew.options.handle(request, crew.options.context);
        may_pass = false;
    }
    return true;
}

static void *work(void *unused)
{
    pthread_mutex_lock(&crew.lock);
    while (take_lead()) {
        pthread_mutex_unlock(&crew.lock);
        bool goes_on = lead();
        pthread_mutex_lock(&crew.lock);
        if (!goes_on) {
            crew.is_led = false;
            crew.is_over = true;
            pthread_cond_broadcast(&crew.turn);
        }
        leads = false;
    }
    bool is_last = --crew.running == 0;
    pthread_mutex_unlock(&crew.lock);
    if (is_last) {
        crew.options.ended(crew.options.context);
    }
    return unused;
}

/* With the lock held. */
static bool start_thread(void)
{
    pthread_t thread;
    if (crew.running >= crew.options.most || !budget_has_room() ||
        pthread_create(&thread, &crew.attributes, work, NULL) != 0) {
        return false;
    }
    crew.running++;
    return true;
}

/* Called by any thread that is about to block. If no other thread is free, the lead is free until
 * one has handled its request. */
static void pass_lead(void)
{
    if (!leads || !may_pass) {
        return;
    }
    pthread_mutex_lock(&crew.lock);
    if (crew.sleeping == 0 && !start_thread()) {
        pthread_mutex_unlock(&crew.lock);
        crew.options.leave_alone(crew.options.context);
        pthread_mutex_lock(&crew.lock);
    }
    leads = false;
    crew.is_led = false;
    pthread_cond_signal(&crew.turn);
    pthread_mutex_unlock(&crew.lock);
}

int crew_start(const struct crew_options *options)
{
    pthread_condattr_t clock;
    crew.options = *options;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&crew.turn, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&crew.attributes);
    pthread_attr_setstacksize(&crew.attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&crew.attributes, PTHREAD_CREATE_DETACHED);
    blocking_on(pass_lead);
    pthread_mutex_lock(&crew.lock);
    bool is_started = start_thread();
    pthread_mutex_unlock(&crew.lock);
    return is_started ? 0 : -1;
}
