/* deadlines.h - who is due next, of thousands.
 *
 * A binary heap of things that carry a struct deadline inside them: adding, moving and removing
 * cost a logarithm, asking for the first one costs nothing. Allocates only its array, which grows
 * and is kept.
 * Threads: one.
 */
#ifndef DEADLINES_H
#define DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct deadline {
    int64_t at;   /* ms, of whichever clock the caller keeps to */
    size_t place; /* in the heap; of no use to the caller */
};

struct deadlines {
    struct deadline **heap; /* the earliest first */
    size_t count;
    size_t size;
};

void deadlines_init(struct deadlines *all);
void deadlines_fini(struct deadlines *all); /* what was in it is the caller's */

/* d->at is set; d must stay where it is until removed */
void deadlines_add(struct deadlines *all, struct deadline *d);
void deadlines_remove(struct deadlines *all, struct deadline *d);
void deadlines_move(struct deadlines *all, struct deadline *d, int64_t at);

/* A random part, at most a tenth, of so many seconds, in ms: to be taken from a deadline, so that
 * those who came together don't leave together. */
int64_t deadlines_spread_ms(unsigned seconds);

struct deadline *deadlines_first(const struct deadlines *all); /* NULL when there is none */

#endif
