/* deadlines.c - see deadlines.h. */
#include "base/deadlines.h"

#include "base/ck.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

void deadlines_init(struct deadlines *all)
{
    memset(all, 0, sizeof *all);
}

void deadlines_fini(struct deadlines *all)
{
    free(all->heap);
}

static void put(struct deadlines *all, size_t place, struct deadline *d)
{
    all->heap[place] = d;
    d->place = place;
}

static void up(struct deadlines *all, size_t place, struct deadline *d)
{
    while (place > 0 && all->heap[(place - 1) / 2]->at > d->at) {
        put(all, place, all->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(all, place, d);
}

static void down(struct deadlines *all, size_t place, struct deadline *d)
{
    for (;;) {
        size_t child = place * 2 + 1;
        if (child + 1 < all->count && all->heap[child + 1]->at < all->heap[child]->at) {
            child++;
        }
        if (child >= all->count || all->heap[child]->at >= d->at) {
            break;
        }
        put(all, place, all->heap[child]);
        place = child;
    }
    put(all, place, d);
}

void deadlines_add(struct deadlines *all, struct deadline *d)
{
    if (all->count == all->size) {
        all->size = all->size > 0 ? all->size * 2 : 256;
        all->heap = ck_realloc(all->heap, all->size * sizeof(struct deadline *));
    }
    up(all, all->count++, d);
}

void deadlines_remove(struct deadlines *all, struct deadline *d)
{
    struct deadline *last = all->heap[--all->count];
    if (last != d) {
        size_t place = d->place;
        down(all, place, last);
        up(all, last->place, last);
    }
}

void deadlines_move(struct deadlines *all, struct deadline *d, int64_t at)
{
    deadlines_remove(all, d);
    d->at = at;
    deadlines_add(all, d);
}

struct deadline *deadlines_first(const struct deadlines *all)
{
    return all->count > 0 ? all->heap[0] : NULL;
}

int64_t deadlines_spread_ms(unsigned seconds)
{
    uint32_t random = 0;
    random_fill(&random, sizeof random);
    return (int64_t)(random % (seconds * 100 + 1));
}
