/* asks.h - the questions that are waiting for an answer, each of them once.
 *
 * Requests that ask for the same thing share one ask, so that news is looked for, read and rendered once an ask and not
 * once a request. Two are the same when their queries and the header lines of their answers are, byte for byte.
 * Who waits is a list that the ask carries and park.c keeps.
 * Threads: one.
 */
#ifndef ASKS_H
#define ASKS_H

#include "query.h"

#include <stddef.h>
#include <stdint.h>

struct waiter; /* park.c's */

struct ask {
    struct ask *next; /* of all; borrowed */
    struct ask *previous;
    struct ask *next_in_bucket;
    struct waiter *waiters; /* the caller's */
    char *common;           /* header lines of its answers */
    uint32_t hash;
    bool again;         /* the caller's mark */
    struct query query; /* last: cut behind its rooms */
};

enum { ASKS_BUCKETS = 4096 };

struct asks {
    struct ask *first; /* the youngest */
    struct ask *buckets[ASKS_BUCKETS];
};

/* The ask for q, which is made (without waiters) if there is none. Strings in q are padded with zeros, as query_parse does it. */
struct ask *asks_get(struct asks *all, const struct query *q, const char *common);

/* Forgets and frees a. Its waiters are the caller's. */
void asks_drop(struct asks *all, struct ask *a);

/* A copy as long as its rooms need; free() ends it. */
struct query *asks_copy_query(const struct query *q);

#endif
