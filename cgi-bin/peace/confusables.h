/* confusables.h - Unicode's table of look-alike characters, compiled in.
 *
 * confusables.sh makes it at build time from looks.txt (ours) and confusables.txt (Unicode's). A
 * newer version of Unicode's list: `sh confusables.sh import`, then the tests of names.
 * Constant data. Threads: any.
 */
#ifndef CONFUSABLES_H
#define CONFUSABLES_H

#include <stddef.h>
#include <stdint.h>

/* `to` of a pair: one character, or for several of them their number and place in the pool. */
#define CONFUSABLES_SEVERAL(place, count) (0x80000000U | (uint32_t)(count) << 16 | (place))
#define CONFUSABLES_IS_SEVERAL(to) (((to)&0x80000000U) != 0)
#define CONFUSABLES_COUNT_OF(to) (((to) >> 16) & 0x7FFFU)
#define CONFUSABLES_PLACE_OF(to) ((to)&0xFFFFU)

struct confusables_pair {
    uint32_t from; /* this character ... */
    uint32_t to;   /* ... looks like this */
};

extern const struct confusables_pair confusables_pairs[]; /* sorted by from */
extern const size_t confusables_count;
extern const uint32_t confusables_pool[];

#endif
