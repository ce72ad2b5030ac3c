/* deadlines.h - which of thousands of things is due next.
 *
 * A binary heap of things that carry a struct deadline. Adding, moving and removing take O(log n)
 * time; finding the first one takes O(1). The heap allocates only its array, which grows and is
 * kept.
 * Threads: one.
 */
#ifndef DEADLINES_H
#define DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct deadline {
    int64_t at;   /* milliseconds of the caller's clock */
    size_t place; /* index in the heap; private */
};

struct deadlines {
    struct deadline **heap; /* the earliest first */
    size_t count;
    size_t size;
};

void deadlines_init(struct deadlines *all);
void deadlines_fini(struct deadlines *all); /* the things in it stay the caller's */

/* d->at is set already; d must stay at its address until it is removed */
void deadlines_add(struct deadlines *all, struct deadline *d);
void deadlines_remove(struct deadlines *all, struct deadline *d);
void deadlines_move(struct deadlines *all, struct deadline *d, int64_t at);

/* A random time of at most a tenth of `seconds`, in milliseconds. Take it off a deadline, so that
 * clients that came together don't leave together. */
int64_t deadlines_spread_ms(unsigned seconds);

struct deadline *deadlines_first(const struct deadlines *all); /* NULL when there is none */

#endif
