/* commit.c - see commit.h. */
#include "site/commit.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "shared/metrics_file.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/site.h"
#include "site/upkeep.h"
#include "system/budget.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS_MAX = 3,            /* a database that is replaced again and again */
    STUCK_MS = 1000,           /* a group that takes longer: another process has the lock, or the disk stalls */
    REQUEST_BYTES = 8 * 1024,  /* what a waiting request needs beside its text */
    STACK_BYTES = 1024 * 1024, /* of the committer */
};

/* Jobs in order of arrival. */
struct queue {
    struct commit_job *first;
    struct commit_job **last;
    size_t count;
    size_t bytes[2]; /* of small and of large jobs, as a budget counts them (BUDGET_SMALL) */
};

enum rest { REST_NOT, REST_IF_DUE, REST_NOW };

struct commit {
    struct site *site;
    bool threaded;
    pthread_mutex_t lock; /* of all below */
    sem_t news;           /* the committer sleeps on it: unlike a condition, it needs no lock to wake up */
    pthread_cond_t idle;  /* nothing is queued and no thread works */
    pthread_t committer;
    bool has_committer;
    bool sleeps; /* the committer, and no thread has woken it yet */
    bool ends;   /* the committer has to */
    bool works;  /* a thread takes groups */
    enum rest rest;
    struct upkeep upkeep; /* of the thread that works */
    int64_t began;        /* the group in work; monotonic ms */
    struct queue queue;
};

/* ---- the queue ---- */

static size_t text_of(const struct commit_job *job)
{
    return job->run == NULL ? job->store.draft->text_length : 0;
}

static size_t bytes_of(const struct commit_job *job)
{
    return text_of(job) + REQUEST_BYTES;
}

static bool is_large(const struct commit_job *job)
{
    return text_of(job) > BUDGET_SMALL;
}

static void queue_init(struct queue *q)
{
    *q = (struct queue){.first = NULL};
    q->last = &q->first;
}

static void queue_add(struct queue *q, struct commit_job *job)
{
    job->next = NULL;
    *q->last = job;
    q->last = &job->next;
    q->count++;
    q->bytes[is_large(job)] += bytes_of(job);
}

static struct commit_job *queue_take(struct queue *q)
{
    struct commit_job *job = q->first;
    q->first = job->next;
    q->count--;
    q->bytes[is_large(job)] -= bytes_of(job);
    if (q->first == NULL) {
        q->last = &q->first;
    }
    return job;
}

/* A job with a run() of its own is a group by itself. */
static size_t take_group(struct queue *q, struct commit_job *group[COMMIT_GROUP_MOST])
{
    size_t count = 0;
    size_t bytes = 0;
    bool is_alone = false;
    while (q->first != NULL && count < COMMIT_GROUP_MOST && !is_alone) {
        bytes += text_of(q->first);
        is_alone = q->first->run != NULL;
        if (count > 0 && (is_alone || bytes > COMMIT_GROUP_BYTES)) {
            break;
        }
        group[count++] = queue_take(q);
    }
    return count;
}

/* ---- a group ---- */

static size_t count_stored(const struct store_job *jobs, size_t count)
{
    size_t stored = 0;
    for (size_t i = 0; i < count; i++) {
        stored += jobs[i].outcome == STORE_STORED;
    }
    return stored;
}

static void fail_part(struct commit_job *const *group, size_t count, const struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        group[i]->e = *e;
    }
}

static void note_done(const struct store *store, struct commit_job *job)
{
    const char *epoch = store_epoch(store);
    size_t length = strlen(epoch);
    CK(length < CHAT_EPOCH_SIZE);
    err_clear(&job->e);
    memcpy(job->epoch, epoch, length + 1);
}

static void note_stored(struct site *site, const struct store *store, struct commit_job *const *group,
                        const struct store_job *jobs, size_t count)
{
    metrics_file_observe(site_metrics(site), METRICS_GROUP, count, 1);
    metrics_file_add(site_metrics(site), METRICS_MESSAGES, count_stored(jobs, count));
    for (size_t i = 0; i < count; i++) {
        group[i]->store = jobs[i];
        note_done(store, group[i]);
    }
}

static int run_part(struct site *site, struct store *store, struct commit_job *job, struct err *e)
{
    struct positions_commit positions;
    struct store_changes changes = {.count = 0};
    positions_commit_begin(site_positions(site), store, &positions);
    int result = job->run(job, store, &changes, e);
    positions_commit_changed(site_positions(site), &positions, &changes, e);
    if (result == 0) {
        head_files_publish_changes(site, store, &changes);
        metrics_file_add(site_metrics(site), METRICS_MESSAGES, changes.count);
        note_done(store, job);
    } else {
        job->e = *e;
    }
    store_changes_fini(&changes);
    return result;
}

static int append_part(struct site *site, struct store *store, struct commit_job *const *group, size_t count,
                       struct err *e)
{
    struct positions_commit positions;
    struct store_job jobs[COMMIT_GROUP_MOST];
    if (group[0]->run != NULL) {
        return run_part(site, store, group[0], e);
    }
    for (size_t i = 0; i < count; i++) {
        jobs[i] = group[i]->store;
    }
    positions_commit_begin(site_positions(site), store, &positions);
    int64_t began = clock_mono_us();
    int result = store_append(store, jobs, count, e);
    metrics_file_observe(site_metrics(site), METRICS_COMMIT, (uint64_t)(clock_mono_us() - began), 1);
    positions_commit_end(site_positions(site), &positions, jobs, count, e);
    if (result == 0) {
        head_files_publish(site, store, jobs, count);
        note_stored(site, store, group, jobs, count);
    } else {
        fail_part(group, count, e);
    }
    return result;
}

/* ERR_BUSY counts for all that are left: each would wait for the lock as long as the one before. */
static void append_one_by_one(struct site *site, struct store *store, struct commit_job *const *group, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = ERR_INIT;
        if (append_part(site, store, &group[i], 1, &e) != 0 && e.code == ERR_BUSY) {
            fail_part(group + i + 1, count - i - 1, &e);
            return;
        }
    }
}

/* True if the store was busy: if its database was replaced, the same with a new handle may
 * succeed. */
static bool append_with(struct site *site, struct store *store, struct commit_job *const *group, size_t count)
{
    struct err e = ERR_INIT;
    int result = append_part(site, store, group, count, &e);
    if (result != 0 && e.code != ERR_BUSY && count > 1) {
        append_one_by_one(site, store, group, count);
    }
    return result != 0 && e.code == ERR_BUSY;
}

static struct store *borrow(struct site *site, bool with_any_key, struct err *e)
{
    struct store *store = site_borrow(site, e);
    if (store != NULL && !with_any_key && site_check_key(site, store, e) != 0) {
        (void)site_return(site, store);
        return NULL;
    }
    return store;
}

static void append_group(struct site *site, struct commit_job *const *group, size_t count)
{
    bool again = true;
    for (int round = 0; round < ROUNDS_MAX && again; round++) {
        struct err e = ERR_INIT;
        struct store *store = borrow(site, count > 0 && group[0]->with_any_key, &e);
        if (store == NULL) {
            fail_part(group, count, &e);
            return;
        }
        bool was_busy = append_with(site, store, group, count);
        again = !site_return(site, store) && was_busy;
    }
}

static void end_job(struct commit_job *job)
{
    metrics_file_gauge(job->metrics, METRICS_QUEUED, -1);
    job->done(job, job->epoch, &job->e);
}

/* ---- refusing ---- */

static void refuse(struct commit_job *job)
{
    err_set(&job->e, ERR_BUSY,
            "More messages arrive than can be written; this one was not stored. Try again in a moment.");
    end_job(job);
}

/* The lock is held here and in the next three functions. */
static bool is_stuck(const struct commit *c, int64_t now)
{
    return c->works && now - c->began >= STUCK_MS;
}

/* True if the job would exceed a bound. */
static bool is_too_much(const struct commit *c, const struct commit_job *job)
{
    size_t bytes = c->queue.bytes[is_large(job)];
    bool is_crowded = bytes > 0 && bytes + bytes_of(job) > budget_part(COMMIT_QUEUE_BYTES);
    return is_crowded || (c->queue.count >= COMMIT_QUEUE_STUCK && is_stuck(c, job->arrived));
}

/* Moves those that have waited too long to `late`; and, while the store is stuck, those that came
 * when as many as may wait then were there. */
static void take_late(struct commit *c, struct queue *late)
{
    if (c->queue.first == NULL) { /* the settings may not be loaded yet */
        return;
    }
    const int64_t now = clock_mono_ms();
    const int64_t busy_timeout = (int64_t)site_loaded_conf(c->site)->busy_timeout;
    const int64_t patience = busy_timeout > STUCK_MS ? busy_timeout : STUCK_MS;
    struct queue all = c->queue;
    bool stuck = is_stuck(c, now);
    if (!stuck && now - all.first->arrived < patience) {
        return;
    }
    queue_init(&c->queue);
    while (all.first != NULL) {
        struct commit_job *job = queue_take(&all);
        bool is_late = now - job->arrived >= patience || (stuck && c->queue.count >= COMMIT_QUEUE_STUCK);
        queue_add(is_late ? late : &c->queue, job);
    }
}

/* Gives up the lock meanwhile. */
static void refuse_late(struct commit *c)
{
    struct queue late;
    queue_init(&late);
    take_late(c, &late);
    if (late.first != NULL) {
        pthread_mutex_unlock(&c->lock);
        while (late.first != NULL) {
            refuse(queue_take(&late));
        }
        pthread_mutex_lock(&c->lock);
    }
}

/* ---- working ---- */

/* Gives up the lock while it works, as rest() does. */
static void commit_group(struct commit *c)
{
    struct commit_job *group[COMMIT_GROUP_MOST];
    size_t count = take_group(&c->queue, group);
    pthread_mutex_unlock(&c->lock);
    if (count > 0 && group[0]->log_here != NULL) {
        group[0]->log_here(group[0]);
    }
    append_group(c->site, group, count);
    for (size_t i = 0; i < count; i++) {
        end_job(group[i]);
    }
    log_attach(NULL, NULL);
    pthread_mutex_lock(&c->lock);
}

/* A sender waits. */
static bool is_wanted(void *commit)
{
    struct commit *c = commit;
    pthread_mutex_lock(&c->lock);
    bool is = c->queue.first != NULL;
    pthread_mutex_unlock(&c->lock);
    return is;
}

static void rest(struct commit *c)
{
    bool now = c->rest == REST_NOW;
    c->rest = REST_NOT;
    pthread_mutex_unlock(&c->lock);
    upkeep_run(&c->upkeep, c->site, is_wanted, c);
    site_rest(c->site, now);
    pthread_mutex_lock(&c->lock);
}

static bool has_work(const struct commit *c)
{
    return c->queue.first != NULL || c->rest != REST_NOT;
}

/* Works until nothing is left. The lock is held at the call and at the return. */
static void work(struct commit *c)
{
    c->works = true;
    while (has_work(c)) {
        c->began = clock_mono_ms();
        refuse_late(c);
        if (c->queue.first != NULL) {
            commit_group(c);
        } else {
            rest(c);
        }
    }
    c->works = false;
    pthread_cond_broadcast(&c->idle);
}

static void *run(void *argument)
{
    struct commit *c = argument;
    bool ends = false;
    while (!ends) {
        pthread_mutex_lock(&c->lock);
        work(c);
        c->sleeps = true;
        ends = c->ends;
        pthread_mutex_unlock(&c->lock);
        while (!ends && sem_wait(&c->news) != 0) { /* a signal interrupted it */
        }
    }
    return NULL;
}

static void start_committer(struct commit *c)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    c->has_committer = pthread_create(&c->committer, &attributes, run, c) == 0;
    pthread_attr_destroy(&attributes);
}

/* Lets the committer look for work; without one, this thread does the work. The lock is held at the
 * call and at the return, and given up meanwhile. */
static void get_to_work(struct commit *c)
{
    if (c->has_committer && c->sleeps) {
        c->sleeps = false;
        pthread_mutex_unlock(&c->lock);
        CK(sem_post(&c->news) == 0); /* without the lock, which the committer needs at once */
        pthread_mutex_lock(&c->lock);
    } else if (!c->has_committer && !c->works) {
        work(c);
    }
}

/* ---- the interface ---- */

struct commit *commit_new(struct site *site, bool threaded)
{
    struct commit *c = ck_calloc(1, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    CK(sem_init(&c->news, 0, 0) == 0);
    pthread_cond_init(&c->idle, NULL);
    queue_init(&c->queue);
    c->site = site;
    c->threaded = threaded;
    return c;
}

void commit_free(struct commit *c)
{
    if (c == NULL) {
        return;
    }
    if (c->has_committer) {
        pthread_mutex_lock(&c->lock);
        c->ends = true;
        pthread_mutex_unlock(&c->lock);
        CK(sem_post(&c->news) == 0);
        pthread_join(c->committer, NULL);
    }
    pthread_cond_destroy(&c->idle);
    sem_destroy(&c->news);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void commit_append(struct commit *c, struct commit_job *job)
{
    job->arrived = clock_mono_ms();
    job->metrics = site_metrics(c->site); /* the site may have another file when the job is done */
    job->epoch[0] = '\0';
    err_clear(&job->e);
    metrics_file_gauge(job->metrics, METRICS_QUEUED, 1);
    pthread_mutex_lock(&c->lock);
    if (is_too_much(c, job)) {
        pthread_mutex_unlock(&c->lock);
        refuse(job);
        return;
    }
    queue_add(&c->queue, job);
    if (c->threaded && !c->has_committer && !c->works) {
        start_committer(c);
    }
    get_to_work(c);
    pthread_mutex_unlock(&c->lock);
}

void commit_look_after(struct commit *c)
{
    pthread_mutex_lock(&c->lock);
    refuse_late(c);
    c->rest = c->rest == REST_NOT ? REST_IF_DUE : c->rest;
    get_to_work(c);
    pthread_mutex_unlock(&c->lock);
}

void commit_drain(struct commit *c)
{
    pthread_mutex_lock(&c->lock);
    c->rest = REST_NOW;
    get_to_work(c);
    while (c->works || has_work(c)) {
        pthread_cond_wait(&c->idle, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
}
