/* answer_writer.c - see answer_writer.h.
 *
 * Other threads put ends of answers into a list and wake the loop; the module's thread owns
 * everything else.
 */
#include "web/answer_writer.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/deadlines.h"
#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "system/loop.h"
#include "web/private/body_limits.h"
#include "web/shared_bytes.h"
#include "web/unsent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256 };

/* A connection that is closed when the end of its answer is written. */
struct ending {
    struct deadline due; /* first: a pointer to it is a pointer to its struct ending */
    struct fcgi_request request;
    struct unsent unsent;
    int64_t given_up_at;
    size_t dropped; /* bytes of input that were dropped */
    bool lingers;   /* all is written, and the peer is given time to stop sending */
    struct answer_writer_done done;
    struct ending *next; /* in the list of newcomers */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of newcomers and of starting */
static struct loop *loop;
static struct ending *newcomers;
static atomic_size_t count;
static struct deadlines deadlines;
static int64_t stall_ms = ANSWER_WRITER_STALL_MS;

void answer_writer_hurry(void)
{
    stall_ms = ANSWER_WRITER_HURRY_MS;
}

static void close_connection(const struct fcgi_request *r, const struct answer_writer_done *done)
{
    close(r->connection);
    if (done->call != NULL) {
        done->call(done->context, done->tag);
    }
}

static void end(struct ending *g)
{
    deadlines_remove(&deadlines, &g->due);
    unsent_drop(&g->unsent);
    close_connection(&g->request, &g->done);
    free(g);
    atomic_fetch_sub(&count, 1);
}

/* All is written. Closing a connection while the peer sends resets it, and the peer may lose what
 * it has not read yet. So the peer is told that nothing more comes, and has a moment to close the
 * connection itself. */
static void linger_or_end(struct ending *g)
{
    if (!g->request.still_sends) {
        end(g);
        return;
    }
    g->lingers = true;
    shutdown(g->request.connection, SHUT_WR);
    loop_want_write(loop, g->request.connection, g, false);
    deadlines_move(&deadlines, &g->due, clock_mono_ms() + BODY_LIMITS_DRAIN_MS);
}

static void write_on(struct ending *g)
{
    switch (unsent_write(&g->unsent, &g->request)) {
    case UNSENT_GONE:
        end(g);
        break;
    case UNSENT_NOTHING:
        linger_or_end(g);
        break;
    case UNSENT_SOME:
        break;
    }
}

/* The peer has closed the connection, or it sends something, which is dropped. False: g is gone. */
static bool drop_input(struct ending *g)
{
    bool may_send = g->request.still_sends && g->dropped < BODY_LIMITS_DRAIN_BYTES;
    long dropped = may_send ? fcgi_request_drop_input(&g->request) : -1;
    if (dropped < 0) {
        end(g);
        return false;
    }
    g->dropped += (size_t)dropped;
    return true;
}

static void handle_event(const struct loop_event *event)
{
    struct ending *g = event->tag;
    if (g != NULL && ((event->what & LOOP_INPUT) == 0 || drop_input(g)) && (event->what & LOOP_WRITABLE) != 0) {
        write_on(g);
    }
}

static void look_at(struct ending *g)
{
    int64_t now = clock_mono_ms();
    int64_t still = unsent_still_ms(&g->unsent, &g->request, now);
    if (g->lingers || now >= g->given_up_at || still >= stall_ms) {
        end(g);
    } else {
        deadlines_move(&deadlines, &g->due, now + UNSENT_LOOK_MS);
    }
}

/* The peer that stood still for the longest time. There is at least one. */
static struct ending *find_stillest(void)
{
    struct ending *stillest = (struct ending *)deadlines.heap[0];
    for (size_t i = 1; i < deadlines.count; i++) {
        struct ending *g = (struct ending *)deadlines.heap[i];
        if (g->unsent.moved_at < stillest->unsent.moved_at) {
            stillest = g;
        }
    }
    return stillest;
}

static void keep_within_limits(void)
{
    bool goes_on = true;
    while (goes_on && deadlines.count > 0 && (deadlines.count > ANSWER_WRITER_MOST || budget_keeps_many())) {
        struct ending *stillest = find_stillest();
        bool is_over = deadlines.count > ANSWER_WRITER_MOST || budget_keeps_too_many();
        goes_on = is_over || clock_mono_ms() - stillest->unsent.moved_at >= ANSWER_WRITER_SHORT_MS;
        if (goes_on) {
            end(stillest);
        }
    }
}

static void admit_newcomers(void)
{
    pthread_mutex_lock(&lock);
    struct ending *g = newcomers;
    newcomers = NULL;
    pthread_mutex_unlock(&lock);
    while (g != NULL) {
        struct ending *next = g->next;
        g->due.at = clock_mono_ms() + UNSENT_LOOK_MS;
        deadlines_add(&deadlines, &g->due);
        if (loop_add(loop, g->request.connection, g, NULL) != 0) { /* out of memory in the kernel */
            end(g);
        } else {
            loop_want_write(loop, g->request.connection, g, true);
        }
        g = next;
    }
    keep_within_limits();
}

static void *run(void *argument)
{
    struct loop_event events[EVENTS];
    for (;;) {
        struct deadline *first = deadlines_first(&deadlines);
        int64_t most = budget_keeps_many() ? ANSWER_WRITER_SHORT_MS : UNSENT_LOOK_MS;
        int64_t left = first != NULL ? first->at - clock_mono_ms() : most;
        left = left < most ? left : most;
        size_t n = loop_wait(loop, left > 0 ? (int)left : 0, events, EVENTS);
        for (size_t i = 0; i < n; i++) {
            handle_event(&events[i]);
        }
        admit_newcomers();
        while ((first = deadlines_first(&deadlines)) != NULL && first->at <= clock_mono_ms()) {
            look_at((struct ending *)first);
        }
    }
    return argument; /* never: the thread goes with the process */
}

/* With the lock held. False: the system gives no loop or no thread. */
static bool is_running(void)
{
    struct err e = ERR_INIT;
    pthread_t thread;
    if (loop != NULL) {
        return true;
    }
    deadlines_init(&deadlines);
    loop = loop_new(&e);
    if (loop != NULL && pthread_create(&thread, NULL, run, NULL) != 0) {
        loop_free(loop);
        loop = NULL;
    }
    if (loop == NULL) {
        log_line("clients that read slowly are cut off: %s",
                 e.code != ERR_NONE ? e.text : "the system gives no further thread");
        return false;
    }
    pthread_detach(thread);
    return true;
}

/* Gives the connection to the module's thread. Takes r and u. */
static void hand_over(struct fcgi_request r, const struct unsent *u, const struct answer_writer_done *done)
{
    struct ending *g = ck_calloc(1, sizeof *g);
    *g = (struct ending){
        .request = r, .unsent = *u, .given_up_at = clock_mono_ms() + ANSWER_WRITER_LONGEST_MS, .done = *done};
    pthread_mutex_lock(&lock);
    bool runs = is_running();
    if (runs) {
        atomic_fetch_add(&count, 1);
        g->next = newcomers;
        newcomers = g;
        loop_wake(loop);
    }
    pthread_mutex_unlock(&lock);
    if (!runs) {
        unsent_drop(&g->unsent);
        free(g);
        close_connection(&r, done);
    }
}

void answer_writer_send(struct fcgi_request r, struct shared_bytes *b, const struct answer_writer_done *done)
{
    static const struct answer_writer_done nothing = {0};
    struct unsent u;
    enum unsent_left left = unsent_start(&u, &r, b);
    done = done != NULL ? done : &nothing;
    if (left == UNSENT_SOME || (left == UNSENT_NOTHING && r.still_sends)) {
        hand_over(r, &u, done);
    } else {
        close_connection(&r, done);
    }
}

void answer_writer_send_own(struct fcgi_request r, struct fcgi_output *o)
{
    static const struct answer_writer_done nothing = {0};
    struct unsent u;
    long taken = fcgi_output_write(o, &r, 0);
    if (taken < 0 || ((size_t)taken == fcgi_output_size(o) && !r.still_sends)) {
        close(r.connection);
        fcgi_output_fini(o);
        return;
    }
    struct shared_bytes *kept = shared_bytes_new(o);
    unsent_keep(&u, &r, kept, (size_t)taken);
    shared_bytes_release(kept);
    hand_over(r, &u, &nothing);
}

size_t answer_writer_count(void)
{
    return atomic_load(&count);
}
