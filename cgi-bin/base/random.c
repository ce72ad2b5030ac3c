/* random.c - see random.h. */
#include "base/random.h"

#include "base/ck.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    AT_ONCE_MAX = 256, /* getrandom(2) always gives that many bytes in one call */
    DIGITS = 64,
    TIME_DIGITS = 7,
};

/* Ascending, as bytes are compared. */
static const char digits[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

void random_fill(void *out, size_t size)
{
    CK(size <= AT_ONCE_MAX);
    ssize_t got = getrandom(out, size, 0);
    if (got < 0 && errno == ENOSYS) { /* old kernels, which shared hosts keep for long */
        int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
        CK(fd >= 0);
        got = read(fd, out, size);
        close(fd);
    }
    CK(got == (ssize_t)size);
}

static void fill_with_digits(char *out, size_t count)
{
    unsigned char random[RANDOM_ID_SIZE];
    random_fill(random, count);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[random[i] % DIGITS];
    }
    out[count] = '\0';
}

void random_id(char out[RANDOM_ID_SIZE])
{
    fill_with_digits(out, RANDOM_ID_SIZE - 1);
}

void random_id_in_order(char out[RANDOM_ID_SIZE])
{
    uint64_t now = (uint64_t)clock_wall_ms();
    for (size_t i = TIME_DIGITS; i-- > 0; now /= DIGITS) {
        out[i] = digits[now % DIGITS];
    }
    fill_with_digits(out + TIME_DIGITS, RANDOM_ID_SIZE - 1 - TIME_DIGITS);
}
