/* park.c - see park.h.
 *
 * One thread owns asks, waiters and deadlines; other threads only put newcomers into a list and wake the loop.
 * A newcomer's ask is looked at when it arrives: what was committed between the handler's look and that moment isn't missed.
 */
#include "park.h"

#include "asks.h"
#include "buf.h"
#include "ck.h"
#include "clock.h"
#include "deadlines.h"
#include "err.h"
#include "held.h"
#include "loop.h"
#include "parcel.h"
#include "places.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    TOLD_TOGETHER = 64,
    WRITE_LIMIT_MS = 10000, /* for a peer that takes nothing of what it is sent */
    LONGEST_SLEEP_MS = 60000,
};

struct waiter {
    struct deadline due; /* first: a deadline is its waiter */
    struct held held;
    int token;
    uint16_t client; /* counter of places.h */
    bool last;       /* it is over when `rest` is written */
    struct ask *ask; /* NULL once it waits for nothing more */
    struct waiter *next;
    struct waiter *previous;
    struct blob *rest; /* what is still to be written */
    size_t written;
    int64_t over_at; /* a stream: monotonic ms at which it is ended. 0: a poll */
    int64_t told_at; /* a stream: when it was last sent something */
};

struct newcomer {
    struct waiter *waiter;
    struct query *query;
    char *common;
    struct buf opening; /* a stream's first bytes */
    struct newcomer *next;
};

struct park {
    struct park_options options;
    struct loop *loop;
    pthread_t thread;
    pthread_mutex_t lock; /* of newcomers and stopping */
    struct newcomer *newcomers;
    bool stopping;
    bool again;  /* some ask is marked to be looked at again */
    bool woken;  /* looking because of a ring */
    size_t told; /* waiters that were written to and not reported yet */
    atomic_bool rung;
    atomic_size_t unanswered;
    struct places places;
    struct asks asks;
    struct deadlines deadlines;
};

/* ---- waiters ---- */

static void link_to(struct waiter **list, struct waiter *w)
{
    w->previous = NULL;
    w->next = *list;
    if (*list != NULL) {
        (*list)->previous = w;
    }
    *list = w;
}

static void unlink_from(struct waiter **list, const struct waiter *w)
{
    *(w->previous != NULL ? &w->previous->next : list) = w->next;
    if (w->next != NULL) {
        w->next->previous = w->previous;
    }
}

static void leave_ask(struct park *p, struct waiter *w)
{
    struct ask *a = w->ask;
    unlink_from(&a->waiters, w);
    w->ask = NULL;
    if (a->waiters == NULL) {
        asks_drop(&p->asks, a);
    }
}

static void join_ask(struct waiter *w, struct ask *a)
{
    w->ask = a;
    link_to(&a->waiters, w);
}

/* It waits no longer. To be called before a byte of the answer is written: a web server that has the answer may send its next
 * request at once, and that one must find the place free. */
static void stop_waiting(struct park *p, struct waiter *w)
{
    if (w->ask == NULL) {
        return;
    }
    leave_ask(p, w);
    atomic_fetch_sub(&p->unanswered, 1);
    p->options.left(p->options.context, w->over_at != 0, w->token);
}

static void end_waiter(struct park *p, struct waiter *w)
{
    stop_waiting(p, w);
    deadlines_remove(&p->deadlines, &w->due);
    blob_release(w->rest);
    close(w->held.connection);
    places_give_back(&p->places, w->client);
    free(w);
}

/* The end of the request, where nothing else waits to be written. */
static void say_end(const struct waiter *w)
{
    struct buf end;
    buf_init(&end, BUF_UNLIMITED);
    held_end(&end, w->held.id);
    if (w->rest == NULL) {
        held_write(&w->held, end.bytes, end.length);
    }
    buf_fini(&end);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When a stream has to be looked at next, if nothing comes. */
static int64_t next_beat(const struct park *p, const struct waiter *w)
{
    return earlier(w->told_at + p->options.heartbeat_ms, w->over_at);
}

static void report_told(struct park *p)
{
    if (p->told > 0) {
        p->options.told(p->options.context, p->told);
        p->told = 0;
    }
}

/* What the peer doesn't take at once is written when it can be, for a while; so a slow one holds up nobody. w has no rest. False: w
 * is gone. */
static bool tell(struct park *p, struct waiter *w, struct parcel *m)
{
    struct blob *b = parcel_framed(m, w->held.id);
    long count = held_write(&w->held, b->bytes, b->length);
    w->last = m->last;
    if (p->woken && ++p->told == TOLD_TOGETHER) {
        report_told(p);
    }
    if (count < 0 || (m->last && (size_t)count == b->length)) {
        end_waiter(p, w);
        return false;
    }
    w->told_at = clock_mono_ms();
    if ((size_t)count < b->length) {
        w->rest = blob_keep(b);
        w->written = (size_t)count;
        deadlines_move(&p->deadlines, &w->due, w->told_at + WRITE_LIMIT_MS);
        loop_want_write(p->loop, w->held.connection, w, true);
    }
    return true;
}

static void mark_again(struct park *p, struct ask *a)
{
    a->again = true;
    p->again = true;
}

static void write_rest(struct park *p, struct waiter *w)
{
    long count = held_write(&w->held, w->rest->bytes + w->written, w->rest->length - w->written);
    w->written += count > 0 ? (size_t)count : 0;
    if (count < 0) {
        end_waiter(p, w);
        return;
    }
    if (w->written < w->rest->length) {
        if (count > 0) { /* slow, but it reads */
            deadlines_move(&p->deadlines, &w->due, clock_mono_ms() + WRITE_LIMIT_MS);
        }
        return;
    }
    blob_release(w->rest);
    w->rest = NULL;
    if (w->last) {
        end_waiter(p, w);
    } else {
        w->told_at = clock_mono_ms();
        deadlines_move(&p->deadlines, &w->due, next_beat(p, w));
        loop_want_write(p->loop, w->held.connection, w, false);
        mark_again(p, w->ask); /* it was left out meanwhile */
    }
}

/* ---- polls ---- */

static void answer(struct park *p, struct waiter *w, struct parcel *m)
{
    stop_waiting(p, w);
    tell(p, w, m);
}

/* Answers every waiter of the ask, which goes with the last one; or one of them only. */
static void answer_poll(struct park *p, struct ask *a, struct waiter *only, const struct web_reply *r)
{
    struct buf plain;
    struct parcel m = {.plain = &plain, .last = true};
    buf_init(&plain, BUF_UNLIMITED);
    web_render(&plain, r, a->common);
    struct waiter *next = NULL;
    for (struct waiter *w = only != NULL ? only : a->waiters; w != NULL; w = next) {
        next = only != NULL ? NULL : w->next;
        web_answered(r->status);
        answer(p, w, &m);
    }
    parcel_fini(&m);
    buf_fini(&plain);
}

/* only: one waiter of the ask, or NULL for all. False: there was nothing to answer. */
static bool look_for_polls(struct park *p, struct ask *a, struct waiter *only, bool final)
{
    struct web_reply r;
    web_reply_init(&r, 200);
    bool found = p->options.render(p->options.context, &a->query, final, &r) > 0;
    if (found) {
        answer_poll(p, a, only, &r);
    }
    web_reply_fini(&r);
    return found;
}

/* ---- streams ---- */

/* Sends m to all who have taken everything before it, and moves them to the ask of what comes next; the others stay, with their position. */
static struct ask *tell_streams(struct park *p, struct ask *a, const struct query *now, struct parcel *m)
{
    struct ask *target = asks_get(&p->asks, now, a->common);
    struct waiter *next = NULL;
    CK(target != a); /* news moves the position */
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->rest == NULL && tell(p, w, m)) {
            leave_ask(p, w);
            join_ask(w, target);
        }
    }
    if (target->waiters == NULL) {
        asks_drop(&p->asks, target);
        return NULL;
    }
    return target;
}

/* Ends all of them: after m, or where bytes are waiting already at once, in the middle. */
static void end_streams(struct park *p, struct ask *a, struct parcel *m)
{
    struct waiter *next = NULL;
    m->last = true;
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->rest != NULL) {
            end_waiter(p, w);
        } else {
            answer(p, w, m);
        }
    }
}

static bool has_ready(const struct ask *a)
{
    const struct waiter *w = a->waiters;
    while (w != NULL && w->rest != NULL) {
        w = w->next;
    }
    return w != NULL;
}

static bool look_for_streams(struct park *p, struct ask *a, bool final)
{
    struct buf events;
    struct parcel m = {.plain = &events};
    if (!final && !has_ready(a)) {
        return false;
    }
    struct query *now = asks_copy_query(&a->query);
    buf_init(&events, BUF_UNLIMITED);
    enum park_news news = p->options.events(p->options.context, now, &events);
    if (final || news == PARK_END) {
        end_streams(p, a, &m);
    } else if (news != PARK_NOTHING) {
        struct ask *target = tell_streams(p, a, now, &m);
        if (news == PARK_MORE && target != NULL) {
            mark_again(p, target);
        }
    }
    parcel_fini(&m);
    buf_fini(&events);
    free(now);
    return news != PARK_NOTHING;
}

/* The stream's time is up, or it is time for a sign of life. */
static void beat(struct park *p, struct waiter *w)
{
    struct buf bytes;
    struct parcel m = {.plain = &bytes, .last = clock_mono_ms() >= w->over_at};
    buf_init(&bytes, BUF_UNLIMITED);
    if (m.last) {
        answer(p, w, &m);
    } else if (next_beat(p, w) > w->due.at) { /* it was told something since its deadline was set */
        deadlines_move(&p->deadlines, &w->due, next_beat(p, w));
    } else {
        deadlines_move(&p->deadlines, &w->due, earlier(clock_mono_ms() + p->options.heartbeat_ms, w->over_at));
        if (!look_for_streams(p, w->ask, false)) {
            p->options.heartbeat(p->options.context, &w->ask->query, &bytes);
            if (bytes.length > 0 && tell(p, w, &m) && w->rest == NULL) {
                deadlines_move(&p->deadlines, &w->due, next_beat(p, w));
            }
        }
    }
    parcel_fini(&m);
    buf_fini(&bytes);
}

/* ---- both ---- */

static void look(struct park *p, struct ask *a, bool final)
{
    if (a->query.stream) {
        look_for_streams(p, a, final);
    } else {
        look_for_polls(p, a, NULL, final);
    }
}

/* A look may end its own ask and make a new one, which comes first in the list; it ends no other one. */
static void look_at_all(struct park *p, bool final)
{
    struct ask *next = NULL;
    for (struct ask *a = p->asks.first; a != NULL; a = next) {
        next = a->next;
        look(p, a, final);
    }
}

static void look_at_marked(struct park *p)
{
    struct ask *next = NULL;
    p->again = false;
    for (struct ask *a = p->asks.first; a != NULL; a = next) {
        next = a->next;
        if (a->again) {
            a->again = false;
            look(p, a, false);
        }
    }
}

static void time_is_up(struct park *p, struct waiter *w)
{
    if (w->rest == NULL && w->over_at != 0) {
        beat(p, w);
    } else if (w->rest != NULL || !look_for_polls(p, w->ask, w, true)) { /* of a poll's ask the others wait on */
        end_waiter(p, w); /* its peer didn't take what it was sent, or there is no answer */
    }
}

static int ms_to_next_deadline(const struct park *p)
{
    const struct deadline *first = deadlines_first(&p->deadlines);
    if (p->again) {
        return 0;
    }
    int64_t left = first != NULL ? first->at - clock_mono_ms() : LONGEST_SLEEP_MS;
    return left < 0 ? 0 : (int)earlier(left, LONGEST_SLEEP_MS);
}

static void end_those_whose_time_is_up(struct park *p)
{
    int64_t now = clock_mono_ms();
    struct deadline *first = NULL;
    while ((first = deadlines_first(&p->deadlines)) != NULL && first->at <= now) {
        time_is_up(p, (struct waiter *)first);
    }
}

/* ---- the thread ---- */

static void seat(struct park *p, struct newcomer *n)
{
    struct waiter *w = n->waiter;
    struct parcel m = {.plain = &n->opening};
    join_ask(w, asks_get(&p->asks, n->query, n->common));
    deadlines_add(&p->deadlines, &w->due);
    if (loop_add(p->loop, w->held.connection, w, NULL) != 0) { /* out of memory in the kernel */
        if (w->over_at != 0) {
            end_waiter(p, w);
        } else {
            time_is_up(p, w);
        }
    } else if (w->over_at == 0 || tell(p, w, &m)) {
        look(p, w->ask, false);
    }
    parcel_fini(&m);
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
        buf_fini(&n->opening);
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
        say_end(w); /* or a web server that told of its client's leaving may log that the program has died (lighttpd) */
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
    while (!stopping || places_taken(&p->places) > 0) {
        size_t count = loop_wait(p->loop, ms_to_next_deadline(p), events, EVENTS);
        for (size_t i = 0; i < count; i++) {
            handle_event(p, &events[i]);
        }
        stopping = is_stopping(p);
        seat_newcomers(p);
        look_at_marked(p);
        p->woken = atomic_exchange(&p->rung, false);
        if (p->woken || stopping) {
            look_at_all(p, stopping);
            report_told(p);
        }
        p->woken = false;
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
    places_init(&p->places, options->most, options->most_per_client);
    deadlines_init(&p->deadlines);
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

/* At most a tenth. */
static int64_t jitter_ms(unsigned seconds)
{
    uint32_t random = 0;
    CK(getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random);
    return (int64_t)(random % (seconds * 100 + 1));
}

/* NULL: there is no place. Otherwise x is taken. */
static struct newcomer *admit(struct park *p, struct web_exchange *x, const struct query *q, int token)
{
    uint16_t client = places_counter(web_variable(x, "REMOTE_ADDR"));
    if (!places_take(&p->places, client)) {
        return NULL;
    }
    if (is_stopping(p)) { /* asked after the place is taken: the thread stays until the last place is free */
        places_give_back(&p->places, client);
        loop_wake(p->loop);
        return NULL;
    }
    struct newcomer *n = ck_calloc(1, sizeof *n);
    n->waiter = ck_calloc(1, sizeof *n->waiter);
    n->query = asks_copy_query(q);
    n->common = ck_strdup(web_common_headers(x));
    buf_init(&n->opening, BUF_UNLIMITED);
    n->waiter->client = client;
    n->waiter->token = token;
    n->waiter->held = web_hold(x);
    return n;
}

static void hand_over(struct park *p, struct newcomer *n)
{
    atomic_fetch_add(&p->unanswered, 1);
    pthread_mutex_lock(&p->lock);
    n->next = p->newcomers;
    p->newcomers = n;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->loop);
}

bool park_add(struct park *p, struct web_exchange *x, const struct query *q, int token)
{
    struct newcomer *n = admit(p, x, q, token);
    if (n == NULL) {
        return false;
    }
    n->waiter->due.at = clock_mono_ms() + (int64_t)q->wait * 1000 - jitter_ms(q->wait);
    hand_over(p, n);
    return true;
}

bool park_stream(struct park *p, struct web_exchange *x, const struct query *q, const struct web_reply *opening,
                 unsigned seconds)
{
    struct newcomer *n = admit(p, x, q, -1);
    if (n == NULL) {
        return false;
    }
    web_render_opening(&n->opening, opening, n->common);
    web_answered(opening->status);
    n->waiter->told_at = clock_mono_ms();
    n->waiter->over_at = n->waiter->told_at + (int64_t)seconds * 1000 - jitter_ms(seconds);
    n->waiter->due.at = next_beat(p, n->waiter);
    hand_over(p, n);
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
    return places_taken(&p->places);
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
        deadlines_fini(&p->deadlines);
        free(p);
    }
}
