/* asks.h - the questions that are waiting for an answer, each of them once.
 *
 * Requests that ask for the same thing share one ask, so that news is looked for, read and rendered
 * once an ask and not once a request. Two are the same when their queries and the header lines of
 * their answers are, byte for byte. The waiters of an ask are a list in it, which waiter.c keeps.
 * Threads: one.
 */
#ifndef ASKS_H
#define ASKS_H

#include "chat/query.h"

#include <stddef.h>
#include <stdint.h>

struct waiter; /* waiter.h */

struct ask {
    struct ask *next; /* of all; borrowed */
    struct ask *previous;
    struct ask *next_in_bucket;
    struct ask *next_marked;
    struct ask *previous_marked;
    struct waiter *waiters; /* the caller's */
    char *common;           /* header lines of its answers */
    uint32_t hash;
    bool marked;        /* to be looked at in its turn */
    struct query query; /* last: cut behind its rooms */
};

enum { ASKS_BUCKETS = 4096 };

struct asks {
    struct ask *first;        /* the youngest */
    struct ask *first_marked; /* the one that is marked for the longest time */
    struct ask *last_marked;
    uint64_t seed; /* random, so that nobody can choose questions that share a bucket */
    struct ask *buckets[ASKS_BUCKETS];
};

void asks_init(struct asks *all);

/* The ask for q, which is made (without waiters) if there is none. Strings in q are padded with zeros, as query_parse does it. */
struct ask *asks_get(struct asks *all, const struct query *q, const char *common);

/* A queue of those that are to be looked at. Marking twice is marking once. */
void asks_mark(struct asks *all, struct ask *a);
struct ask *asks_take_marked(struct asks *all); /* unmarked; NULL: there is none */

/* Forgets and frees a. Its waiters are the caller's. */
void asks_drop(struct asks *all, struct ask *a);

/* A copy as long as its rooms need; free() ends it. */
struct query *asks_copy_query(const struct query *q);

#endif
