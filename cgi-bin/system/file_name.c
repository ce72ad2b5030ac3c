/* file_name.c - see file_name.h. */
#include "system/file_name.h"

#include "system/file.h"
#include "system/file_lock.h"
#include "system/private/parent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EMPTY_S = 60 }; /* an empty file of that age has no maker any more */

int file_name_move(const char *from, const char *to)
{
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U /* RENAME_NOREPLACE */) ==
        0) { /* musl has no function */
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP && errno != EPERM) {
        return -1;
    }
    if (file_exists(to)) { /* a file system that can't do it in one step */
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

int file_name_put(const char *made, const char *path)
{
    int result = link(made, path); /* unlike rename() it replaces nothing */
    if (result != 0 &&
        (errno == EPERM || errno == EACCES || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)) {
        result = file_name_move(made, path);
    }
    int why = errno;
    unlink(made);
    errno = why;
    return result;
}

int file_name_sync(const char *path)
{
    return parent_sync(path);
}

/* Its maker is gone. */
static bool is_left_over(int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && file_lock_try(fd) != FILE_LOCK_BUSY &&
              (st.st_size > 0 || time(NULL) - st.st_mtim.tv_sec > EMPTY_S);
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

void file_name_sweep(const char *path, char separator, size_t random)
{
    char parent[PATH_MAX];
    const char *own = parent_last_part(path);
    size_t length = strlen(own);
    DIR *folder = parent_of(path, parent, sizeof parent) ? opendir(parent) : NULL;
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, own, length) == 0 && entry->d_name[length] == separator &&
            strlen(entry->d_name) == length + 1 + random && is_left_over(dirfd(folder), entry->d_name)) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}
