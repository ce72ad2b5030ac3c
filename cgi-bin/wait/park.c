/* park.c - see park.h.
 *
 * One thread owns the questions, the waiters and their deadlines; other threads only put newcomers
 * into a list and wake the loop. The thread looks for news for a newcomer's question when it
 * arrives, so what was committed between the handler's look and that moment isn't missed.
 */
#include "wait/private/park.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/deadlines.h"
#include "base/err.h"
#include "chat/query.h"
#include "system/loop.h"
#include "wait/private/look.h"
#include "wait/private/waiters.h"
#include "web/detach.h"
#include "web/reply.h"
#include "web/request.h"
#include "web/shared_bytes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    EVENTS = 256,
    STOP_MS = 1000,
    STOP_LOOK_MS = 10,
    LONGEST_SLEEP_MS = 60000,
};

/* A request on its way to the park's thread. */
struct newcomer {
    struct waiter *waiter;
    struct query *query;
    char *common;       /* header lines of its answers */
    struct buf opening; /* a stream's first bytes */
    struct newcomer *next;
};

struct park {
    struct waiters all; /* of the thread */
    pthread_t thread;
    pthread_mutex_t lock; /* of newcomers and stopping */
    struct newcomer *newcomers;
    bool stopping;
    atomic_bool rung;
};

/* ---- the thread ---- */

/* Takes the bytes of the opening. */
static void open_stream(struct waiters *all, struct waiter *w, struct buf *opening)
{
    struct fcgi_output output;
    fcgi_output_init(&output, false);
    buf_move(&output.body, opening);
    struct shared_bytes *b = shared_bytes_new(&output);
    if (waiters_tell(all, w, b)) {
        questions_mark(&all->questions, w->question); /* much may be newer than its position */
    }
    shared_bytes_release(b);
}

static void seat(struct park *p, struct newcomer *n)
{
    struct waiters *all = &p->all;
    struct waiter *w = n->waiter;
    bool is_stream = w->over_at != 0;
    waiters_join_question(w, questions_get(&all->questions, n->query, n->common));
    deadlines_add(&all->deadlines, &w->due);
    bool is_watched = loop_add(all->loop, w->request.connection, w, NULL) == 0;
    if (!is_watched && is_stream) { /* the kernel is out of memory */
        waiters_end(all, w);
    } else if (!is_watched) {
        look_at_waiter(all, w); /* it is answered now */
    } else if (!is_stream) {
        look_at(all, w->question);
    } else {
        open_stream(all, w, &n->opening);
    }
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

static void handle_event(struct waiters *all, const struct loop_event *event)
{
    struct waiter *w = event->tag;
    if (w == NULL) {
        return;
    }
    if ((event->what & LOOP_INPUT) != 0) {
        /* The end of the request is written first: without it, a web server that passed on its
         * client's hang-up may log that the program has died (lighttpd). */
        waiters_say_end(w);
        waiters_end(all, w);
    } else if (w->unsent.bytes != NULL) {
        waiters_write_more(all, w);
    }
}

static void handle_events(struct waiters *all, int timeout_ms)
{
    struct loop_event events[EVENTS];
    size_t count = loop_wait(all->loop, timeout_ms, events, EVENTS);
    for (size_t i = 0; i < count; i++) {
        handle_event(all, &events[i]);
    }
}

static int ms_to_next_deadline(const struct waiters *all)
{
    const struct deadline *first = deadlines_first(&all->deadlines);
    int64_t left = first != NULL ? first->at - clock_mono_ms() : LONGEST_SLEEP_MS;
    if (left < 0 || all->questions.first_marked != NULL) {
        return 0;
    }
    return (int)(left < LONGEST_SLEEP_MS ? left : LONGEST_SLEEP_MS);
}

static bool is_stopping(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    bool stopping = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return stopping;
}

static void drop_all(struct waiters *all)
{
    struct question *next_question = NULL;
    struct waiter *next = NULL;
    for (struct question *question = all->questions.first; question != NULL; question = next_question) {
        next_question = question->next;
        for (struct waiter *w = question->waiters; w != NULL; w = next) {
            next = w->next;
            waiters_end(all, w); /* the question goes with the last one */
        }
    }
}

/* Answers all waiters, until none is left or the time is over. */
static void close_down(struct park *p)
{
    int64_t end = clock_mono_ms() + STOP_MS;
    while (wait_limit_taken(&p->all.limit) > 0 && clock_mono_ms() < end) {
        seat_newcomers(p); /* requests that were admitted before the stop */
        look_and_end_all(&p->all);
        handle_events(&p->all, STOP_LOOK_MS);
    }
    drop_all(&p->all);
}

static void *run(void *argument)
{
    struct park *p = argument;
    struct waiters *all = &p->all;
    while (!is_stopping(p)) {
        handle_events(all, ms_to_next_deadline(all));
        seat_newcomers(p);
        all->is_ring = atomic_exchange(&p->rung, false);
        if (all->is_ring) {
            look_at_all(all);
            waiters_report_told(all);
        }
        all->is_ring = false;
        look_at_marked(all);
        look_at_due(all);
    }
    close_down(p);
    return NULL;
}

static struct park *make(const struct park_options *options, struct loop *loop)
{
    struct park *p = ck_calloc(1, sizeof *p);
    struct waiters *all = &p->all;
    all->news = options->news;
    all->left = options->left;
    all->told = options->told;
    all->context = options->context;
    all->heartbeat_ms = options->heartbeat_ms;
    all->loop = loop;
    wait_limit_init(&all->limit, options->most, options->most_per_client);
    questions_init(&all->questions);
    deadlines_init(&all->deadlines);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

struct park *park_new(const struct park_options *options, struct err *e)
{
    struct loop *loop = loop_new(e);
    if (loop == NULL) {
        return NULL;
    }
    struct park *p = make(options, loop);
    if (pthread_create(&p->thread, NULL, run, p) != 0) {
        err_set(e, ERR_SYSTEM, "The system gives no further thread, which waiting requests need.");
        park_free(p);
        return NULL;
    }
    return p;
}

void park_free(struct park *p)
{
    if (p != NULL) {
        loop_free(p->all.loop);
        pthread_mutex_destroy(&p->lock);
        deadlines_fini(&p->all.deadlines);
        free(p);
    }
}

/* ---- other threads ---- */

/* NULL: too many wait. Otherwise the request is taken. */
static struct newcomer *admit(struct park *p, struct request *request, const struct query *q, int token)
{
    uint16_t client = wait_limit_counter(&p->all.limit, request_client(request));
    if (!wait_limit_take(&p->all.limit, client)) {
        return NULL;
    }
    if (is_stopping(p)) { /* asked after the take: a thread that stops stays until nothing is taken */
        wait_limit_give_back(&p->all.limit, client);
        loop_wake(p->all.loop);
        return NULL;
    }
    struct newcomer *n = ck_calloc(1, sizeof *n);
    n->waiter = ck_calloc(1, sizeof *n->waiter);
    n->query = questions_copy_query(q);
    n->common = ck_strdup(detach_headers(request));
    buf_init(&n->opening, BUF_UNLIMITED);
    n->waiter->client = client;
    n->waiter->token = token;
    n->waiter->request = detach_request(request);
    return n;
}

static void hand_over(struct park *p, struct newcomer *n)
{
    atomic_fetch_add(&p->all.unanswered, 1);
    pthread_mutex_lock(&p->lock);
    n->next = p->newcomers;
    p->newcomers = n;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->all.loop);
}

bool park_add(struct park *p, struct request *request, const struct query *q, int token)
{
    struct newcomer *n = admit(p, request, q, token);
    if (n == NULL) {
        return false;
    }
    n->waiter->due.at = clock_mono_ms() + (int64_t)q->wait * 1000 - deadlines_spread_ms(q->wait);
    hand_over(p, n);
    return true;
}

bool park_stream(struct park *p, struct request *request, const struct query *q, const struct reply *opening,
                 unsigned seconds, int token)
{
    struct newcomer *n = admit(p, request, q, token);
    if (n == NULL) {
        return false;
    }
    reply_render_opening(&n->opening, opening, n->common);
    reply_count(opening->status);
    struct waiter *w = n->waiter;
    int64_t now = clock_mono_ms();
    w->unsent.moved_at = now;
    w->over_at = now + (int64_t)seconds * 1000 - deadlines_spread_ms(seconds);
    w->due.at = waiters_next_beat(&p->all, w);
    hand_over(p, n);
    return true;
}

void park_limit(struct park *p, unsigned most, unsigned most_per_client)
{
    wait_limit_change(&p->all.limit, most, most_per_client);
}

bool park_has_room(const struct park *p, const struct request *request)
{
    return wait_limit_has_room(&p->all.limit, wait_limit_counter(&p->all.limit, request_client(request)));
}

void park_ring(struct park *p)
{
    if (!atomic_exchange(&p->rung, true)) {
        loop_wake(p->all.loop);
    }
}

size_t park_count(const struct park *p)
{
    return wait_limit_taken(&p->all.limit);
}

size_t park_unanswered(const struct park *p)
{
    return atomic_load(&p->all.unanswered);
}

void park_stop(struct park *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->all.loop);
    pthread_join(p->thread, NULL);
}
