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

static bool is_same(const struct question *question, uint32_t hash, const struct query *q, const char *common)
{
    return question->hash == hash && query_size(&question->query) == query_size(q) &&
           memcmp(&question->query, q, query_size(q)) == 0 && strcmp(question->common, common) == 0;
}

/* A new question, in its bucket and in the list of all. */
static struct question *add(struct questions *all, uint32_t hash, const struct query *q, const char *common)
{
    struct question **bucket = &all->buckets[hash % QUESTIONS_BUCKETS];
    struct question *added = ck_calloc(1, offsetof(struct question, query) + query_size(q));
    memcpy(&added->query, q, query_size(q));
    added->common = ck_strdup(common);
    added->hash = hash;
    added->next_in_bucket = *bucket;
    *bucket = added;
    added->next = all->first;
    if (all->first != NULL) {
        all->first->previous = added;
    }
    all->first = added;
    return added;
}

struct question *questions_get(struct questions *all, const struct query *q, const char *common)
{
    uint32_t hash = hash_of(all->seed, q, common);
    struct question *found = all->buckets[hash % QUESTIONS_BUCKETS];
    while (found != NULL && !is_same(found, hash, q, common)) {
        found = found->next_in_bucket;
    }
    return found != NULL ? found : add(all, hash, q, common);
}

void questions_mark(struct questions *all, struct question *question)
{
    if (question->marked) {
        return;
    }
    question->marked = true;
    question->next_marked = NULL;
    question->previous_marked = all->last_marked;
    *(all->last_marked != NULL ? &all->last_marked->next_marked : &all->first_marked) = question;
    all->last_marked = question;
}

static void unmark(struct questions *all, struct question *question)
{
    struct question *next = question->next_marked;
    struct question *previous = question->previous_marked;
    *(previous != NULL ? &previous->next_marked : &all->first_marked) = next;
    *(next != NULL ? &next->previous_marked : &all->last_marked) = previous;
    question->marked = false;
}

struct question *questions_take_marked(struct questions *all)
{
    struct question *first = all->first_marked;
    if (first != NULL) {
        unmark(all, first);
    }
    return first;
}

void questions_drop(struct questions *all, struct question *question)
{
    if (question->marked) {
        unmark(all, question);
    }
    struct question **at = &all->buckets[question->hash % QUESTIONS_BUCKETS];
    while (*at != question) {
        at = &(*at)->next_in_bucket;
    }
    *at = question->next_in_bucket;
    *(question->previous != NULL ? &question->previous->next : &all->first) = question->next;
    if (question->next != NULL) {
        question->next->previous = question->previous;
    }
    free(question->common);
    free(question);
}
