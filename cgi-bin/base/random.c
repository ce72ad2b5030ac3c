/* random.c - see random.h. */
#include "base/random.h"

#include "base/ck.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

enum { AT_ONCE_MAX = 256 }; /* getrandom(2) always gives that many bytes in one call */

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

void random_id(char out[RANDOM_ID_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /* 16 bytes, and one more because the last digit reads two */
    unsigned char random[17] = {0};
    random_fill(random, 16);
    for (size_t i = 0; i < RANDOM_ID_SIZE - 1; i++) {
        size_t bit = i * 6;
        unsigned pair = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
        out[i] = digits[(pair >> (10 - bit % 8)) & 63U];
    }
    out[RANDOM_ID_SIZE - 1] = '\0';
}
