/* commit.c - see commit.h. */
#include "site/commit.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "shared/metrics_file.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/site.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    GROUP_MAX = 128,
    ROUNDS_MAX = 3,  /* a database that is replaced again and again */
    STUCK_MS = 1000, /* a group that takes longer: another process has the lock, or the disk stalls */
};

struct entry {
    struct store_job *job;
    char *epoch;
    struct err *e;
    int result;
    bool taken; /* into a group */
    bool done;
    struct entry *next;
};

struct commit {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct site *site;
    struct entry *first; /* the queue, in order of arrival; entries live on their callers' stacks */
    struct entry **last;
    bool led;      /* a thread writes */
    int64_t began; /* when it began its group; monotonic ms */
    unsigned queued;
    unsigned most;
};

struct commit *commit_new(struct site *site, unsigned most)
{
    struct commit *c = ck_calloc(1, sizeof *c);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->done, &attributes);
    pthread_condattr_destroy(&attributes);
    c->most = most;
    c->site = site;
    c->last = &c->first;
    return c;
}

void commit_free(struct commit *c)
{
    if (c != NULL) {
        pthread_cond_destroy(&c->done);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

static size_t take_group(struct commit *c, struct entry *group[GROUP_MAX])
{
    size_t count = 0;
    while (c->first != NULL && count < GROUP_MAX) {
        c->first->taken = true;
        group[count++] = c->first;
        c->first = c->first->next;
    }
    c->queued -= (unsigned)count;
    if (c->first == NULL) {
        c->last = &c->first;
    }
    return count;
}

static size_t count_stored(const struct store_job *jobs, size_t count)
{
    size_t stored = 0;
    for (size_t i = 0; i < count; i++) {
        stored += jobs[i].outcome == STORE_STORED;
    }
    return stored;
}

static void append_part(struct site *site, struct store *store, struct entry *const *group, size_t count, int *result,
                        struct err *e)
{
    struct positions_commit positions;
    struct metrics_file *metrics_file = site_metrics(site);
    struct store_job jobs[GROUP_MAX];
    for (size_t i = 0; i < count; i++) {
        jobs[i] = *group[i]->job;
    }
    positions_commit_begin(site_positions(site), store, &positions);
    *result = store_append(store, jobs, count, e);
    positions_commit_end(site_positions(site), &positions, jobs, count, e);
    if (*result == 0) {
        head_files_publish(site, store, jobs, count);
        metrics_file_observe(metrics_file, METRICS_GROUP, count, 1);
        metrics_file_add(metrics_file, METRICS_MESSAGES, count_stored(jobs, count));
    }
    for (size_t i = 0; i < count; i++) {
        if (*result == 0) {
            *group[i]->job = jobs[i];
            snprintf(group[i]->epoch, CHAT_EPOCH_SIZE, "%s", store_epoch(store));
        }
        group[i]->result = *result;
        if (group[i]->e != NULL) {
            *group[i]->e = *e;
        }
    }
}

static void fail_part(struct entry *const *group, size_t count, const struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        group[i]->result = -1;
        if (group[i]->e != NULL) {
            *group[i]->e = *e;
        }
    }
}

/* ERR_BUSY counts for all that are left: each would wait for the lock as long as the one before. */
static void append_one_by_one(struct site *site, struct store *store, struct entry *const *group, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = ERR_INIT;
        int result = -1;
        append_part(site, store, &group[i], 1, &result, &e);
        if (result != 0 && e.code == ERR_BUSY) {
            fail_part(group + i + 1, count - i - 1, &e);
            return;
        }
    }
}

/* True if the store was busy: if its database was replaced, the same with a new handle may
 * succeed. */
static bool append_with(struct site *site, struct store *store, struct entry *const *group, size_t count)
{
    struct err e = ERR_INIT;
    int result = -1;
    append_part(site, store, group, count, &result, &e);
    if (result != 0 && e.code != ERR_BUSY && count > 1) {
        append_one_by_one(site, store, group, count);
    }
    return result != 0 && e.code == ERR_BUSY;
}

static void append_group(struct commit *c, struct entry *const *group, size_t count)
{
    bool again = true;
    for (int round = 0; round < ROUNDS_MAX && again; round++) {
        struct err e = ERR_INIT;
        struct store *store = site_borrow(c->site, &e);
        if (store == NULL) {
            fail_part(group, count, &e);
            return;
        }
        bool was_busy = append_with(c->site, store, group, count);
        again = !site_return(c->site, store) && was_busy;
    }
}

/* The lock is held at the call and at the return. */
static void lead(struct commit *c, const struct entry *own)
{
    struct entry *group[GROUP_MAX];
    c->led = true;
    while (!own->done) {
        c->began = clock_mono_ms();
        size_t count = take_group(c, group);
        pthread_mutex_unlock(&c->lock);
        append_group(c, group, count);
        pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < count; i++) {
            group[i]->done = true;
        }
        pthread_cond_broadcast(&c->done);
    }
    c->led = false;
    pthread_cond_broadcast(&c->done); /* a thread that is left in the queue leads next */
}

/* ---- waiting for one's turn ---- */

static int refuse(struct err *e)
{
    return err_set(e, ERR_BUSY,
                   "More messages arrive than can be written; this one was not stored. Try again in a moment.");
}

static bool is_stuck(const struct commit *c)
{
    return c->led && clock_mono_ms() - c->began >= STUCK_MS;
}

static void leave_queue(struct commit *c, const struct entry *own)
{
    struct entry **at = &c->first;
    while (*at != own) {
        at = &(*at)->next;
    }
    *at = own->next;
    if (own->next == NULL) {
        c->last = at;
    }
    c->queued--;
}

/* Sleeps until a group is done, or until that time. */
static void sleep_until(struct commit *c, int64_t mono_ms)
{
    const struct timespec limit = {.tv_sec = (time_t)(mono_ms / 1000), .tv_nsec = (long)(mono_ms % 1000) * 1000000L};
    pthread_cond_timedwait(&c->done, &c->lock, &limit);
}

/* Another thread writes. A message in its group waits for the result. A message in the queue waits
 * as long as requests may wait for the store; one above the limit waits only until the store turns
 * out to be stuck. -1: given up, nothing was stored. */
static int wait_while_led(struct commit *c, struct entry *own, int64_t arrived, bool surplus)
{
    const int64_t patience = (int64_t)site_loaded_conf(c->site)->busy_timeout;
    int64_t limit = arrived + (patience > STUCK_MS ? patience : STUCK_MS);
    if (surplus && c->began + STUCK_MS < limit) {
        limit = c->began + STUCK_MS;
    }
    if (own->taken) {
        pthread_cond_wait(&c->done, &c->lock);
    } else if (clock_mono_ms() < limit) {
        sleep_until(c, limit);
    } else {
        leave_queue(c, own);
        return refuse(own->e);
    }
    return 0;
}

static int append_in_turn(struct commit *c, struct entry *own)
{
    const int64_t arrived = clock_mono_ms();
    const bool surplus = c->queued >= c->most;
    if (surplus && is_stuck(c)) {
        return refuse(own->e);
    }
    *c->last = own;
    c->last = &own->next;
    c->queued++;
    while (!own->done) {
        if (!c->led) {
            lead(c, own);
        } else if (wait_while_led(c, own, arrived, surplus) != 0) {
            return -1;
        }
    }
    return own->result;
}

int commit_append(struct commit *c, struct store_job *job, char epoch[CHAT_EPOCH_SIZE], struct err *e)
{
    struct entry own = {.job = job, .epoch = epoch, .e = e, .result = -1};
    struct metrics_file *metrics_file = site_metrics(c->site); /* the site may have another one when this is done */
    metrics_file_gauge(metrics_file, METRICS_QUEUED, 1);
    pthread_mutex_lock(&c->lock);
    int result = append_in_turn(c, &own);
    pthread_mutex_unlock(&c->lock);
    metrics_file_gauge(metrics_file, METRICS_QUEUED, -1);
    return result;
}

void commit_rest(struct commit *c, bool now)
{
    pthread_mutex_lock(&c->lock);
    while (c->led) {
        pthread_cond_wait(&c->done, &c->lock);
    }
    c->led = true;
    c->began = clock_mono_ms();
    pthread_mutex_unlock(&c->lock);
    site_rest(c->site, now);
    pthread_mutex_lock(&c->lock);
    c->led = false;
    pthread_cond_broadcast(&c->done);
    pthread_mutex_unlock(&c->lock);
}
