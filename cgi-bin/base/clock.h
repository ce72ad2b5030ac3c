/* clock.h - the two clocks, and time as text.
 *
 * Wall time is for people (message times); it may jump. Monotonic time is for waiting.
 * Threads: any. Can't fail.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 25 }; /* "2026-11-25T03:48:13.123Z" and NUL */

int64_t clock_wall_ms(void); /* milliseconds since 1970-01-01 UTC */
/* milliseconds since some fixed moment, the same for all processes of a boot */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void); /* the same in microseconds */
void clock_sleep_ms(int64_t ms);

/* RFC 3339 in UTC with milliseconds. Years 0001..9999; times outside are clamped. */
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

#endif
