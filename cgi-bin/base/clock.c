/* clock.c - see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return now_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t ms)
{
    if (ms > 0) {
        struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};
        while (nanosleep(&t, &t) != 0 && errno == EINTR) {
        }
    }
}

/* Writes the number in so many digits, and what comes behind it. Returns the end. */
static char *put(char *to, int number, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--) {
        to[i] = (char)('0' + number % 10);
        number /= 10;
    }
    to[digits] = behind;
    return to + digits + 1;
}

/* Without printf, which takes longer than all else that is written of a short message. */
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    const int64_t first = -62135596800000; /* 0001-01-01T00:00:00.000Z */
    const int64_t last = 253402300799999;  /* 9999-12-31T23:59:59.999Z */
    int64_t ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    time_t whole = (time_t)seconds;
    struct tm t;
    gmtime_r(&whole, &t);
    char *to = put(out, t.tm_year + 1900, 4, '-');
    to = put(to, t.tm_mon + 1, 2, '-');
    to = put(to, t.tm_mday, 2, 'T');
    to = put(to, t.tm_hour, 2, ':');
    to = put(to, t.tm_min, 2, ':');
    to = put(to, t.tm_sec, 2, '.');
    to = put(to, (int)(ms - seconds * 1000), 3, 'Z');
    *to = '\0';
}
