/* handles.c - see handles.h. */
#include "site/handles.h"

#include "base/blocking.h"
#include "base/ck.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum {
    IDLE_MAX = 16,
    LOOK_MS = 100,
    SLOW_LOOK_MS = 1000, /* the same while another thread looks, which takes long where the disk stalls */
};

struct idle {
    struct store *handle;
    uint64_t identity; /* of its database */
};

struct handles {
    enum store_mode mode;
    pthread_mutex_t lock; /* of all but the last three */
    pthread_cond_t freed; /* a handle is idle, or closed */
    unsigned open;        /* handles that are idle or in use */
    struct idle idle[IDLE_MAX];
    size_t idle_count;
    bool was_used;
    uint64_t identity; /* of the database of the handle that was used last; 0: unknown */
    _Atomic uint64_t changes;
    _Atomic int64_t current_at; /* monotonic ms: an idle handle was current; 0: unknown */
    atomic_bool is_looking;     /* a thread finds out whether one is */
};

struct handles *handles_new(enum store_mode mode)
{
    struct handles *all = ck_calloc(1, sizeof *all);
    all->mode = mode;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    return all;
}

void handles_free(struct handles *all)
{
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < all->idle_count; i++) {
        store_close(all->idle[i].handle);
    }
    pthread_cond_destroy(&all->freed);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

bool handles_is_current(struct handles *all, struct store *handle)
{
    bool is_current = !store_is_stale(handle);
    if (!is_current) {
        atomic_store(&all->current_at, 0);
        pthread_mutex_lock(&all->lock);
        all->identity = 0; /* before the handle is closed: a new database may get the same number then */
        pthread_mutex_unlock(&all->lock);
    }
    return is_current;
}

void handles_not_opened(struct handles *all)
{
    pthread_mutex_lock(&all->lock);
    all->open -= all->open > 0 ? 1 : 0;
    pthread_cond_signal(&all->freed);
    pthread_mutex_unlock(&all->lock);
}

static void close_one(struct handles *all, struct store *handle)
{
    store_close(handle);
    handles_not_opened(all);
}

static struct idle pop(struct handles *all)
{
    struct idle none = {.handle = NULL};
    pthread_mutex_lock(&all->lock);
    struct idle taken = all->idle_count > 0 ? all->idle[--all->idle_count] : none;
    pthread_mutex_unlock(&all->lock);
    return taken;
}

static void push(struct handles *all, struct idle idle)
{
    pthread_mutex_lock(&all->lock);
    bool is_kept = all->idle_count < IDLE_MAX;
    if (is_kept) {
        all->idle[all->idle_count++] = idle;
        pthread_cond_signal(&all->freed);
    }
    pthread_mutex_unlock(&all->lock);
    if (!is_kept) {
        close_one(all, idle.handle);
    }
}

static void note_use(struct handles *all, uint64_t identity)
{
    pthread_mutex_lock(&all->lock);
    if (all->was_used && (identity == 0 || identity != all->identity)) {
        atomic_fetch_add(&all->changes, 1);
    }
    all->was_used = true;
    all->identity = identity;
    pthread_mutex_unlock(&all->lock);
}

static struct idle take(struct handles *all)
{
    struct idle taken;
    while ((taken = pop(all)).handle != NULL && !handles_is_current(all, taken.handle)) {
        close_one(all, taken.handle);
    }
    if (taken.handle != NULL) {
        note_use(all, taken.identity);
    }
    return taken;
}

/* monotonic */
static struct timespec after(unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

struct store *handles_take(struct handles *all, unsigned most, unsigned timeout_ms, bool *may_open)
{
    const struct timespec end = after(timeout_ms);
    struct store *handle = take(all).handle;
    bool is_over = false;
    *may_open = false;
    while (handle == NULL && !*may_open && !is_over) {
        pthread_mutex_lock(&all->lock);
        while (all->idle_count == 0 && most != 0 && all->open >= most && !is_over) {
            is_over = pthread_cond_timedwait(&all->freed, &all->lock, &end) != 0;
        }
        *may_open = all->idle_count == 0 && (most == 0 || all->open < most);
        all->open += *may_open ? 1 : 0;
        pthread_mutex_unlock(&all->lock);
        handle = *may_open ? NULL : take(all).handle;
    }
    return handle;
}

void handles_note_use(struct handles *all, const struct store *handle)
{
    note_use(all, store_identity(handle));
}

static bool give_back(struct handles *all, struct store *handle, bool is_current)
{
    if (is_current) {
        push(all, (struct idle){.handle = handle, .identity = store_identity(handle)});
    } else {
        close_one(all, handle); /* at once: another process may wait for that */
    }
    return is_current;
}

bool handles_give_back(struct handles *all, struct store *handle)
{
    return give_back(all, handle, all->mode == STORE_READ || handles_is_current(all, handle));
}

static bool look(struct handles *all, int64_t now)
{
    blocking_expected();
    struct idle taken = take(all);
    if (taken.handle != NULL) {
        push(all, taken);
        atomic_store(&all->current_at, now);
    }
    return taken.handle != NULL;
}

bool handles_are_current(struct handles *all)
{
    int64_t now = clock_mono_ms();
    int64_t before = atomic_load(&all->current_at);
    if (before != 0 && now - before < LOOK_MS) {
        return true;
    }
    bool is_first = !atomic_exchange(&all->is_looking, true);
    bool is_current = (!is_first && before != 0 && now - before < SLOW_LOOK_MS) || look(all, now);
    if (is_first) {
        atomic_store(&all->is_looking, false);
    }
    return is_current;
}

void handles_look_after(struct handles *all)
{
    struct store *handle = NULL;
    bool is_current = false; /* stop at the first handle that is fine: those opened at the same time are too */
    for (size_t left = IDLE_MAX; left > 0 && !is_current && (handle = pop(all).handle) != NULL; left--) {
        is_current = give_back(all, handle, handles_is_current(all, handle));
    }
}

uint64_t handles_changes(const struct handles *all)
{
    return atomic_load(&all->changes);
}
