/* workers.c - see workers.h. */
#include "workers.h"

#include "ck.h"
#include "clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SHARE = 3, /* of which one may be kept busy */
    FRESH_MS = 2000,
    SERVERS = 64,      /* processes that have somebody waiting */
    OTHER_THREADS = 2, /* of a process with threads that are workers: the first one, and the one that accepts */
    SEEN_MOST = 65535,
    STAT_BYTES = 512,
    STAT_PARENT = 2, /* fields behind the name, see proc(5): state, parent, ... */
    STAT_THREADS = 18,
};

struct process {
    long pid;
    unsigned busy; /* workers that are kept busy by us */
    struct {
        long parent;
        unsigned workers; /* 0: unknown */
    } seen;
    int64_t seen_at;
};

struct workers {
    pthread_mutex_t lock;
    struct process list[SERVERS];
    long parent; /* whose children's workers are the next one, as of all_at */
    unsigned all;
    int64_t all_at;
};

struct workers *workers_new(void)
{
    struct workers *w = ck_calloc(1, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void workers_free(struct workers *w)
{
    if (w != NULL) {
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}

unsigned workers_share(unsigned seen)
{
    unsigned share = seen == 0 ? WORKERS_UNSEEN : seen / SHARE;
    return share == 0 ? 1 : share < WORKERS_MOST ? share : WORKERS_MOST;
}

/* ---- what /proc says ---- */

/* False when it can't be seen. */
static bool look(long pid, long *parent, unsigned *threads)
{
    char path[64];
    char text[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    text[length > 0 ? length : 0] = '\0';
    const char *at = strrchr(text, ')'); /* the name before it may hold anything */
    unsigned long threads_found = 0;
    for (int field = 0; at != NULL && field < STAT_THREADS; field++) {
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
        if (at != NULL && field + 1 == STAT_PARENT) {
            *parent = strtol(at, NULL, 10);
        }
    }
    threads_found = at != NULL ? strtoul(at, NULL, 10) : 0;
    *threads = threads_found < SEEN_MOST ? (unsigned)threads_found : SEEN_MOST;
    return *threads > 0;
}

static unsigned workers_of(unsigned threads)
{
    return threads > OTHER_THREADS ? threads - OTHER_THREADS : 1;
}

/* All children of `parent` that are like one with so many workers: beside those that serve there may be others, of one thread. */
static unsigned count_all(long parent, unsigned like)
{
    unsigned found = 0;
    const struct dirent *entry = NULL;
    DIR *list = opendir("/proc");
    while (list != NULL && found < SEEN_MOST && (entry = readdir(list)) != NULL) {
        long its_parent = 0;
        unsigned threads = 0;
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && look(pid, &its_parent, &threads) && its_parent == parent &&
            (like == 1 || threads > OTHER_THREADS)) {
            found += workers_of(threads);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
    return found < SEEN_MOST ? found : SEEN_MOST;
}

/* ---- the server's processes; with the lock held ---- */

/* 0: it isn't a process that can be named: over TCP, or in another namespace. */
static long pid_of(int connection)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (long)peer.pid : 0;
}

/* The entry of this process; a new one takes the place of one that nobody waits behind. NULL: there is none. */
static struct process *entry_of(struct workers *w, long pid)
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
    unsigned threads = 0;
    if (p->seen_at == 0 || now - p->seen_at >= FRESH_MS) {
        p->seen_at = now;
        p->seen.workers = p->pid > 0 && look(p->pid, &p->seen.parent, &threads) ? workers_of(threads) : 0;
    }
}

static unsigned all_of(struct workers *w, const struct process *p)
{
    int64_t now = clock_mono_ms();
    if (p->seen.workers == 0) {
        return 0;
    }
    if (w->all_at == 0 || w->parent != p->seen.parent || now - w->all_at >= FRESH_MS) {
        w->all_at = now;
        w->parent = p->seen.parent;
        w->all = count_all(p->seen.parent, p->seen.workers);
    }
    return w->all > p->seen.workers ? w->all : p->seen.workers;
}

unsigned workers_seen(struct workers *w, int connection)
{
    pthread_mutex_lock(&w->lock);
    struct process *p = entry_of(w, pid_of(connection));
    unsigned seen = 0;
    if (p != NULL) {
        refresh(p);
        seen = all_of(w, p);
    }
    pthread_mutex_unlock(&w->lock);
    return seen;
}

int workers_take(struct workers *w, int connection)
{
    pthread_mutex_lock(&w->lock);
    struct process *p = entry_of(w, pid_of(connection));
    int token = -1;
    if (p != NULL) {
        refresh(p);
        if (p->busy < workers_share(p->seen.workers)) {
            p->busy++;
            token = (int)(p - w->list);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return token;
}

void workers_give_back(struct workers *w, int token)
{
    pthread_mutex_lock(&w->lock);
    w->list[token].busy--;
    pthread_mutex_unlock(&w->lock);
}
