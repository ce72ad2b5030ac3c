/* watcher.c - see watcher.h. */
#include "site/watcher.h"

#include "base/ck.h"
#include "site/positions.h"
#include "site/site.h"

#include <pthread.h>
#include <stdlib.h>

struct watcher {
    struct site *site;
    void (*news)(void *context);
    void *context;
};

static void *run(void *argument)
{
    struct watcher *w = argument;
    struct positions *positions = site_positions(w->site);
    struct positions_watch watch = {.timer_ms = 0};
    struct store *handle = NULL; /* the watcher's own: versions of the store are compared within one handle */
    for (;;) {
        bool is_new = false;
        handle = site_refresh(w->site, handle, &is_new);
        if (positions_watch(positions, &watch, handle, is_new)) {
            w->news(w->context);
        }
    }
    return NULL;
}

bool watcher_start(struct site *site, void (*news)(void *context), void *context)
{
    pthread_t thread;
    struct watcher *w = ck_calloc(1, sizeof *w);
    w->site = site;
    w->news = news;
    w->context = context;
    if (pthread_create(&thread, NULL, run, w) != 0) {
        free(w);
        return false;
    }
    pthread_detach(thread);
    return true;
}
