/* waiters.h - the requests that wait in a park: which question each asks, what it is sent, and what
 * its peer has not taken yet.
 *
 * Threads: the park's own; members that say "atomic" may be read by others, and `limit` has its own
 * rule.
 */
#ifndef WAITERS_H
#define WAITERS_H

#include "base/deadlines.h"
#include "wait/news.h"
#include "wait/private/questions.h"
#include "wait/private/wait_limit.h"
#include "web/fcgi_request.h"
#include "web/unsent.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct shared_bytes;

/* One request that waits. */
struct waiter {
    struct deadline due; /* first: a pointer to it is a pointer to its waiter */
    struct fcgi_request request;
    int token;                 /* what it keeps busy while it waits; -1: nothing */
    uint16_t client;           /* counter of wait_limit.h */
    struct question *question; /* NULL once it waits for nothing more */
    struct waiter *next;       /* of its question */
    struct waiter *previous;
    int64_t over_at; /* a stream: monotonic ms at which it is ended. 0: a poll */
    /* A stream: what its peer has not taken yet; it is sent no news before that. Its moved_at is
     * also the time at which the stream was last sent something. */
    struct unsent unsent;
};

/* All waiters of a park. */
struct waiters {
    struct news news;
    void (*left)(void *context, bool stream, int token); /* see park.h, as for the next three */
    void (*told)(void *context, size_t count);
    void *context;
    unsigned heartbeat_ms;
    struct loop *loop;
    struct deadlines deadlines;
    struct questions questions;
    struct wait_limit limit;
    atomic_size_t unanswered; /* atomic: waiters that have a question */
    bool is_ring;             /* what is written now is written because of a ring */
    size_t written;           /* how many waiters were written to because of it and not reported yet */
};

/* Makes w ask the question; it asks none before. */
void waiters_join_question(struct waiter *w, struct question *question);

/* The question is freed with its last waiter. */
void waiters_leave_question(struct waiters *all, struct waiter *w);

/* w waits no longer. Call it before a byte of the answer is written: a web server that has the
 * answer may send its next request at once, and that one must find w's slot free. Does nothing the
 * second time. */
void waiters_stop(struct waiters *all, struct waiter *w);

/* Closes the connection, stops and frees w. */
void waiters_end(struct waiters *all, struct waiter *w);

/* Writes the end of the request, unless other bytes of it are unsent. */
void waiters_say_end(const struct waiter *w);

/* Writes b. What the peer of a stream doesn't take at once is kept in w->unsent; what the peer of a
 * last output doesn't take is left to answer_writer.h. w has nothing unsent. False: w is gone. */
bool waiters_tell(struct waiters *all, struct waiter *w, struct shared_bytes *b);

/* Reports the waiters that were written to since the last report, if there are some. */
void waiters_report_told(struct waiters *all);

/* The peer of a stream makes room: writes more of what is unsent. w may be gone afterwards. */
void waiters_write_more(struct waiters *all, struct waiter *w);

/* A stream with something unsent is due. Ends it when its peer has stood still for too long. */
void waiters_look_at_slow(struct waiters *all, struct waiter *w);

/* When a stream is due next (monotonic ms): a heartbeat's time after `from`, or after it was last
 * sent something; at the stream's end if that is earlier. */
int64_t waiters_beat_after(const struct waiters *all, const struct waiter *w, int64_t from);
int64_t waiters_next_beat(const struct waiters *all, const struct waiter *w);

#endif
