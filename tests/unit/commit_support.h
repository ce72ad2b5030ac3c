/* commit_support.h - for tests that commit a message and wait for the result. */
#ifndef COMMIT_SUPPORT_H
#define COMMIT_SUPPORT_H

#include "site/commit.h"

#include <pthread.h>
#include <stdbool.h>

struct commit_support {
    struct commit_job job; /* first: a pointer to it is a pointer to this */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    enum err_code code;
};

static inline void commit_support_done(struct commit_job *job, const char *epoch, const struct err *e)
{
    struct commit_support *s = (struct commit_support *)job;
    (void)epoch;
    pthread_mutex_lock(&s->lock);
    s->code = e->code;
    s->is_done = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* 0 when it is done, and the job has its outcome; else -1. */
static inline int commit_and_wait(struct commit *c, struct store_job *job)
{
    struct commit_support s = {.job = {.store = *job, .done = commit_support_done},
                               .lock = PTHREAD_MUTEX_INITIALIZER,
                               .changed = PTHREAD_COND_INITIALIZER};
    commit_append(c, &s.job);
    pthread_mutex_lock(&s.lock);
    while (!s.is_done) {
        pthread_cond_wait(&s.changed, &s.lock);
    }
    pthread_mutex_unlock(&s.lock);
    *job = s.job.store;
    return s.code == ERR_NONE ? 0 : -1;
}

#endif
