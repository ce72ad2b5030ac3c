/* questions.c - see questions.h. */
#include "wait/private/questions.h"

#include "base/ck.h"
#include "base/hash.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

static size_t query_size(const struct query *q)
{
    return offsetof(struct query, rooms) + q->count * sizeof q->rooms[0];
}

struct query *questions_copy_query(const struct query *q)
{
    struct query *copy = ck_calloc(1, query_size(q));
    memcpy(copy, q, query_size(q));
    return copy;
}

void questions_init(struct questions *all)
{
    memset(all, 0, sizeof *all);
    random_fill(&all->seed, sizeof all->seed);
}

static uint32_t hash_of(uint64_t seed, const struct query *q, const char *common)
{
    return (uint32_t)(hash_bytes(hash_bytes(seed, q, query_size(q)), common, strlen(common)) >> 32);
}

static bool is_same(const struct question *a, uint32_t hash, const struct query *q, const char *common)
{
    return a->hash == hash && query_size(&a->query) == query_size(q) && memcmp(&a->query, q, query_size(q)) == 0 &&
           strcmp(a->common, common) == 0;
}

struct question *questions_get(struct questions *all, const struct query *q, const char *common)
{
    uint32_t hash = hash_of(all->seed, q, common);
    struct question **bucket = &all->buckets[hash % QUESTIONS_BUCKETS];
    for (struct question *a = *bucket; a != NULL; a = a->next_in_bucket) {
        if (is_same(a, hash, q, common)) {
            return a;
        }
    }
    struct question *a = ck_calloc(1, offsetof(struct question, query) + query_size(q));
    memcpy(&a->query, q, query_size(q));
    a->common = ck_strdup(common);
    a->hash = hash;
    a->next_in_bucket = *bucket;
    *bucket = a;
    a->next = all->first;
    if (all->first != NULL) {
        all->first->previous = a;
    }
    all->first = a;
    return a;
}

void questions_mark(struct questions *all, struct question *a)
{
    if (a->marked) {
        return;
    }
    a->marked = true;
    a->next_marked = NULL;
    a->previous_marked = all->last_marked;
    *(all->last_marked != NULL ? &all->last_marked->next_marked : &all->first_marked) = a;
    all->last_marked = a;
}

static void unmark(struct questions *all, struct question *a)
{
    *(a->previous_marked != NULL ? &a->previous_marked->next_marked : &all->first_marked) = a->next_marked;
    *(a->next_marked != NULL ? &a->next_marked->previous_marked : &all->last_marked) = a->previous_marked;
    a->marked = false;
}

struct question *questions_take_marked(struct questions *all)
{
    struct question *a = all->first_marked;
    if (a != NULL) {
        unmark(all, a);
    }
    return a;
}

void questions_drop(struct questions *all, struct question *a)
{
    if (a->marked) {
        unmark(all, a);
    }
    struct question **at = &all->buckets[a->hash % QUESTIONS_BUCKETS];
    while (*at != a) {
        at = &(*at)->next_in_bucket;
    }
    *at = a->next_in_bucket;
    *(a->previous != NULL ? &a->previous->next : &all->first) = a->next;
    if (a->next != NULL) {
        a->next->previous = a->previous;
    }
    free(a->common);
    free(a);
}
