/* park.c - see park.h.
 *
 * One thread owns asks, waiters and deadlines; other threads only put newcomers into a list and wake the loop.
 * A newcomer's ask is looked at when it arrives: what was committed between the handler's look and that moment isn't missed.
 */
#include "wait/park.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/deadlines.h"
#include "base/err.h"
#include "system/loop.h"
#include "wait/private/questions.h"
#include "wait/private/wait_limit.h"
#include "wait/private/waiters.h"
#include "web/detach.h"
#include "web/fcgi_request.h"
#include "web/reply.h"
#include "web/request.h"
#include "web/shared_output.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS = 256,
    TURN_MS = 5, /* time slice for streams that catch up, between two checks for news */
    STOP_MS = 1000,
    STOP_LOOK_MS = 10,
    LONGEST_SLEEP_MS = 60000,
};

struct newcomer {
    struct waiter *waiter;
    struct query *query;
    char *common;
    struct buf opening; /* a stream's first bytes */
    struct newcomer *next;
};

/* ---- polls ---- */

static void answer(struct park *p, struct waiter *w, struct shared_output *m)
{
    waiters_stop(p, w);
    waiters_tell(p, w, m);
}

/* Answers every waiter of the ask, which goes with the last one; or one of them only. */
static void answer_poll(struct park *p, struct question *a, struct waiter *only, const struct reply *r)
{
    struct buf plain;
    struct shared_output m = {.plain = &plain, .last = true};
    buf_init(&plain, BUF_UNLIMITED);
    reply_render(&plain, r, a->common);
    struct waiter *next = NULL;
    for (struct waiter *w = only != NULL ? only : a->waiters; w != NULL; w = next) {
        next = only != NULL ? NULL : w->next;
        reply_count(r->status);
        answer(p, w, &m);
    }
    shared_output_fini(&m);
    buf_fini(&plain);
}

/* only: one waiter of the ask, or NULL for all. False: there was nothing to answer. */
static bool look_for_polls(struct park *p, struct question *a, struct waiter *only, bool final)
{
    struct reply r;
    reply_init(&r, 200);
    bool found = p->options.render(p->options.context, &a->query, final, &r) > 0;
    if (found) {
        answer_poll(p, a, only, &r);
    }
    reply_fini(&r);
    return found;
}

/* ---- streams ---- */

/* Sends m to all who have taken everything before it, and moves them to the ask of what comes next; the others stay, with their position. */
static struct question *tell_streams(struct park *p, struct question *a, const struct query *now,
                                     struct shared_output *m)
{
    struct question *target = questions_get(&p->questions, now, a->common);
    struct waiter *next = NULL;
    CK(target != a); /* news moves the position */
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes == NULL && waiters_tell(p, w, m)) {
            waiters_leave_question(p, w);
            waiters_join_question(w, target);
        }
    }
    if (target->waiters == NULL) {
        questions_drop(&p->questions, target);
        return NULL;
    }
    return target;
}

/* Ends all of them: after m, or where bytes are waiting already at once, in the middle. */
static void end_streams(struct park *p, struct question *a, const struct buf *events)
{
    struct shared_output m = {.plain = events, .last = true};
    struct waiter *next = NULL;
    for (struct waiter *w = a->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->unsent.bytes != NULL) {
            waiters_end(p, w);
        } else {
            answer(p, w, &m);
        }
    }
    shared_output_fini(&m);
}

static bool has_ready(const struct question *a)
{
    const struct waiter *w = a->waiters;
    while (w != NULL && w->unsent.bytes != NULL) {
        w = w->next;
    }
    return w != NULL;
}

/* False: there is nothing new. */
static bool look_for_streams(struct park *p, struct question *a)
{
    struct buf events;
    struct shared_output m = {.plain = &events};
    if (!has_ready(a)) {
        return false;
    }
    struct query *now = questions_copy_query(&a->query);
    buf_init(&events, BUF_UNLIMITED);
    enum park_news news = p->options.events(p->options.context, now, &events);
    if (news == PARK_END) {
        end_streams(p, a, &events);
    } else if (news != PARK_NOTHING) {
        struct question *target = tell_streams(p, a, now, &m);
        if (news == PARK_MORE && target != NULL) {
            questions_mark(&p->questions, target);
        }
    }
    shared_output_fini(&m);
    buf_fini(&events);
    free(now);
    return news != PARK_NOTHING;
}

/* The stream's time is up, or it is time for a sign of life. */
static void beat(struct park *p, struct waiter *w)
{
    struct buf bytes;
    struct shared_output m = {.plain = &bytes, .last = clock_mono_ms() >= w->over_at};
    buf_init(&bytes, BUF_UNLIMITED);
    if (m.last) {
        answer(p, w, &m);
    } else if (waiters_next_beat(p, w) > w->due.at) { /* it was told something since its deadline was set */
        deadlines_move(&p->deadlines, &w->due, waiters_next_beat(p, w));
    } else {
        deadlines_move(&p->deadlines, &w->due, waiters_beat_after(p, w, clock_mono_ms()));
        if (!look_for_streams(p, w->question)) {
            p->options.heartbeat(p->options.context, &w->question->query, &bytes);
            if (bytes.length > 0 && waiters_tell(p, w, &m) && w->unsent.bytes == NULL) {
                deadlines_move(&p->deadlines, &w->due, waiters_next_beat(p, w));
            }
        }
    }
    shared_output_fini(&m);
    buf_fini(&bytes);
}

/* ---- both ---- */

static void look(struct park *p, struct question *a)
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
    struct question *next = NULL;
    for (struct question *a = p->questions.first; a != NULL; a = next) {
        next = a->next;
        if (!a->marked) {
            look(p, a);
        }
    }
}

static void look_at_marked(struct park *p)
{
    int64_t end = clock_mono_ms() + TURN_MS;
    struct question *a = NULL;
    while (clock_mono_ms() < end && (a = questions_take_marked(&p->questions)) != NULL) {
        look(p, a);
    }
}

/* Polls are answered as things are; streams end where they are, which is where their clients go on. */
static void end_all(struct park *p)
{
    static const struct buf nothing = {0};
    struct question *next = NULL;
    for (struct question *a = p->questions.first; a != NULL; a = next) {
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
    if (w->unsent.bytes != NULL) {
        waiters_look_at_slow(p, w);
    } else if (w->over_at != 0) {
        beat(p, w);
    } else if (!look_for_polls(p, w->question, w, true)) { /* of a poll's ask the others wait on */
        waiters_end(p, w);                                 /* there is no answer */
    }
}

static int ms_to_next_deadline(const struct park *p)
{
    const struct deadline *first = deadlines_first(&p->deadlines);
    int64_t left = first != NULL ? first->at - clock_mono_ms() : LONGEST_SLEEP_MS;
    return left < 0 || p->questions.first_marked != NULL ? 0 : (int)(left < LONGEST_SLEEP_MS ? left : LONGEST_SLEEP_MS);
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
    struct shared_output m = {.plain = &n->opening};
    waiters_join_question(w, questions_get(&p->questions, n->query, n->common));
    deadlines_add(&p->deadlines, &w->due);
    if (loop_add(p->loop, w->request.connection, w, NULL) != 0) { /* out of memory in the kernel */
        if (w->over_at != 0) {
            waiters_end(p, w);
        } else {
            time_is_up(p, w);
        }
    } else if (w->over_at == 0) {
        look(p, w->question);
    } else if (waiters_tell(p, w, &m)) {
        questions_mark(&p->questions, w->question); /* it may be far behind */
    }
    shared_output_fini(&m);
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
        /* The end is written, or a web server that passed its client's hang-up on may log that the
         * program has died (lighttpd). */
        waiters_say_end(w);
        waiters_end(p, w);
    } else if (w->unsent.bytes != NULL) {
        waiters_write_more(p, w);
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
    struct question *next_question = NULL;
    struct waiter *next = NULL;
    for (struct question *a = p->questions.first; a != NULL; a = next_question) {
        next_question = a->next;
        for (struct waiter *w = a->waiters; w != NULL; w = next) {
            next = w->next;
            waiters_end(p, w); /* the last one takes the ask with it */
        }
    }
}

/* Until everybody has gone, or the time is up. */
static void close_down(struct park *p)
{
    struct loop_event events[EVENTS];
    int64_t end = clock_mono_ms() + STOP_MS;
    while (wait_limit_taken(&p->places) > 0 && clock_mono_ms() < end) {
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
            waiters_report_told(p);
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
    wait_limit_init(&p->places, options->most, options->most_per_client);
    questions_init(&p->questions);
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
static struct newcomer *admit(struct park *p, struct request *x, const struct query *q, int token)
{
    uint16_t client = wait_limit_counter(&p->places, request_client(x));
    if (!wait_limit_take(&p->places, client)) {
        return NULL;
    }
    if (is_stopping(p)) { /* asked after the place is taken: the thread stays until the last place is free */
        wait_limit_give_back(&p->places, client);
        loop_wake(p->loop);
        return NULL;
    }
    struct newcomer *n = ck_calloc(1, sizeof *n);
    n->waiter = ck_calloc(1, sizeof *n->waiter);
    n->query = questions_copy_query(q);
    n->common = ck_strdup(detach_headers(x));
    buf_init(&n->opening, BUF_UNLIMITED);
    n->waiter->client = client;
    n->waiter->token = token;
    n->waiter->request = detach_request(x);
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

bool park_add(struct park *p, struct request *x, const struct query *q, int token)
{
    struct newcomer *n = admit(p, x, q, token);
    if (n == NULL) {
        return false;
    }
    n->waiter->due.at = clock_mono_ms() + (int64_t)q->wait * 1000 - deadlines_spread_ms(q->wait);
    hand_over(p, n);
    return true;
}

bool park_stream(struct park *p, struct request *x, const struct query *q, const struct reply *opening,
                 unsigned seconds, int token)
{
    struct newcomer *n = admit(p, x, q, token);
    if (n == NULL) {
        return false;
    }
    reply_render_opening(&n->opening, opening, n->common);
    reply_count(opening->status);
    n->waiter->unsent.moved_at = clock_mono_ms();
    n->waiter->over_at = n->waiter->unsent.moved_at + (int64_t)seconds * 1000 - deadlines_spread_ms(seconds);
    n->waiter->due.at = waiters_next_beat(p, n->waiter);
    hand_over(p, n);
    return true;
}

void park_limit(struct park *p, unsigned most, unsigned most_per_client)
{
    wait_limit_limit(&p->places, most, most_per_client);
}

bool park_has_place(const struct park *p, const struct request *x)
{
    return wait_limit_are_left(&p->places, wait_limit_counter(&p->places, request_client(x)));
}

void park_ring(struct park *p)
{
    if (!atomic_exchange(&p->rung, true)) {
        loop_wake(p->loop);
    }
}

size_t park_count(const struct park *p)
{
    return wait_limit_taken(&p->places);
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
