/* handles.c - see handles.h. */
#include "site/handles.h"

#include "base/ck.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

enum { IDLE_MAX = 16 };

struct handles {
    pthread_mutex_t lock; /* of all but the count of changes */
    struct store *idle[IDLE_MAX];
    size_t idle_count;
    bool was_used;
    uint64_t file; /* of the handle that was used last (store_identity); 0: unknown */
    _Atomic uint64_t changes;
};

struct handles *handles_new(void)
{
    struct handles *all = ck_calloc(1, sizeof *all);
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void handles_free(struct handles *all)
{
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < all->idle_count; i++) {
        store_close(all->idle[i]);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

bool handles_is_current(struct handles *all, struct store *handle)
{
    bool is_current = !store_is_stale(handle) && store_identity(handle) != 0;
    if (!is_current) {
        pthread_mutex_lock(&all->lock);
        all->file = 0; /* before the handle is closed: a new file may get the same number then */
        pthread_mutex_unlock(&all->lock);
    }
    return is_current;
}

static struct store *pop(struct handles *all)
{
    pthread_mutex_lock(&all->lock);
    struct store *handle = all->idle_count > 0 ? all->idle[--all->idle_count] : NULL;
    pthread_mutex_unlock(&all->lock);
    return handle;
}

static void push(struct handles *all, struct store *handle)
{
    pthread_mutex_lock(&all->lock);
    bool is_kept = all->idle_count < IDLE_MAX;
    if (is_kept) {
        all->idle[all->idle_count++] = handle;
    }
    pthread_mutex_unlock(&all->lock);
    if (!is_kept) {
        store_close(handle);
    }
}

struct store *handles_take(struct handles *all)
{
    struct store *handle = NULL;
    while ((handle = pop(all)) != NULL && !handles_is_current(all, handle)) {
        store_close(handle);
    }
    return handle;
}

bool handles_give_back(struct handles *all, struct store *handle)
{
    bool is_current = handles_is_current(all, handle);
    if (is_current) {
        push(all, handle);
    } else {
        store_close(handle); /* at once: another process may wait for that */
    }
    return is_current;
}

bool handles_are_current(struct handles *all)
{
    struct store *handle = handles_take(all);
    if (handle != NULL) {
        push(all, handle);
    }
    return handle != NULL;
}

void handles_look_after(struct handles *all)
{
    struct store *handle = NULL;
    bool is_current = false; /* stop at the first handle that is fine: those opened at the same time are too */
    for (size_t left = IDLE_MAX; left > 0 && !is_current && (handle = pop(all)) != NULL; left--) {
        is_current = handles_give_back(all, handle);
    }
}

void handles_note_use(struct handles *all, const struct store *handle)
{
    uint64_t file = store_identity(handle);
    pthread_mutex_lock(&all->lock);
    if (all->was_used && (file == 0 || file != all->file)) {
        atomic_fetch_add(&all->changes, 1);
    }
    all->was_used = true;
    all->file = file;
    pthread_mutex_unlock(&all->lock);
}

uint64_t handles_changes(const struct handles *all)
{
    return atomic_load(&all->changes);
}
