/* park.h - requests that wait, thousands of them, for one thread.
 *
 * Two kinds: a poll gets one answer and is over; a stream gets events as they come, until its time is up.
 * Requests that ask for the same share one "ask" (questions.h). News is looked for once an ask, rendered once, and the
 * same bytes are written to each: what a wake-up costs beside that is one write a waiter, and a close where it is a poll's. A waiter
 * is about 100 bytes and a descriptor.
 *
 * A poll ends in one of five ways: news; its time is up (it is answered what there is then, so a ring that was lost only
 * delays); its peer hangs up (noticed where the web server says so, relied upon nowhere); the program stops (answered
 * at once, its client comes back to the next process); its peer doesn't take the answer (answer_writer.h, which has it then).
 * A stream ends the same ways, but for news. Where nothing is to be told for a while it gets a heartbeat, and is looked at
 * as well. One whose peer reads more slowly than news comes is left out while bytes wait for it: it keeps its position,
 * and is given what it missed, from the store, when they are gone. So no stream has a queue, and none misses a thing.
 * Does not know the store nor formats: it asks the functions that the program gives.
 * Threads: park_add, park_stream, park_ring, the counts and park_stop from any; the program's functions are called from
 * park's own thread only.
 */
#ifndef PARK_H
#define PARK_H

#include "chat/query.h"
#include "web/fcgi_request.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct park;
struct reply;
struct request;

enum park_news {
    PARK_END = -1,    /* the stream can't go on (another database): what was added is its last */
    PARK_NOTHING = 0, /* nothing is new */
    PARK_NEWS = 1,
    PARK_MORE = 2, /* and more is there already */
};

struct park_options {
    /* Polls. Fills *r (initialised, status 200) with the answer to q as things are now. final: answer in any case, and as one that
     * was held for nothing when there is nothing new. Returns 1 when there is an answer in *r, 0 when nothing is new. */
    int (*render)(void *context, const struct query *q, bool final, struct reply *r);
    /* Streams. Adds to *out what is newer than q, and moves q to what comes after that. */
    enum park_news (*events)(void *context, struct query *q, struct buf *out);
    /* Streams. Adds what says that the connection lives; may add nothing. */
    void (*heartbeat)(void *context, const struct query *q, struct buf *out);
    /* A waiter waits no longer; it may not have its answer yet. token: as it was added with. */
    void (*left)(void *context, bool stream, int token);
    /* News was written to so many waiters, just now, because of a ring. Called for up to 64 of them together. */
    void (*told)(void *context, size_t count);
    void *context;
    unsigned heartbeat_ms;    /* a stream that was told nothing for so long gets a heartbeat */
    unsigned most;            /* waiters at once, until park_limit says otherwise */
    unsigned most_per_client; /* of one address; see wait_limit.h */
};

struct park *park_new(const struct park_options *options, struct err *e); /* starts its thread. NULL on error */

/* Takes x, a poll, and holds it for q->wait seconds, minus a random tenth so that those who came together don't leave together.
 * token: for left(), or -1. false: not taken, there are too many; x is as before, and so is the token. */
bool park_add(struct park *p, struct request *x, const struct query *q, int token);

/* Takes x, a stream (q->stream): it is sent the head and body of `opening`, then what is newer than
 * q, for so many seconds (minus a random tenth). token, false: as above. */
bool park_stream(struct park *p, struct request *x, const struct query *q, const struct reply *opening,
                 unsigned seconds, int token);

/* Other limits from now on; requests that wait already stay. */
void park_limit(struct park *p, unsigned most, unsigned most_per_client);

/* True: there is a place for one more request from the address of x. It may be gone a moment
 * later. */
bool park_has_place(const struct park *p, const struct request *x);

/* Something may be new: look. */
void park_ring(struct park *p);

size_t park_count(const struct park *p); /* waiters now, of both kinds */

/* Of these, who have not been written a byte yet, and streams. A web server that gets an answer may send its next request before
 * park_count is told; this one is told first. */
size_t park_unanswered(const struct park *p);

/* Answers everyone and ends the thread; returns when that is done and taken, or after a second: who has not taken it by then goes
 * without. Later park_add return false. */
void park_stop(struct park *p);

/* After park_stop, when nobody can call any more. NULL is fine. */
void park_free(struct park *p);

#endif
