/* file_lock.c - see file_lock.h. */
#include "system/file_lock.h"

#include "system/file.h"
#include "system/private/make_error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int file_lock_open(const char *path, struct err *e)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0) {
            return fd;
        }
        if (errno == ENOENT) {
            fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (fd >= 0) {
                file_make_private(path);
                return fd;
            }
        }
        /* EEXIST: another one made it between the two calls */
        if (errno != EEXIST && errno != EINTR) {
            return make_error("open lock file", path, e);
        }
    }
}

static enum file_lock try_lock(int fd, int kind)
{
    while (flock(fd, kind | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return FILE_LOCK_BUSY;
        }
        if (errno != EINTR) {
            /* ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL: no such locks here */
            return FILE_LOCK_UNSUPPORTED;
        }
    }
    return FILE_LOCK_GOT;
}

enum file_lock file_lock_try(int fd)
{
    return try_lock(fd, LOCK_EX);
}

void file_lock_release(int fd)
{
    flock(fd, LOCK_UN);
}

enum file_lock file_lock_probe(int fd)
{
    enum file_lock found = try_lock(fd, LOCK_SH); /* shared: who asks doesn't look like who holds */
    if (found == FILE_LOCK_GOT) {
        file_lock_release(fd);
    }
    return found;
}

bool file_lock_has_records(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    bool has = fd < 0 || fcntl(fd, F_SETLK, &lock) == 0 || errno == EACCES || errno == EAGAIN || errno == EINTR;
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

bool file_lock_has_record_elsewhere(const char *path, int64_t start, int64_t length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)length};
    bool is = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return is;
}
