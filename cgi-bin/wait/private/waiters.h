/* waiters.h - one request that waits in a park: its place among those that ask the same, what it is
 * told, what its peer has not taken yet.
 *
 * Private to park.c and waiters.c, which share the park's state. Threads: the park's own, but for
 * the members of struct park that say otherwise.
 */
#ifndef WAITERS_H
#define WAITERS_H

#include "base/deadlines.h"
#include "wait/park.h"
#include "wait/private/questions.h"
#include "wait/private/wait_limit.h"
#include "web/fcgi_request.h"
#include "web/unsent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct newcomer;
struct shared_output;

struct waiter {
    struct deadline due; /* first: a deadline is its waiter */
    struct fcgi_request request;
    int token;
    uint16_t client;           /* counter of wait_limit.h */
    struct question *question; /* NULL once it waits for nothing more */
    struct waiter *next;
    struct waiter *previous;
    int64_t over_at; /* a stream: monotonic ms at which it is ended. 0: a poll */
    /* A stream: what its peer has not taken yet, before it can be told more. moved_at is also the
     * time at which it was last told something. */
    struct unsent unsent;
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
    struct wait_limit places;
    struct questions questions;
    struct deadlines deadlines;
};

void waiters_join_question(struct waiter *w, struct question *a); /* w is in none */
void waiters_leave_question(struct park *p, struct waiter *w);    /* frees the ask with its last waiter */

/* w waits no longer. Call it before a byte of the answer is written: a web server that has the
 * answer may send its next request at once, and that one must find the place free. Does nothing the
 * second time. */
void waiters_stop(struct park *p, struct waiter *w);

/* Closes the connection, gives the place back and frees w. */
void waiters_end(struct park *p, struct waiter *w);

/* Writes the end of the request, unless other bytes wait to be written. */
void waiters_say_end(const struct waiter *w);

/* Writes m. What the peer of a stream doesn't take at once is kept in w->unsent; what the peer of a
 * last answer doesn't take is answer_writer.h's. w has nothing unsent. False: w is gone. */
bool waiters_tell(struct park *p, struct waiter *w, struct shared_output *m);

/* Reports the waiters that were written to (park_options.told), if there are some. */
void waiters_report_told(struct park *p);

/* The peer of a stream makes room: writes more of what is unsent. w may be gone afterwards. */
void waiters_write_more(struct park *p, struct waiter *w);

/* A stream with something unsent is due. Ends w when its peer has stood still for too long. */
void waiters_look_at_slow(struct park *p, struct waiter *w);

/* When a stream is due (monotonic ms): a heartbeat after `from`, or after it was last told
 * something; at its end at the latest. */
int64_t waiters_beat_after(const struct park *p, const struct waiter *w, int64_t from);
int64_t waiters_next_beat(const struct park *p, const struct waiter *w);

#endif
