/* questions.h - the questions that are waiting for an answer, each of them once.
 *
 * Requests that ask for the same thing share one ask, so that news is looked for, read and rendered
 * once an ask and not once a request. Two are the same when their queries and the header lines of
 * their answers are, byte for byte. The waiters of an ask are a list in it, which waiters.c keeps.
 * Threads: one.
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "chat/query.h"

#include <stddef.h>
#include <stdint.h>

struct waiter; /* waiters.h */

struct question {
    struct question *next; /* of all; borrowed */
    struct question *previous;
    struct question *next_in_bucket;
    struct question *next_marked;
    struct question *previous_marked;
    struct waiter *waiters; /* the caller's */
    char *common;           /* header lines of its answers */
    uint32_t hash;
    bool marked;        /* to be looked at in its turn */
    struct query query; /* last: cut behind its rooms */
};

enum { QUESTIONS_BUCKETS = 4096 };

struct questions {
    struct question *first;        /* the youngest */
    struct question *first_marked; /* the one that is marked for the longest time */
    struct question *last_marked;
    uint64_t seed; /* random, so that nobody can choose questions that share a bucket */
    struct question *buckets[QUESTIONS_BUCKETS];
};

void questions_init(struct questions *all);

/* The ask for q, which is made (without waiters) if there is none. Strings in q are padded with zeros, as query_parse does it. */
struct question *questions_get(struct questions *all, const struct query *q, const char *common);

/* A queue of those that are to be looked at. Marking twice is marking once. */
void questions_mark(struct questions *all, struct question *a);
struct question *questions_take_marked(struct questions *all); /* unmarked; NULL: there is none */

/* Forgets and frees a. Its waiters are the caller's. */
void questions_drop(struct questions *all, struct question *a);

/* A copy as long as its rooms need; free() ends it. */
struct query *questions_copy_query(const struct query *q);

#endif
