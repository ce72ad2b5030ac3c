/* apache_workers.c - see apache_workers.h. */
#include "system/apache_workers.h"

#include "base/blocking.h"
#include "base/ck.h"
#include "base/clock.h"
#include "system/process.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    SHARE = 3, /* one of three workers may be kept busy */
    FRESH_MS = 2000,
    SERVERS = 64, /* processes of the server that are remembered */
    /* of a process whose workers are threads: the first thread, and the one that accepts */
    OTHER_THREADS = 2,
};

struct process {
    long pid;
    unsigned busy; /* workers that our waiting requests keep busy */
    struct {
        long parent;
        unsigned workers; /* 0: unknown */
    } seen;
    int64_t seen_at;
};

struct apache_workers {
    pthread_mutex_t lock;
    struct process list[SERVERS];
    long parent;    /* of the processes whose workers `all` counts */
    unsigned all;   /* workers of all its children, as of all_at */
    int64_t all_at; /* monotonic ms; 0: never */
};

struct apache_workers *apache_workers_new(void)
{
    struct apache_workers *w = ck_calloc(1, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void apache_workers_free(struct apache_workers *w)
{
    if (w != NULL) {
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

unsigned apache_workers_share(unsigned seen)
{
    unsigned share = seen == 0 ? APACHE_WORKERS_UNSEEN : seen / SHARE;
    return share == 0 ? 1 : share < APACHE_WORKERS_MOST ? share : APACHE_WORKERS_MOST;
}

/* ---- what /proc says ---- */

static unsigned workers_of(unsigned threads)
{
    return threads > OTHER_THREADS ? threads - OTHER_THREADS : 1;
}

/* Counts the workers of a process. Where workers are threads (*like is not 1), a process of one
 * thread has no worker. */
static unsigned count_alike(const void *like, const struct process_info *p)
{
    return *(const unsigned *)like == 1 || p->threads > OTHER_THREADS ? workers_of(p->threads) : 0;
}

/* ---- the server's processes; with the lock held ---- */

/* Another thread may have the lock while it reads /proc. */
static void lock(struct apache_workers *w)
{
    if (pthread_mutex_trylock(&w->lock) != 0) {
        blocking_expected();
        pthread_mutex_lock(&w->lock);
    }
}

/* The process at the other end; 0: unknown (over TCP, or in another namespace). */
static long pid_of(int connection)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (long)peer.pid : 0;
}

/* The entry of this process. A new one replaces the oldest entry without busy workers; NULL when
 * there is none. */
static struct process *entry_of(struct apache_workers *w, long pid)
{
    struct process *found = NULL;
    for (size_t i = 0; i < SERVERS; i++) {
        struct process *p = &w->list[i];
        if (p->pid == pid && (p->busy > 0 || p->seen_at != 0)) {
            return p;
        }
        if (p->busy == 0 && (found == NULL || p->seen_at < found->seen_at)) {
            found = p;
        }
    }
    if (found != NULL) {
        *found = (struct process){.pid = pid};
    }
    return found;
}

static void refresh(struct process *p)
{
    int64_t now = clock_mono_ms();
    struct process_info found;
    if (p->seen_at == 0 || now - p->seen_at >= FRESH_MS) {
        blocking_expected();
        p->seen_at = now;
        bool is_seen = p->pid > 0 && process_look(p->pid, &found);
        p->seen.parent = is_seen ? found.parent : 0;
        p->seen.workers = is_seen ? workers_of(found.threads) : 0;
    }
}

static unsigned all_of(struct apache_workers *w, const struct process *p)
{
    int64_t now = clock_mono_ms();
    if (p->seen.workers == 0) {
        return 0;
    }
    if (w->all_at == 0 || w->parent != p->seen.parent || now - w->all_at >= FRESH_MS) {
        blocking_expected();
        w->all_at = now;
        w->parent = p->seen.parent;
        w->all = process_count_children(p->seen.parent, count_alike, &p->seen.workers);
    }
    return w->all > p->seen.workers ? w->all : p->seen.workers;
}

unsigned apache_workers_seen(struct apache_workers *w, int connection)
{
    lock(w);
    struct process *p = entry_of(w, pid_of(connection));
    unsigned seen = 0;
    if (p != NULL) {
        refresh(p);
        seen = all_of(w, p);
    }
    pthread_mutex_unlock(&w->lock);
    return seen;
}

int apache_workers_take(struct apache_workers *w, int connection)
{
    lock(w);
    struct process *p = entry_of(w, pid_of(connection));
    int token = -1;
    if (p != NULL) {
        refresh(p);
        if (p->busy < apache_workers_share(p->seen.workers)) {
            p->busy++;
            token = (int)(p - w->list);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return token;
}

void apache_workers_give_back(struct apache_workers *w, int token)
{
    lock(w);
    w->list[token].busy--;
    pthread_mutex_unlock(&w->lock);
}
