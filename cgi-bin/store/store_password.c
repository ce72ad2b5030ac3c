/* store_password.c - see private/store_password.h. */
#include "store/private/store_password.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe or a device could keep the caller waiting, so only a file is read. */
static int open_file(const char *path)
{
    struct stat file = {.st_mode = 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))) {
        close(fd);
        errno = S_ISDIR(file.st_mode) ? EISDIR : ENOTSUP;
        return -1;
    }
    return fd;
}

/* The bytes read, at most `size`, or -1 with errno. */
static ssize_t read_start(const char *path, char *out, size_t size)
{
    ssize_t length = 0;
    ssize_t got = 1;
    int fd = open_file(path);
    if (fd < 0) {
        return -1;
    }
    while (got > 0 && length < (ssize_t)size) {
        do {
            got = read(fd, out + length, size - (size_t)length);
        } while (got < 0 && errno == EINTR);
        length = got > 0 ? length + got : length;
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return got < 0 ? -1 : length;
}

static int refuse(const char *path, const char *why, char out[STORE_PASSWORD_MAX], struct err *e)
{
    explicit_bzero(out, STORE_PASSWORD_MAX);
    log_line("the file that store_password_file names, %s: %s", path, why);
    return err_set(e, ERR_CONFIG,
                   "The file that the setting store_password_file names has no password that can be read.");
}

int store_password_read(const char *path, char out[STORE_PASSWORD_MAX], struct err *e)
{
    ssize_t read = read_start(path, out, STORE_PASSWORD_MAX);
    if (read < 0) {
        return refuse(path, strerror(errno), out, e);
    }
    const char *end = memchr(out, '\n', (size_t)read);
    size_t length = end != NULL ? (size_t)(end - out) : (size_t)read;
    if (length == STORE_PASSWORD_MAX) {
        return refuse(path, "its first line is too long", out, e);
    }
    length -= length > 0 && out[length - 1] == '\r';
    if (length == 0 || memchr(out, '\0', length) != NULL) {
        return refuse(path, "its first line is empty, or no text", out, e);
    }
    explicit_bzero(out + length, STORE_PASSWORD_MAX - length);
    return 0;
}
