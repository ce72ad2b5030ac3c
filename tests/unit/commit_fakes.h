/* commit_fakes.h - a site and a store for tests of commit.h, and senders.
 *
 * They replace those of the library: they count calls, wait at a gate and fail on demand. The id of
 * a draft says what happens: "full..." and "busy..." fail in each transaction. Each test includes
 * this once.
 */
#ifndef COMMIT_FAKES_H
#define COMMIT_FAKES_H

#include "fake_clock.h"
#include "support.h"

#include "base/ck.h"
#include "base/err.h"
#include "site/commit.h"
#include "site/head_files.h"
#include "site/positions.h"
#include "site/site.h"
#include "site/upkeep.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

struct store {
    int unused;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct store store;
    bool no_store;    /* site_borrow fails */
    bool is_foreign;  /* site_check_key fails */
    bool gate_closed; /* store_append waits */
    int replaced;     /* so many handles are of a database that was replaced, when they are given back */
    int inside;       /* threads in store_append now */
    int borrowed;
    int returned;
    int appends;
    int stored;
    int begun;     /* commits that positions.h was told of, less those whose end it was told */
    int known;     /* messages that positions.h was told of */
    size_t raised; /* rooms that positions.h was told of by other work than appends */
    int published; /* jobs that were passed to head_files.h */
    int rests;     /* calls of site_rest */
    int rests_now;
    size_t greatest_group;
    uint64_t seq;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void upkeep_run(struct upkeep *u, struct site *site, bool (*is_wanted)(void *context), void *context)
{
    (void)u;
    (void)site;
    (void)is_wanted(context);
}

struct store *site_borrow(struct site *s, struct err *e)
{
    (void)s;
    pthread_mutex_lock(&fake.lock);
    bool none = fake.no_store;
    fake.borrowed += none ? 0 : 1;
    pthread_mutex_unlock(&fake.lock);
    if (none) {
        err_set(e, ERR_READONLY, "no store");
        return NULL;
    }
    return &fake.store;
}

int site_check_key(struct site *s, struct store *handle, struct err *e)
{
    (void)s;
    assert_ptr_equal(handle, &fake.store);
    return fake.is_foreign ? err_set(e, ERR_READONLY, "another key") : 0;
}

bool site_return(struct site *s, struct store *handle)
{
    (void)s;
    assert_ptr_equal(handle, &fake.store);
    pthread_mutex_lock(&fake.lock);
    fake.returned++;
    bool is_current = fake.replaced == 0;
    fake.replaced -= is_current ? 0 : 1;
    pthread_mutex_unlock(&fake.lock);
    return is_current;
}

/* The fake site knows no positions; the tests of the programs cover ringing. */
struct positions *site_positions(struct site *s)
{
    (void)s;
    return NULL;
}

void positions_commit_begin(struct positions *p, struct store *handle, struct positions_commit *c)
{
    (void)p;
    c->store = handle;
    pthread_mutex_lock(&fake.lock);
    fake.begun++;
    pthread_mutex_unlock(&fake.lock);
}

/* The error tells whether the jobs are durable. */
void positions_commit_end(struct positions *p, struct positions_commit *c, const struct store_job *jobs, size_t count,
                          const struct err *e)
{
    (void)p;
    assert_ptr_equal(c->store, &fake.store);
    pthread_mutex_lock(&fake.lock);
    fake.begun--;
    for (size_t i = 0; e->code == ERR_NONE && i < count; i++) {
        fake.known += jobs[i].outcome == STORE_STORED;
    }
    pthread_mutex_unlock(&fake.lock);
}

void positions_commit_changed(struct positions *p, struct positions_commit *c, const struct store_changes *changes,
                              const struct err *e)
{
    (void)p;
    assert_ptr_equal(c->store, &fake.store);
    pthread_mutex_lock(&fake.lock);
    fake.begun--;
    fake.raised += e->code == ERR_NONE ? changes->count : 0;
    pthread_mutex_unlock(&fake.lock);
}

void head_files_publish_changes(struct site *site, struct store *store, const struct store_changes *changes)
{
    (void)site;
    assert_ptr_equal(store, &fake.store);
    fake.published += (int)changes->count;
}

void head_files_publish(struct site *site, struct store *store, const struct store_job *jobs, size_t count)
{
    (void)site;
    assert_ptr_equal(store, &fake.store);
    for (size_t i = 0; i < count; i++) {
        fake.published += jobs[i].outcome == STORE_STORED;
    }
}

struct metrics_file *site_metrics(struct site *s)
{
    (void)s;
    return NULL;
}

static struct conf settings = {.busy_timeout = 60000};

const struct conf *site_loaded_conf(const struct site *s)
{
    (void)s;
    return &settings;
}

void site_rest(struct site *s, bool now)
{
    (void)s;
    pthread_mutex_lock(&fake.lock);
    fake.rests++;
    fake.rests_now += now;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

const char *store_epoch(const struct store *s)
{
    (void)s;
    return "EPOCHEPOCHEPOCHEPOCHEP";
}

static inline bool any_begins(const struct store_job *jobs, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(jobs[i].draft->id, word, strlen(word)) == 0) {
            return true;
        }
    }
    return false;
}

int store_append(struct store *s, struct store_job *jobs, size_t count, struct err *e)
{
    int result = 0;
    (void)s;
    pthread_mutex_lock(&fake.lock);
    fake.inside++;
    fake.appends++;
    fake.greatest_group = count > fake.greatest_group ? count : fake.greatest_group;
    if (fake.inside != 1) {
        fail_msg("two threads write with one handle");
    }
    pthread_cond_broadcast(&fake.changed);
    while (fake.gate_closed) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    if (any_begins(jobs, count, "full")) {
        result = err_set(e, ERR_FULL, "full");
    } else if (any_begins(jobs, count, "busy")) {
        result = err_set(e, ERR_BUSY, "busy");
    }
    for (size_t i = 0; i < count && result == 0; i++) {
        jobs[i].outcome = STORE_STORED;
        jobs[i].seq = ++fake.seq;
        jobs[i].time_ms = 1000;
        fake.stored++;
    }
    fake.inside--;
    pthread_mutex_unlock(&fake.lock);
    return result;
}

/* ---- senders ---- */

struct sender {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    struct chat_draft draft;
    struct err e;
    char epoch[CHAT_EPOCH_SIZE];
    int answers; /* how many times it was answered */
    int place;   /* among all that were answered, from 1 */
    pthread_t by;
};

static int answered; /* since reset() */

static inline void answer(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct sender *s = (struct sender *)job;
    pthread_mutex_lock(&fake.lock);
    s->e = *e;
    snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
    s->by = pthread_self();
    s->place = ++answered;
    s->answers++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static inline void prepare(struct sender *s, const char *id)
{
    memset(s, 0, sizeof *s);
    chat_draft_init(&s->draft);
    snprintf(s->draft.id, sizeof s->draft.id, "%s", id);
    s->job.store.draft = &s->draft;
    s->job.done = answer;
}

static inline void start(struct sender *s, struct commit *c, const char *id)
{
    prepare(s, id);
    commit_append(c, &s->job);
}

static inline bool is_answered(const struct sender *s)
{
    pthread_mutex_lock(&fake.lock);
    int answers = s->answers;
    pthread_mutex_unlock(&fake.lock);
    assert_in_range(answers, 0, 1);
    return answers == 1;
}

static inline void wait_for(const struct sender *s)
{
    pthread_mutex_lock(&fake.lock);
    while (s->answers == 0) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
}

static inline void send_and_wait(struct sender *s, struct commit *c, const char *id)
{
    start(s, c, id);
    wait_for(s);
}

static inline void reset(void)
{
    pthread_mutex_lock(&fake.lock);
    fake.no_store = fake.gate_closed = false;
    fake.borrowed = fake.returned = fake.appends = fake.stored = fake.known = fake.published = fake.replaced = 0;
    fake.rests = fake.rests_now = answered = 0;
    fake.greatest_group = 0;
    fake.raised = 0;
    fake.seq = 0;
    pthread_mutex_unlock(&fake.lock);
}

static inline void set_gate(bool closed)
{
    pthread_mutex_lock(&fake.lock);
    fake.gate_closed = closed;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static inline void wait_until_a_sender_writes(void)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.inside == 0) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
}

/* One message waits at the gate in the store while the others are queued after it; then the gate
 * opens. */
static inline void send_behind_a_gate(struct sender *senders, size_t count, const char *(*id)(size_t i))
{
    struct commit *c = commit_new(NULL, true);
    set_gate(true);
    start(&senders[0], c, id(0));
    wait_until_a_sender_writes();
    for (size_t i = 1; i < count; i++) {
        start(&senders[i], c, id(i));
    }
    set_gate(false);
    for (size_t i = 0; i < count; i++) {
        wait_for(&senders[i]);
    }
    commit_free(c);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(senders[i].answers, 1);
        assert_int_equal(senders[i].place, i + 1);
    }
    assert_int_equal(fake.borrowed, fake.returned);
    assert_int_equal(fake.known, fake.stored);
    assert_int_equal(fake.begun, 0);
}

/* The commit at the gate becomes so old that the store counts as stuck. */
static inline void pass_until_stuck(void)
{
    fake_clock_pass(1000); /* as long as commit.h says */
}

static inline const char *good_id(size_t i)
{
    static _Thread_local char id[32];
    snprintf(id, sizeof id, "good%zu", i);
    return id;
}

#endif
