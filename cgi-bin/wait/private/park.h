/* park.h - requests that wait, thousands of them, served by one thread.
 *
 * There are two kinds. A poll gets one answer, which ends it. A stream is sent events as they come,
 * until its time is over.
 * Requests that ask for the same thing share one question (questions.h). For each question, news is
 * looked for once and rendered once, and the same bytes are written to all its waiters. So a
 * wake-up costs one write for each waiter, and for a poll one close. A waiter takes about 100 bytes
 * and a descriptor.
 *
 * A poll ends in one of five ways:
 *   - news;
 *   - its time is over: it gets the answer of this moment, so a lost ring only delays news;
 *   - its peer hangs up (some web servers tell that; nothing depends on it);
 *   - the program stops: it is answered at once, and its client asks the next process;
 *   - its peer doesn't take the answer: answer_writer.h has it then.
 * A stream ends in the same ways, except by news. When it was sent nothing for a while it gets a
 * heartbeat, and is looked at as well. A stream whose peer reads more slowly than news comes gets
 * no news while bytes are unsent. It keeps its position, and is sent what it missed, from the
 * store, when the peer has taken them. So no stream has a queue, and no stream misses anything.
 *
 * Knows neither the store nor formats: it calls the functions of news.h.
 * Threads: park_add, park_stream, park_ring, the counts, the limit and park_stop from any. The
 * functions of struct news and struct park_options are called from the park's own thread only.
 */
#ifndef PARK_H
#define PARK_H

#include "wait/news.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct park;
struct query;
struct reply;
struct request;

struct park_options {
    struct news news;
    /* A waiter waits no longer; it may not have its answer yet. token: the one it was added
     * with. */
    void (*left)(void *context, bool stream, int token);
    /* News was written to `count` waiters, just now, because of a ring. Called for up to 64 of them
     * at a time. */
    void (*told)(void *context, size_t count);
    void *context;
    unsigned heartbeat_ms;    /* a stream that was sent nothing for so long gets a heartbeat */
    unsigned most;            /* waiters at once, until park_limit changes it */
    unsigned most_per_client; /* of one address; see wait_limit.h */
};

struct park *park_new(const struct park_options *options, struct err *e); /* starts its thread. NULL on error */

/* Takes the request, a poll, which waits for q->wait seconds, minus a random tenth so that polls
 * that came together don't end together. token: for left(), or -1. False: too many wait; the
 * request and the token stay the caller's. */
bool park_add(struct park *p, struct request *request, const struct query *q, int token);

/* Takes the request, a stream (q->stream). It is sent the headers and the body of `opening`, then
 * what is newer than q, for so many seconds (minus a random tenth). token, false: as above. */
bool park_stream(struct park *p, struct request *request, const struct query *q, const struct reply *opening,
                 unsigned seconds, int token);

/* Changes the limits; requests that wait already stay. */
void park_limit(struct park *p, unsigned most, unsigned most_per_client);

/* True: one more request from the same address finds room now. */
bool park_has_room(const struct park *p, const struct request *request);

/* There may be news: look for it. */
void park_ring(struct park *p);

/* How many requests wait now, of both kinds; a poll counts until its answer is out. */
size_t park_count(const struct park *p);

/* How many streams there are, and polls of whose answer no byte is written yet. A poll leaves this
 * count before its answer is written, and park_count after that: a web server that has the answer
 * may send its next request in between. */
size_t park_unanswered(const struct park *p);

/* Answers every waiter and ends the thread. Returns when all answers are taken, or after a second;
 * a peer that has not taken its answer by then is cut off. Later calls of park_add return false. */
void park_stop(struct park *p);

/* After park_stop, when no thread can call the park any more. NULL is fine. */
void park_free(struct park *p);

#endif
