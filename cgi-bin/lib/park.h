/* park.h - requests that wait, thousands of them, for one thread.
 *
 * Requests that ask for the same share one "ask": what is asked for, and the list of those who wait. News is looked for once an ask,
 * rendered once, and the same bytes are written to each: what a wake-up costs beside that is one write and one close a
 * waiter. A waiter is 64 bytes and a descriptor.
 * A waiter ends in one of five ways: news; its time is up (it is answered what there is then, so a ring that was lost only
 * delays); its peer hangs up (noticed where the web server says so, relied upon nowhere); the program stops (answered
 * at once, its client comes back to the next process); its peer doesn't take the answer (dropped).
 * Does not know the store: it asks the `render` function, which the program gives.
 * Threads: park_add, park_ring, the counts and park_stop from any; render is called from park's own thread only.
 */
#ifndef PARK_H
#define PARK_H

#include "query.h"
#include "web.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct park;

struct park_options {
    /* Fills *r (initialised, status 200) with the answer to q as things are now. final: answer in any case, and as one that was
     * held for nothing when there is nothing new. Returns 1 when there is an answer in *r, 0 when nothing is new. */
    int (*render)(void *context, const struct query *q, bool final, struct web_reply *r);
    /* A waiter that was added with a token waits no longer; it may not have its answer yet. May be NULL if none has one. */
    void (*left)(void *context, int token);
    void *context;
    unsigned most;            /* waiters at once */
    unsigned most_per_client; /* of one address; counted by a hash of it, so rarely two addresses share a count */
};

struct park *park_new(const struct park_options *options, struct err *e); /* starts its thread. NULL on error */

/* Takes x and holds it for q->wait seconds, minus a random tenth so that those who came together don't leave together. token: for
 * left(), or -1. false: not taken, there are too many; x is as before, and so is the token. */
bool park_add(struct park *p, struct web_exchange *x, const struct query *q, int token);

/* Something may be new: look. */
void park_ring(struct park *p);

size_t park_count(const struct park *p); /* waiters now */

/* Of these, who have not been written a byte yet. A web server that gets an answer may send its next request before park_count
 * is told; this one is told first. */
size_t park_unanswered(const struct park *p);

/* Answers everyone and ends the thread; returns when that is done. Later park_add return false. */
void park_stop(struct park *p);

/* After park_stop, when nobody can call any more. NULL is fine. */
void park_free(struct park *p);

#endif
