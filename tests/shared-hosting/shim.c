/* shim.c - a library between the programs and the C library (LD_PRELOAD), which plays a disk that
 * lacks features.
 *
 * LACKS in the environment lists what is missing:
 *   memory   no shared writable mapping of files: ENODEV, as on some network file systems and FUSE
 *   flock    ENOLCK
 *   locks    no record locks (fcntl): ENOLCK, as on NFS without its lock daemon
 *   local    statfs reports NFS
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int lacks(const char *word)
{
    const char *all = getenv("LACKS");
    return all != NULL && strstr(all, word) != NULL;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0 && lacks("memory")) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset); /* NOLINT(performance-no-int-to-ptr) */
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset) __attribute__((alias("mmap")));

int flock(int fd, int operation)
{
    if (lacks("flock")) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if ((command == F_SETLK || command == F_SETLKW || command == F_GETLK || command == F_OFD_SETLK ||
         command == F_OFD_SETLKW || command == F_OFD_GETLK) &&
        lacks("locks")) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

int statfs(const char *path, struct statfs *out)
{
    int result = (int)syscall(SYS_statfs, path, out);
    if (result == 0 && lacks("local")) {
        out->f_type = 0x6969;
    }
    return result;
}
