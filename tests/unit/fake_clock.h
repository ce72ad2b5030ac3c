/* fake_clock.h - the functions of base/clock.h, with a monotonic clock that the test can put
 * forward.
 *
 * The linker takes these instead of those in the library, for all code under test. So a test need
 * not wait for limits of many seconds. It goes on by itself too, as fast as the real one.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t fake_clock_ahead_ms;

/* Puts the monotonic clock forward, or back. */
static inline void fake_clock_pass(int64_t ms)
{
    atomic_fetch_add(&fake_clock_ahead_ms, ms);
}

static inline int64_t fake_clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return fake_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_us(void)
{
    return fake_clock_us(CLOCK_MONOTONIC) + atomic_load(&fake_clock_ahead_ms) * 1000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};
    while (ms > 0 && nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* No code under test asks for it. */
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    (void)wall_ms;
    memset(out, 0, CLOCK_TEXT_SIZE);
}

#endif
