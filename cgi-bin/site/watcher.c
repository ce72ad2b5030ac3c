/* watcher.c - see watcher.h. */
#include "site/watcher.h"

#include "base/ck.h"
#include "base/clock.h"
#include "shared/bell.h"
#include "shared/room_heads.h"
#include "site/site.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    CHECK_MS = 1000,      /* between two looks for commits that rang nowhere */
    TIMER_LEAST_MS = 250, /* without a bell: the time between two looks at the store grows from here, */
    TIMER_MOST_MS = 1000, /* to here */
};

struct watcher {
    struct site *site;
    void (*news)(void *context);
    void *context;
    struct store *store; /* for its version only; NULL while it can't be opened */
    uint64_t version;
    int timer_ms;
    int64_t compared_at; /* stamps, monotonic ms */
    atomic_bool on;
};

/* An own handle, kept, of the database that stands there now. True when it is another one than before. */
static bool refresh(struct watcher *w)
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
static bool has_moved(struct watcher *w)
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

/* The heads that the bell knows are those of other files than there are. While somebody writes it can't be said. */
static void compare_stamps(struct watcher *w, struct bell *b)
{
    uint32_t seen = bell_seen(b);
    uint64_t told = room_heads_stamp(b);
    uint64_t stamp = store_stamp(site_loaded_conf(w->site)->data);
    bool is_quiet = !room_heads_has_writer(b) && bell_seen(b) == seen;
    if (is_quiet && stamp != told) {
        room_heads_forget(b);
        room_heads_restamp(b, told, stamp); /* what is learned from now on is of these files, or of later ones */
    }
    if (is_quiet) {
        w->compared_at = clock_mono_ms();
        atomic_store(&w->on, true);
    }
}

/* One ring, or one second without. */
static void watch_bell(struct watcher *w, struct bell *b, uint32_t *seen)
{
    bool rung = bell_wait(b, *seen, CHECK_MS) == 1;
    if (rung) {
        *seen = bell_seen(b);
        w->news(w->context);
    }
    bool moved = has_moved(w); /* after a ring: so that this commit isn't taken for a silent one later */
    if (!rung && moved && bell_seen(b) == *seen) {
        room_heads_forget(b);
    }
    if (clock_mono_ms() - w->compared_at >= CHECK_MS) {
        compare_stamps(w, b);
    }
}

static void watch_timer(struct watcher *w)
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
    struct watcher *w = argument;
    struct bell *known = NULL;
    uint32_t seen = 0;
    for (;;) {
        refresh(w);
        struct bell *b = w->store != NULL ? site_bell(w->site, w->store) : NULL;
        if (b != NULL && b != known) {
            seen = bell_seen(b);
            compare_stamps(w, b);
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

struct watcher *watcher_start(struct site *site, void (*news)(void *context), void *context)
{
    pthread_t thread;
    struct watcher *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->news = news;
    w->context = context;
    w->timer_ms = TIMER_LEAST_MS;
    if (pthread_create(&thread, NULL, run, w) != 0) {
        free(w);
        return NULL;
    }
    pthread_detach(thread);
    return w;
}

bool watcher_is_on(const struct watcher *w)
{
    return w != NULL && atomic_load(&w->on);
}
