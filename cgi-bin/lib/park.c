/* park.c - see park.h.
 *
 * One thread owns asks, waiters and the heap of deadlines; other threads only put newcomers into a list and wake the loop.
 * A newcomer's ask is looked at when it arrives: what was committed between the handler's look and that moment isn't missed.
 */
#include "park.h"

#include "buf.h"
#include "ck.h"
#include "clock.h"
#include "err.h"
#include "held.h"
#include "log.h"
#include "loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    BUCKETS = 4096,  /* of asks, by hash */
    CLIENTS = 65536, /* counters of waiters by a hash of their address */
    EVENTS = 256,
    WRITE_LIMIT_MS = 10000, /* for a peer that doesn't take its answer */
    LONGEST_SLEEP_MS = 60000,
};

/* Bytes of an answer that not everyone has taken yet. */
struct blob {
    size_t users;
    size_t length;
    char bytes[];
};

struct ask;

struct waiter {
    struct held held;
    uint16_t client; /* counter */
    int token;
    struct ask *ask;     /* NULL once it is being answered */
    struct waiter *next; /* in the ask, or in the list of newcomers */
    struct waiter *previous;
    int64_t deadline; /* monotonic, ms */
    size_t heap_at;
    struct blob *rest; /* what is still to be written */
    size_t written;
};

struct ask {
    struct ask *next_in_bucket;
    struct ask *next;
    struct ask *previous;
    struct waiter *waiters;
    char *common; /* header lines of its answers; belongs to the key */
    uint32_t hash;
    struct query query; /* last: cut behind its rooms */
};

struct newcomer {
    struct waiter *waiter;
    struct query *query;
    char *common;
    struct newcomer *next;
};

struct park {
    struct park_options options;
    struct loop *loop;
    pthread_t thread;
    pthread_mutex_t lock; /* of newcomers and stopping */
    struct newcomer *newcomers;
    bool stopping;
    atomic_bool rung;
    atomic_size_t count;      /* of places taken: waiters, and newcomers on their way in */
    atomic_size_t unanswered; /* of them, who have no byte of an answer yet */
    struct ask *buckets[BUCKETS];
    struct ask *asks;
    struct waiter **heap; /* by deadline */
    size_t heap_count;
    size_t heap_size;
    atomic_ushort clients[CLIENTS];
};

/* ---- heap of deadlines: the earliest at 0 ---- */

static void heap_put(struct park *p, size_t at, struct waiter *w)
{
    p->heap[at] = w;
    w->heap_at = at;
}

static void heap_up(struct park *p, size_t at, struct waiter *w)
{
    while (at > 0 && p->heap[(at - 1) / 2]->deadline > w->deadline) {
        heap_put(p, at, p->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(p, at, w);
}

static void heap_down(struct park *p, size_t at, struct waiter *w)
{
    for (;;) {
        size_t child = at * 2 + 1;
        if (child + 1 < p->heap_count && p->heap[child + 1]->deadline < p->heap[child]->deadline) {
            child++;
        }
        if (child >= p->heap_count || p->heap[child]->deadline >= w->deadline) {
            break;
        }
        heap_put(p, at, p->heap[child]);
        at = child;
    }
    heap_put(p, at, w);
}

static void heap_add(struct park *p, struct waiter *w)
{
    if (p->heap_count == p->heap_size) {
        p->heap_size = p->heap_size > 0 ? p->heap_size * 2 : 256;
        p->heap = ck_realloc(p->heap, p->heap_size * sizeof(void *));
    }
    heap_up(p, p->heap_count++, w);
}

static void heap_remove(struct park *p, struct waiter *w)
{
    struct waiter *last = p->heap[--p->heap_count];
    if (last != w) {
        size_t at = w->heap_at;
        heap_down(p, at, last);
        heap_up(p, last->heap_at, last);
    }
}

static void set_deadline(struct park *p, struct waiter *w, int64_t deadline)
{
    heap_remove(p, w);
    w->deadline = deadline;
    heap_add(p, w);
}

/* ---- asks ---- */

static size_t query_size(const struct query *q)
{
    return offsetof(struct query, rooms) + q->count * sizeof q->rooms[0];
}

static struct query *copy_query(const struct query *q)
{
    struct query *copy = ck_calloc(1, query_size(q));
    memcpy(copy, q, query_size(q));
    return copy;
}

/* query_parse zeroes the whole struct and strings in it are padded with zeros, so equal questions are equal bytes. */
static uint32_t hash_of(const struct query *q, const char *common)
{
    const unsigned char *bytes = (const unsigned char *)q;
    uint32_t hash = 2166136261U; /* FNV-1a (Fowler, Noll, Vo) */
    for (size_t i = 0; i < query_size(q); i++) {
        hash = (hash ^ bytes[i]) * 16777619U;
    }
    for (; *common != '\0'; common++) {
        hash = (hash ^ (unsigned char)*common) * 16777619U;
    }
    return hash;
}

static bool is_same(const struct ask *a, uint32_t hash, const struct query *q, const char *common)
{
    return a->hash == hash && query_size(&a->query) == query_size(q) && memcmp(&a->query, q, query_size(q)) == 0 &&
           strcmp(a->common, common) == 0;
}

static struct ask *find_or_make(struct park *p, const struct query *q, const char *common)
{
    uint32_t hash = hash_of(q, common);
    struct ask **bucket = &p->buckets[hash % BUCKETS];
    for (struct ask *a = *bucket; a != NULL; a = a->next_in_bucket) {
        if (is_same(a, hash, q, common)) {
            return a;
        }
    }
    struct ask *a = ck_calloc(1, offsetof(struct ask, query) + query_size(q));
    memcpy(&a->query, q, query_size(q));
    a->common = ck_strdup(common);
    a->hash = hash;
    a->next_in_bucket = *bucket;
    *bucket = a;
    a->next = p->asks;
    if (p->asks != NULL) {
        p->asks->previous = a;
    }
    p->asks = a;
    return a;
}

static void ask_free(struct park *p, struct ask *a)
{
    struct ask **at = &p->buckets[a->hash % BUCKETS];
    while (*at != a) {
        at = &(*at)->next_in_bucket;
    }
    *at = a->next_in_bucket;
    *(a->previous != NULL ? &a->previous->next : &p->asks) = a->next;
    if (a->next != NULL) {
        a->next->previous = a->previous;
    }
    free(a->common);
    free(a);
}

/* ---- places ---- */

enum { NOT_COUNTED = 0 };

static void give_place_back(struct park *p, uint16_t client)
{
    if (client != NOT_COUNTED) {
        atomic_fetch_sub(&p->clients[client], 1);
    }
    atomic_fetch_sub(&p->count, 1);
}

static bool take_place(struct park *p, uint16_t client)
{
    bool fits = atomic_fetch_add(&p->count, 1) < p->options.most;
    if (client != NOT_COUNTED && atomic_fetch_add(&p->clients[client], 1) >= p->options.most_per_client) {
        fits = false;
    }
    if (!fits) {
        give_place_back(p, client);
    }
    return fits;
}

/* ---- waiters ---- */

/* It waits no longer. To be called before a byte of the answer is written: a web server that has the answer may send its next
 * request at once, and that one must find the place free. */
static void stop_waiting(struct park *p, struct waiter *w)
{
    struct ask *a = w->ask;
    if (a == NULL) {
        return;
    }
    *(w->previous != NULL ? &w->previous->next : &a->waiters) = w->next;
    if (w->next != NULL) {
        w->next->previous = w->previous;
    }
    w->ask = NULL;
    if (a->waiters == NULL) {
        ask_free(p, a);
    }
    atomic_fetch_sub(&p->unanswered, 1);
    if (w->token >= 0) {
        p->options.left(p->options.context, w->token);
    }
}

static void release_blob(struct blob *b)
{
    if (b != NULL && --b->users == 0) {
        free(b);
    }
}

static void end_waiter(struct park *p, struct waiter *w)
{
    stop_waiting(p, w);
    heap_remove(p, w);
    release_blob(w->rest);
    close(w->held.connection);
    give_place_back(p, w->client);
    free(w);
}

/* What the peer doesn't take at once is written when it can be, for a while; so a slow one holds up nobody. */
static void answer(struct park *p, struct waiter *w, struct blob *b)
{
    stop_waiting(p, w);
    long count = held_write(&w->held, b->bytes, b->length);
    if (count < 0 || (size_t)count == b->length) {
        end_waiter(p, w);
        return;
    }
    w->rest = b;
    b->users++;
    w->written = (size_t)count;
    set_deadline(p, w, clock_mono_ms() + WRITE_LIMIT_MS);
    loop_want_write(p->loop, w->held.connection, w, true);
}

static void write_rest(struct park *p, struct waiter *w)
{
    long count = held_write(&w->held, w->rest->bytes + w->written, w->rest->length - w->written);
    w->written += count > 0 ? (size_t)count : 0;
    if (count < 0 || w->written == w->rest->length) {
        end_waiter(p, w);
    }
}

static struct blob *make_blob(const struct web_reply *r, const char *common, uint16_t id)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    web_render_held(&bytes, id, r, common, true);
    struct blob *b = ck_malloc(sizeof *b + bytes.length);
    b->users = 1;
    b->length = bytes.length;
    memcpy(b->bytes, bytes.bytes, bytes.length);
    buf_fini(&bytes);
    return b;
}

/* Answers every waiter of the ask, which is freed with the last one. Web servers number all their requests 1, so the bytes are
 * nearly always the same; another number gets its own. */
static void answer_all(struct park *p, struct ask *a, const struct web_reply *r)
{
    struct blob *b = NULL;
    uint16_t id = 0;
    char *common = ck_strdup(a->common);
    struct waiter *next = NULL;
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (b == NULL || w->held.id != id) {
            release_blob(b);
            id = w->held.id;
            b = make_blob(r, common, id);
        }
        answer(p, w, b);
    }
    release_blob(b);
    free(common);
}

static void look(struct park *p, struct ask *a, bool final)
{
    struct web_reply r;
    web_reply_init(&r, 200);
    if (p->options.render(p->options.context, &a->query, final, &r) > 0) {
        answer_all(p, a, &r);
    }
    web_reply_fini(&r);
}

static void look_at_all(struct park *p, bool final)
{
    struct ask *next = NULL;
    for (struct ask *a = p->asks; a != NULL; a = next) {
        next = a->next; /* answering frees a, never another one */
        look(p, a, final);
    }
}

/* ---- time ---- */

/* One waiter's time is up; the others of its ask wait on. */
static void time_is_up(struct park *p, struct waiter *w)
{
    struct web_reply r;
    if (w->ask == NULL) {
        end_waiter(p, w); /* its peer didn't take the answer */
        return;
    }
    web_reply_init(&r, 200);
    if (p->options.render(p->options.context, &w->ask->query, true, &r) > 0) {
        struct blob *b = make_blob(&r, w->ask->common, w->held.id);
        answer(p, w, b);
        release_blob(b);
    } else {
        end_waiter(p, w);
    }
    web_reply_fini(&r);
}

static int ms_to_next_deadline(const struct park *p)
{
    if (p->heap_count == 0) {
        return LONGEST_SLEEP_MS;
    }
    int64_t left = p->heap[0]->deadline - clock_mono_ms();
    return left < 0 ? 0 : left < LONGEST_SLEEP_MS ? (int)left : LONGEST_SLEEP_MS;
}

static void end_those_whose_time_is_up(struct park *p)
{
    int64_t now = clock_mono_ms();
    while (p->heap_count > 0 && p->heap[0]->deadline <= now) {
        time_is_up(p, p->heap[0]);
    }
}

/* ---- the thread ---- */

static void seat(struct park *p, struct newcomer *n)
{
    struct waiter *w = n->waiter;
    struct ask *a = find_or_make(p, n->query, n->common);
    w->ask = a;
    w->next = a->waiters;
    if (a->waiters != NULL) {
        a->waiters->previous = w;
    }
    a->waiters = w;
    heap_add(p, w);
    if (loop_add(p->loop, w->held.connection, w, NULL) != 0) {
        time_is_up(p, w); /* out of memory in the kernel: answered at once */
        return;
    }
    look(p, a, false);
}

static void seat_newcomers(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    struct newcomer *n = p->newcomers;
    p->newcomers = NULL;
    pthread_mutex_unlock(&p->lock);
    while (n != NULL) {
        struct newcomer *next = n->next;
        seat(p, n);
        free(n->query);
        free(n->common);
        free(n);
        n = next;
    }
}

static void handle_event(struct park *p, const struct loop_event *event)
{
    struct waiter *w = event->tag;
    if (w == NULL) {
        return;
    }
    if ((event->what & LOOP_HANGUP) != 0) {
        end_waiter(p, w);
    } else if (w->rest != NULL) {
        write_rest(p, w);
    }
}

static bool is_stopping(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    bool stopping = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return stopping;
}

static void *run(void *argument)
{
    struct park *p = argument;
    struct loop_event events[EVENTS];
    bool stopping = false;
    while (!stopping || atomic_load(&p->count) > 0) {
        size_t count = loop_wait(p->loop, ms_to_next_deadline(p), events, EVENTS);
        for (size_t i = 0; i < count; i++) {
            handle_event(p, &events[i]);
        }
        stopping = is_stopping(p);
        seat_newcomers(p);
        if (atomic_exchange(&p->rung, false) || stopping) {
            look_at_all(p, stopping);
        }
        end_those_whose_time_is_up(p);
    }
    return NULL;
}

struct park *park_new(const struct park_options *options, struct err *e)
{
    struct loop *loop = loop_new(e);
    if (loop == NULL) {
        return NULL;
    }
    struct park *p = ck_calloc(1, sizeof *p);
    p->options = *options;
    p->loop = loop;
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, run, p) != 0) {
        err_set(e, ERR_SYSTEM, "A thread for waiting requests can't be started.");
        pthread_mutex_destroy(&p->lock);
        loop_free(loop);
        free(p);
        return NULL;
    }
    return p;
}

static uint16_t client_of(const struct web_exchange *x)
{
    const char *address = web_variable(x, "REMOTE_ADDR");
    uint32_t hash = 2166136261U;
    if (address == NULL || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0) {
        return NOT_COUNTED; /* a proxy on this machine: all clients would share one count */
    }
    for (; *address != '\0'; address++) {
        hash = (hash ^ (unsigned char)*address) * 16777619U;
    }
    return (uint16_t)((hash ^ hash >> 16) % (CLIENTS - 1) + 1);
}

/* At most a tenth earlier. */
static int64_t jitter_ms(unsigned wait_s)
{
    uint32_t random = 0;
    CK(getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random);
    return (int64_t)(random % (wait_s * 100 + 1));
}

bool park_add(struct park *p, struct web_exchange *x, const struct query *q, int token)
{
    uint16_t client = client_of(x);
    if (!take_place(p, client)) {
        return false;
    }
    if (is_stopping(p)) { /* asked after the place is taken: the thread stays until the last place is free */
        give_place_back(p, client);
        loop_wake(p->loop);
        return false;
    }
    struct newcomer *n = ck_calloc(1, sizeof *n);
    n->waiter = ck_calloc(1, sizeof *n->waiter);
    n->query = copy_query(q);
    n->common = ck_strdup(web_common_headers(x));
    n->waiter->client = client;
    n->waiter->token = token;
    n->waiter->deadline = clock_mono_ms() + (int64_t)q->wait * 1000 - jitter_ms(q->wait);
    n->waiter->held = web_hold(x);
    atomic_fetch_add(&p->unanswered, 1);
    pthread_mutex_lock(&p->lock);
    n->next = p->newcomers;
    p->newcomers = n;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->loop);
    return true;
}

void park_ring(struct park *p)
{
    if (!atomic_exchange(&p->rung, true)) {
        loop_wake(p->loop);
    }
}

size_t park_count(const struct park *p)
{
    return atomic_load(&p->count);
}

size_t park_unanswered(const struct park *p)
{
    return atomic_load(&p->unanswered);
}

void park_stop(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->loop);
    pthread_join(p->thread, NULL);
}

void park_free(struct park *p)
{
    if (p != NULL) {
        loop_free(p->loop);
        pthread_mutex_destroy(&p->lock);
        free(p->heap);
        free(p);
    }
}
