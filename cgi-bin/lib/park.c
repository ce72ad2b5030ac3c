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
#include "outflow.h"
#include "parcel.h"
#include "places.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    TOLD_TOGETHER = 64,
    STALL_MS = 60000, /* for a stream whose peer takes nothing of what it is sent */
    LOOK_MS = 5000,   /* between two looks whether it did */
    LATE_MS = 60000,  /* for one that has not taken everything when its time is up */
    TURN_MS = 5,      /* for those who catch up, before it is looked for news of the others again */
    STOP_MS = 1000,
    STOP_LOOK_MS = 10,
    LONGEST_SLEEP_MS = 60000,
};

struct waiter {
    struct deadline due; /* first: a deadline is its waiter */
    struct held held;
    int token;
    uint16_t client; /* counter of places.h */
    struct ask *ask; /* NULL once it waits for nothing more */
    struct waiter *next;
    struct waiter *previous;
    int64_t over_at; /* a stream: monotonic ms at which it is ended. 0: a poll */
    int64_t told_at; /* a stream: when it was last sent something, or took some of it */
    /* A stream: what is still to be written, before it can be told more. */
    struct blob *rest;
    size_t written;
    int unread; /* by the peer, at the last look */
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

static void forget(struct park *p, struct waiter *w)
{
    stop_waiting(p, w);
    deadlines_remove(&p->deadlines, &w->due);
    blob_release(w->rest);
    free(w);
}

static void end_waiter(struct park *p, struct waiter *w)
{
    close(w->held.connection);
    places_give_back(&p->places, w->client);
    forget(p, w);
}

static void give_back_place(void *park, uint32_t client)
{
    struct park *p = park;
    places_give_back(&p->places, (uint16_t)client);
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

/* The last that w is told. What the peer doesn't take at once is no longer the park's. */
static void tell_last(struct park *p, struct waiter *w, struct blob *b, size_t written)
{
    const struct outflow_end end = {.done = give_back_place, .context = p, .tag = w->client};
    const struct held held = w->held;
    loop_remove(p->loop, held.connection);
    forget(p, w);
    outflow_send(held, b, written, &end);
}

/* A stream's peer is slow: nobody waits for it. False: w is gone, too much is kept for such already. */
static bool keep_rest(struct park *p, struct waiter *w, struct blob *b, size_t written)
{
    w->rest = blob_keep(b);
    w->written = written;
    w->unread = held_unread(&w->held);
    if (blobs_are_too_many()) {
        end_waiter(p, w);
        return false;
    }
    deadlines_move(&p->deadlines, &w->due, clock_mono_ms() + LOOK_MS);
    loop_want_write(p->loop, w->held.connection, w, true);
    return true;
}

/* w has no rest. False: w is gone. */
static bool tell(struct park *p, struct waiter *w, struct parcel *m)
{
    struct blob *b = parcel_framed(m, w->held.id);
    if (p->woken && ++p->told == TOLD_TOGETHER) {
        report_told(p);
    }
    if (m->last) {
        tell_last(p, w, b, 0);
        return false;
    }
    long count = held_write(&w->held, b->bytes, b->length);
    if (count < 0) {
        end_waiter(p, w);
        return false;
    }
    w->told_at = clock_mono_ms();
    return (size_t)count == b->length || keep_rest(p, w, b, (size_t)count);
}

static void write_rest(struct park *p, struct waiter *w)
{
    long count = held_write(&w->held, w->rest->bytes + w->written, w->rest->length - w->written);
    if (count < 0) {
        end_waiter(p, w);
        return;
    }
    if (count > 0) {
        w->written += (size_t)count;
        w->told_at = clock_mono_ms();
        w->unread = held_unread(&w->held);
    }
    if (w->written == w->rest->length) {
        blob_release(w->rest);
        w->rest = NULL;
        deadlines_move(&p->deadlines, &w->due, next_beat(p, w));
        loop_want_write(p->loop, w->held.connection, w, false);
        asks_mark(&p->asks, w->ask); /* it was left out meanwhile */
    }
}

/* Due: has the peer read anything? Its socket may be full for long while it does, so it is asked how full. */
static void look_at_slow(struct park *p, struct waiter *w)
{
    int64_t now = clock_mono_ms();
    int unread = held_unread(&w->held);
    if (unread < w->unread) {
        w->told_at = now;
        w->unread = unread;
    }
    if (now - w->told_at >= STALL_MS || now - w->over_at >= LATE_MS) {
        end_waiter(p, w);
    } else {
        deadlines_move(&p->deadlines, &w->due, now + LOOK_MS);
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
static void end_streams(struct park *p, struct ask *a, const struct buf *events)
{
    struct parcel m = {.plain = events, .last = true};
    struct waiter *next = NULL;
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->rest != NULL) {
            end_waiter(p, w);
        } else {
            answer(p, w, &m);
        }
    }
    parcel_fini(&m);
}

static bool has_ready(const struct ask *a)
{
    const struct waiter *w = a->waiters;
    while (w != NULL && w->rest != NULL) {
        w = w->next;
    }
    return w != NULL;
}

/* False: there is nothing new. */
static bool look_for_streams(struct park *p, struct ask *a)
{
    struct buf events;
    struct parcel m = {.plain = &events};
    if (!has_ready(a)) {
        return false;
    }
    struct query *now = asks_copy_query(&a->query);
    buf_init(&events, BUF_UNLIMITED);
    enum park_news news = p->options.events(p->options.context, now, &events);
    if (news == PARK_END) {
        end_streams(p, a, &events);
    } else if (news != PARK_NOTHING) {
        struct ask *target = tell_streams(p, a, now, &m);
        if (news == PARK_MORE && target != NULL) {
            asks_mark(&p->asks, target);
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
        if (!look_for_streams(p, w->ask)) {
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

static void look(struct park *p, struct ask *a)
{
    if (a->query.stream) {
        look_for_streams(p, a);
    } else {
        look_for_polls(p, a, NULL, false);
    }
}

/* A look may end its own ask and make a new one, which comes first in the list; it ends no other one. Those who are behind have
 * their turn anyway, and may be many and slow to read: they don't stand before those who wait for this ring. */
static void look_at_all(struct park *p)
{
    struct ask *next = NULL;
    for (struct ask *a = p->asks.first; a != NULL; a = next) {
        next = a->next;
        if (!a->marked) {
            look(p, a);
        }
    }
}

static void look_at_marked(struct park *p)
{
    int64_t end = clock_mono_ms() + TURN_MS;
    struct ask *a = NULL;
    while (clock_mono_ms() < end && (a = asks_take_marked(&p->asks)) != NULL) {
        look(p, a);
    }
}

/* Polls are answered as things are; streams end where they are, which is where their clients go on. */
static void end_all(struct park *p)
{
    static const struct buf nothing = {0};
    struct ask *next = NULL;
    for (struct ask *a = p->asks.first; a != NULL; a = next) {
        next = a->next;
        if (a->query.stream) {
            end_streams(p, a, &nothing);
        } else {
            look_for_polls(p, a, NULL, true);
        }
    }
}

static void time_is_up(struct park *p, struct waiter *w)
{
    if (w->rest != NULL) {
        look_at_slow(p, w);
    } else if (w->over_at != 0) {
        beat(p, w);
    } else if (!look_for_polls(p, w->ask, w, true)) { /* of a poll's ask the others wait on */
        end_waiter(p, w);                             /* there is no answer */
    }
}

static int ms_to_next_deadline(const struct park *p)
{
    const struct deadline *first = deadlines_first(&p->deadlines);
    int64_t left = first != NULL ? first->at - clock_mono_ms() : LONGEST_SLEEP_MS;
    return left < 0 || p->asks.first_marked != NULL ? 0 : (int)earlier(left, LONGEST_SLEEP_MS);
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
    } else if (w->over_at == 0) {
        look(p, w->ask);
    } else if (tell(p, w, &m)) {
        asks_mark(&p->asks, w->ask); /* it may be far behind */
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

static void drop_all(struct park *p)
{
    struct ask *next_ask = NULL;
    struct waiter *next = NULL;
    for (struct ask *a = p->asks.first; a != NULL; a = next_ask) {
        next_ask = a->next;
        for (struct waiter *w = a->waiters; w != NULL; w = next) {
            next = w->next;
            end_waiter(p, w); /* the last one takes the ask with it */
        }
    }
}

/* Until everybody has gone, or the time is up. */
static void close_down(struct park *p)
{
    struct loop_event events[EVENTS];
    int64_t end = clock_mono_ms() + STOP_MS;
    while (places_taken(&p->places) > 0 && clock_mono_ms() < end) {
        seat_newcomers(p); /* who was let in before it was known */
        end_all(p);
        size_t count = loop_wait(p->loop, STOP_LOOK_MS, events, EVENTS);
        for (size_t i = 0; i < count; i++) {
            handle_event(p, &events[i]);
        }
    }
    drop_all(p);
}

static void *run(void *argument)
{
    struct park *p = argument;
    struct loop_event events[EVENTS];
    while (!is_stopping(p)) {
        size_t count = loop_wait(p->loop, ms_to_next_deadline(p), events, EVENTS);
        for (size_t i = 0; i < count; i++) {
            handle_event(p, &events[i]);
        }
        seat_newcomers(p);
        p->woken = atomic_exchange(&p->rung, false);
        if (p->woken) {
            look_at_all(p);
            report_told(p);
        }
        p->woken = false;
        look_at_marked(p);
        end_those_whose_time_is_up(p);
    }
    close_down(p);
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
    asks_init(&p->asks);
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

/* NULL: there is no place. Otherwise x is taken. */
static struct newcomer *admit(struct park *p, struct web_exchange *x, const struct query *q, int token)
{
    uint16_t client = places_counter(&p->places, web_client(x));
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
    n->waiter->due.at = clock_mono_ms() + (int64_t)q->wait * 1000 - deadlines_spread_ms(q->wait);
    hand_over(p, n);
    return true;
}

bool park_stream(struct park *p, struct web_exchange *x, const struct query *q, const struct web_reply *opening,
                 unsigned seconds, int token)
{
    struct newcomer *n = admit(p, x, q, token);
    if (n == NULL) {
        return false;
    }
    web_render_opening(&n->opening, opening, n->common);
    web_answered(opening->status);
    n->waiter->told_at = clock_mono_ms();
    n->waiter->over_at = n->waiter->told_at + (int64_t)seconds * 1000 - deadlines_spread_ms(seconds);
    n->waiter->due.at = next_beat(p, n->waiter);
    hand_over(p, n);
    return true;
}

void park_limit(struct park *p, unsigned most, unsigned most_per_client)
{
    places_limit(&p->places, most, most_per_client);
}

bool park_has_place(const struct park *p, const struct web_exchange *x)
{
    return places_are_left(&p->places, places_counter(&p->places, web_client(x)));
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
