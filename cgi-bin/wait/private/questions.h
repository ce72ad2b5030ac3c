/* questions.h - the questions that are waiting for an answer, each of them once.
 *
 * Requests that ask for the same thing share one question, so that news is looked for, read and
 * rendered once for all of them. Two requests ask the same when their queries are the same byte for
 * byte, and so are the header lines of their answers. The waiters of a question are a list in it,
 * which waiters.c keeps.
 * Threads: one.
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "chat/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiter; /* waiters.h */

struct question {
    struct question *next; /* in the list of all */
    struct question *previous;
    struct question *next_in_bucket;
    struct question *next_marked;
    struct question *previous_marked;
    struct waiter *waiters; /* the caller's */
    char *common;           /* header lines that all its answers get */
    uint32_t hash;
    bool marked;        /* in the queue of questions to be looked at */
    struct query query; /* last: its array of rooms is cut to those that are used */
};

enum { QUESTIONS_BUCKETS = 4096 };

struct questions {
    struct question *first;        /* the newest */
    struct question *first_marked; /* the one that was marked first */
    struct question *last_marked;
    uint64_t seed; /* random, so that no client can choose questions that share a bucket */
    struct question *buckets[QUESTIONS_BUCKETS];
};

void questions_init(struct questions *all);

/* Returns the question for q. It is made, without waiters, if there is none. Strings in q are
 * padded with zeros, as query_parse does it. */
struct question *questions_get(struct questions *all, const struct query *q, const char *common);

/* Puts the question into the queue of those that are to be looked at. It stands there once, however
 * often it is marked. */
void questions_mark(struct questions *all, struct question *question);

/* Takes the first question from that queue. NULL: the queue is empty. */
struct question *questions_take_marked(struct questions *all);

/* Removes the question and frees it. Its waiters stay the caller's. */
void questions_drop(struct questions *all, struct question *question);

/* A copy of q, as long as its rooms need; free() ends it. */
struct query *questions_copy_query(const struct query *q);

#endif
