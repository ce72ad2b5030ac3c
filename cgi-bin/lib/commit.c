/* commit.c - see commit.h. */
#include "commit.h"

#include "bell.h"
#include "ck.h"
#include "err.h"
#include "site.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = 128 };

struct entry {
    struct store_job *job;
    char *epoch;
    struct err *e;
    int result;
    bool done;
    struct entry *next;
};

struct commit {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct site *site;
    struct entry *first; /* the queue, in order of arrival; entries live on their callers' stacks */
    struct entry **last;
    bool led; /* somebody is writing */
};

struct commit *commit_new(struct site *site)
{
    struct commit *c = ck_calloc(1, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->done, NULL);
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
        group[count++] = c->first;
        c->first = c->first->next;
    }
    if (c->first == NULL) {
        c->last = &c->first;
    }
    return count;
}

/* Rings when everything is durable. Between bell_writing and bell_done no reader trusts a known head, so that a death in
 * between can't hide a message. */
static int append_and_ring(struct store *store, struct bell *bell, struct store_job *jobs, size_t count, struct err *e)
{
    if (bell == NULL) {
        return store_append(store, jobs, count, e);
    }
    int token = bell_writing(bell);
    int result = store_append(store, jobs, count, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        if (jobs[i].outcome == STORE_STORED) {
            bell_wrote(bell, jobs[i].draft->room, jobs[i].seq);
        }
    }
    bell_done(bell, token);
    return result;
}

static void append_part(struct store *store, struct bell *bell, struct entry *const *group, size_t count, int *result,
                        struct err *e)
{
    struct store_job jobs[GROUP_MAX];
    for (size_t i = 0; i < count; i++) {
        jobs[i] = *group[i]->job;
    }
    *result = append_and_ring(store, bell, jobs, count, e);
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

/* Busy counts for all that are left: each would wait for the lock as long as the one before it. */
static void append_one_by_one(struct store *store, struct bell *bell, struct entry *const *group, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = ERR_INIT;
        int result = -1;
        append_part(store, bell, &group[i], 1, &result, &e);
        if (result != 0 && e.code == ERR_BUSY) {
            fail_part(group + i + 1, count - i - 1, &e);
            return;
        }
    }
}

static void append_group(struct commit *c, struct entry *const *group, size_t count)
{
    struct err e = ERR_INIT;
    int result = -1;
    struct store *store = site_borrow(c->site, &e);
    if (store == NULL) {
        fail_part(group, count, &e);
        return;
    }
    struct bell *bell = site_bell(c->site, store);
    append_part(store, bell, group, count, &result, &e);
    if (result != 0 && e.code != ERR_BUSY && count > 1) {
        append_one_by_one(store, bell, group, count);
    }
    site_return(c->site, store);
}

/* Called with the lock held, returns with it held. */
static void lead(struct commit *c, const struct entry *own)
{
    struct entry *group[GROUP_MAX];
    c->led = true;
    while (!own->done) {
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
    pthread_cond_broadcast(&c->done); /* one of those left in the queue takes the lead */
}

int commit_append(struct commit *c, struct store_job *job, char epoch[CHAT_EPOCH_SIZE], struct err *e)
{
    struct entry own = {.job = job, .epoch = epoch, .e = e, .result = -1};
    pthread_mutex_lock(&c->lock);
    *c->last = &own;
    c->last = &own.next;
    while (!own.done) {
        if (!c->led) {
            lead(c, &own);
        } else {
            pthread_cond_wait(&c->done, &c->lock);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return own.result;
}
