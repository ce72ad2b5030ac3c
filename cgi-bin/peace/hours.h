/* hours.h - opening hours of a room: "mon-fri 08:00-18:00; sat 10:00-14:00 +60".
 *
 * Spans are separated by ';'. A span has days (a day, mon-fri, or mon,wed,fri; none: every day) and
 * a time from-to in hours and minutes; 24:00 is the end of a day, and a span may go past midnight
 * (fri 22:00-02:00). The last word may be the difference of the local time from UTC in minutes
 * (+60, -300); it counts for all spans, and doesn't follow summer time.
 * Pure. Threads: any.
 */
#ifndef HOURS_H
#define HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { HOURS_SPANS = 16, HOURS_TEXT_MAX = 255 };

struct hours_span {
    uint8_t days;  /* a bit for each; 1: Monday */
    uint16_t from; /* minutes of the day */
    uint16_t to;   /* not after `from`: it ends on the next day */
};

struct hours {
    size_t count;   /* 0: always open */
    int16_t offset; /* minutes from UTC */
    struct hours_span spans[HOURS_SPANS];
};

/* Reads the text; "" means always open. -1: ERR_INPUT, field `hours`; then *out is always
 * closed. */
int hours_read(struct hours *out, const char *text, struct err *e);

/* Is the room open at this time? *until (may be NULL): when that changes next, in ms since 1970; 0:
 * never. */
bool hours_are_open(const struct hours *h, int64_t now_ms, int64_t *until);

#endif
