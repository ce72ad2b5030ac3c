/* watch.c - see watch.h. */
#include "watch.h"

#include "bell.h"
#include "ck.h"
#include "clock.h"
#include "site.h"
#include "store.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    CHECK_MS = 1000,      /* between two looks for commits that rang nowhere */
    TIMER_LEAST_MS = 250, /* without a bell: the time between two looks at the store grows from here, */
    TIMER_MOST_MS = 1000, /* to here */
};

struct watch {
    struct site *site;
    void (*news)(void *context);
    void *context;
    struct store *store; /* for its version only; NULL while it can't be opened */
    uint64_t version;
    int timer_ms;
};

/* An own handle, kept, of the database that stands there now. True when it is another one than before. */
static bool refresh(struct watch *w)
{
    if (w->store != NULL && !store_is_replaced(w->store)) {
        return false;
    }
    if (w->store != NULL) {
        site_return(w->site, w->store); /* closed by whoever would borrow it next */
    }
    w->store = site_borrow(w->site, NULL);
    return w->store != NULL;
}

/* The store has moved since it was last asked. Versions can be compared within one handle only: with a new one, yes is the safe
 * answer. */
static bool has_moved(struct watch *w)
{
    uint64_t version = 0;
    bool is_new = refresh(w);
    if (w->store == NULL || store_version(w->store, &version, NULL) != 0) {
        return false;
    }
    bool moved = is_new || version != w->version;
    w->version = version;
    return moved;
}

/* One ring, or one second without. */
static void watch_bell(struct watch *w, struct bell *b, uint32_t *seen)
{
    if (bell_wait(b, *seen, CHECK_MS) == 1) {
        *seen = bell_seen(b);
        has_moved(w); /* so that this commit isn't taken for a silent one later */
        w->news(w->context);
    } else if (has_moved(w) && bell_seen(b) == *seen) {
        bell_forget(b);
    }
}

static void watch_timer(struct watch *w)
{
    clock_sleep_ms(w->timer_ms);
    if (has_moved(w)) {
        w->timer_ms = TIMER_LEAST_MS;
        w->news(w->context);
    } else if (w->timer_ms < TIMER_MOST_MS) {
        w->timer_ms += TIMER_LEAST_MS;
    }
}

static void *run(void *argument)
{
    struct watch *w = argument;
    struct bell *known = NULL;
    uint32_t seen = 0;
    for (;;) {
        refresh(w);
        struct bell *b = w->store != NULL ? site_bell(w->site, w->store) : NULL;
        if (b != NULL && b != known) {
            seen = bell_seen(b);
            w->news(w->context); /* whatever rang before this moment */
        }
        known = b;
        if (b != NULL) {
            watch_bell(w, b, &seen);
        } else {
            watch_timer(w);
        }
    }
    return NULL;
}

int watch_start(struct site *site, void (*news)(void *context), void *context)
{
    pthread_t thread;
    struct watch *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->news = news;
    w->context = context;
    w->timer_ms = TIMER_LEAST_MS;
    if (pthread_create(&thread, NULL, run, w) != 0) {
        free(w);
        return -1;
    }
    pthread_detach(thread);
    return 0;
}
