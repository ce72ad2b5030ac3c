/* unsent.h - the part of an output that a peer doesn't take at once.
 *
 * A program must not wait for a peer that reads slowly. So what the peer takes is written, and the
 * rest is kept and written on when the peer makes room. Two modules serve slow peers in this way,
 * each with its own thread and event loop: answer_writer.h for the ends of answers, and wait/'s
 * waiters.h for streams, which have more to say later. When to give a peer up is their decision;
 * this module tells for how long the peer has stood still.
 * A peer makes progress when it takes bytes, or when it reads bytes that are in the socket already:
 * a socket may stay full for long while its peer reads (fcgi_request_unread).
 * Threads: one at a time for each struct unsent.
 */
#ifndef UNSENT_H
#define UNSENT_H

#include <stddef.h>
#include <stdint.h>

struct fcgi_request;
struct shared_bytes;

struct unsent {
    struct shared_bytes *bytes; /* NULL: nothing is left to be written */
    size_t written;             /* bytes of its records */
    int64_t moved_at;           /* monotonic ms: when the peer last made progress */
    int unread;                 /* written, and not read by the peer at the last look */
};

enum unsent_left {
    UNSENT_GONE = -1, /* the peer has closed the connection */
    UNSENT_NOTHING,   /* everything is written */
    UNSENT_SOME,      /* the peer doesn't take more now */
};

enum { UNSENT_LOOK_MS = 5000 }; /* between two calls of unsent_still_ms */

/* Writes b to the request's connection, as much as the peer takes at once. With UNSENT_SOME, *u
 * keeps b until all of it is written or unsent_drop is called. *u need not be initialised. */
enum unsent_left unsent_start(struct unsent *u, const struct fcgi_request *r, struct shared_bytes *b);

/* Keeps b in *u, of which `written` bytes are written already. */
void unsent_keep(struct unsent *u, const struct fcgi_request *r, struct shared_bytes *b, size_t written);

/* Writes more, as much as the peer takes now. */
enum unsent_left unsent_write(struct unsent *u, const struct fcgi_request *r);

/* For how long the peer has made no progress, in ms, at `now` (monotonic ms). */
int64_t unsent_still_ms(struct unsent *u, const struct fcgi_request *r, int64_t now);

/* Releases what is kept; *u has nothing left then. */
void unsent_drop(struct unsent *u);

#endif
