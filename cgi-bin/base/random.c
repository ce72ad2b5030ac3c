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
    unsigned char random[RANDOM_ID_SIZE - 1];
    random_fill(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        out[i] = digits[random[i] % 64];
    }
    out[sizeof random] = '\0';
}
