/* answer_writer.c - see answer_writer.h.
 *
 * Other threads put rests into a list and wake the loop; one thread owns everything else.
 */
#include "web/answer_writer.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/deadlines.h"
#include "base/err.h"
#include "base/log.h"
#include "system/loop.h"
#include "web/shared_bytes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    LOOK_MS = 5000, /* between two looks whether a peer that makes no room has read at all */
    LINGER_MS = 2000,
    LINGER_BYTES = 16 * 1024 * 1024, /* of a body; web servers don't let much more pass */
};

struct rest {
    struct deadline due; /* first: a deadline is its rest */
    struct fcgi_request held;
    struct shared_bytes *bytes;
    size_t written;
    int unread;       /* by the peer, of what was written, at the last look */
    int64_t moved_at; /* when it last took something */
    int64_t given_up_at;
    size_t dropped; /* bytes of input that were dropped */
    bool lingers;   /* all is written, and the peer is given time to stop sending */
    struct answer_writer_end end;
    struct rest *next; /* newcomers */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of newcomers and of starting */
static struct loop *loop;
static struct rest *newcomers;
static atomic_size_t count;
static struct deadlines deadlines;
static int64_t stall_ms = ANSWER_WRITER_STALL_MS;

void answer_writer_hurry(void)
{
    stall_ms = ANSWER_WRITER_HURRY_MS;
}

static void end_rest(struct rest *r)
{
    const struct answer_writer_end end = r->end;
    deadlines_remove(&deadlines, &r->due);
    shared_bytes_release(r->bytes);
    close(r->held.connection);
    free(r);
    atomic_fetch_sub(&count, 1);
    if (end.done != NULL) {
        end.done(end.context, end.tag);
    }
}

static void has_moved(struct rest *r)
{
    r->moved_at = clock_mono_ms();
    r->unread = fcgi_request_unread(&r->held);
}

/* All is written. Closing a connection while the peer sends resets it, and the peer may lose what
 * it has not read yet. So the peer is told that nothing more comes, and has a moment to close the
 * connection itself. */
static void linger_or_end(struct rest *r)
{
    if (!r->held.unread) {
        end_rest(r);
        return;
    }
    r->lingers = true;
    shutdown(r->held.connection, SHUT_WR);
    loop_want_write(loop, r->held.connection, r, false);
    deadlines_move(&deadlines, &r->due, clock_mono_ms() + LINGER_MS);
}

static void write_on(struct rest *r)
{
    long taken = fcgi_request_write(&r->held, r->bytes->bytes + r->written, r->bytes->length - r->written);
    if (taken > 0) {
        r->written += (size_t)taken;
        has_moved(r);
    }
    if (taken < 0) {
        end_rest(r);
    } else if (r->written == r->bytes->length) {
        linger_or_end(r);
    }
}

/* The peer has gone, or it sends and its bytes are dropped. False: r is gone. */
static bool hear(struct rest *r)
{
    long dropped = r->held.unread && r->dropped < LINGER_BYTES ? fcgi_request_drop_input(&r->held) : -1;
    if (dropped < 0) {
        end_rest(r);
        return false;
    }
    r->dropped += (size_t)dropped;
    return true;
}

static void handle_event(const struct loop_event *event)
{
    struct rest *r = event->tag;
    if (r != NULL && ((event->what & LOOP_HANGUP) == 0 || hear(r)) && (event->what & LOOP_WRITABLE) != 0) {
        write_on(r);
    }
}

/* Due: has it read anything? */
static void look_at(struct rest *r)
{
    int64_t now = clock_mono_ms();
    if (fcgi_request_unread(&r->held) < r->unread) {
        has_moved(r);
    }
    if (r->lingers || now >= r->given_up_at || now - r->moved_at >= stall_ms) {
        end_rest(r);
    } else {
        deadlines_move(&deadlines, &r->due, now + LOOK_MS);
    }
}

/* There is one at least. */
static void drop_the_stillest(void)
{
    struct rest *stillest = (struct rest *)deadlines.heap[0];
    for (size_t i = 1; i < deadlines.count; i++) {
        struct rest *r = (struct rest *)deadlines.heap[i];
        if (r->moved_at < stillest->moved_at) {
            stillest = r;
        }
    }
    end_rest(stillest);
}

static void keep_within_limits(void)
{
    while (deadlines.count > ANSWER_WRITER_MOST || (deadlines.count > 0 && shared_bytes_are_too_many())) {
        drop_the_stillest();
    }
}

static void admit_newcomers(void)
{
    pthread_mutex_lock(&lock);
    struct rest *r = newcomers;
    newcomers = NULL;
    pthread_mutex_unlock(&lock);
    while (r != NULL) {
        struct rest *next = r->next;
        r->due.at = clock_mono_ms() + LOOK_MS;
        deadlines_add(&deadlines, &r->due);
        has_moved(r);
        if (loop_add(loop, r->held.connection, r, NULL) != 0) { /* out of memory in the kernel */
            end_rest(r);
        } else {
            loop_want_write(loop, r->held.connection, r, true);
        }
        r = next;
    }
    keep_within_limits();
}

static void *run(void *argument)
{
    struct loop_event events[EVENTS];
    for (;;) {
        struct deadline *first = deadlines_first(&deadlines);
        int64_t left = first != NULL ? first->at - clock_mono_ms() : LOOK_MS;
        size_t n = loop_wait(loop, left > 0 ? (int)left : 0, events, EVENTS);
        for (size_t i = 0; i < n; i++) {
            handle_event(&events[i]);
        }
        admit_newcomers();
        while ((first = deadlines_first(&deadlines)) != NULL && first->at <= clock_mono_ms()) {
            look_at((struct rest *)first);
        }
    }
    return argument; /* never: the thread goes with the process */
}

/* With the lock held. False: no loop or no thread is to be had. */
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
        log_line("slow readers can't be served: %s", e.code != ERR_NONE ? e.text : "there can be no further thread");
        return false;
    }
    pthread_detach(thread);
    return true;
}

static void close_it(struct fcgi_request h, const struct answer_writer_end *end)
{
    close(h.connection);
    if (end != NULL && end->done != NULL) {
        end->done(end->context, end->tag);
    }
}

static void hand_over(struct fcgi_request h, struct shared_bytes *b, size_t written,
                      const struct answer_writer_end *end)
{
    struct rest *r = ck_calloc(1, sizeof *r);
    r->held = h;
    r->bytes = shared_bytes_keep(b);
    r->written = written;
    r->given_up_at = clock_mono_ms() + ANSWER_WRITER_LONGEST_MS;
    r->end = end != NULL ? *end : (struct answer_writer_end){0};
    pthread_mutex_lock(&lock);
    bool runs = is_running();
    if (runs) {
        atomic_fetch_add(&count, 1);
        r->next = newcomers;
        newcomers = r;
        loop_wake(loop);
    }
    pthread_mutex_unlock(&lock);
    if (!runs) {
        shared_bytes_release(r->bytes);
        free(r);
        close_it(h, end);
    }
}

void answer_writer_send(struct fcgi_request h, struct shared_bytes *b, size_t written,
                        const struct answer_writer_end *end)
{
    long taken = fcgi_request_write(&h, b->bytes + written, b->length - written);
    if (taken < 0 || (written + (size_t)taken == b->length && !h.unread)) {
        close_it(h, end);
    } else {
        hand_over(h, b, written + (size_t)taken, end);
    }
}

void answer_writer_send_bytes(struct fcgi_request h, const char *bytes, size_t length)
{
    long taken = fcgi_request_write(&h, bytes, length);
    if (taken < 0 || ((size_t)taken == length && !h.unread)) {
        close(h.connection);
    } else {
        struct shared_bytes *rest = shared_bytes_new(bytes + taken, length - (size_t)taken);
        hand_over(h, rest, 0, NULL);
        shared_bytes_release(rest);
    }
}

size_t answer_writer_count(void)
{
    return atomic_load(&count);
}
