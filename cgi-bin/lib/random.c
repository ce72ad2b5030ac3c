/* random.c - see random.h. */
#include "random.h"

#include "ck.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

enum { AT_ONCE_MAX = 256 }; /* getrandom(2) gives no less in one call */

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
