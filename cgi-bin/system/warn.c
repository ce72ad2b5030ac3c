/* warn.c - see warn.h. */
#include "system/warn.h"

#include "base/clock.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGAIN_S = 24 * 60 * 60, TEXT_SIZE = 18 /* 16 digits, a line break, NUL */ };

static bool was_said(int fd, const char *text)
{
    char before[TEXT_SIZE] = "";
    struct stat st;
    int64_t now_s = clock_wall_ms() / 1000;
    return fstat(fd, &st) == 0 && pread(fd, before, sizeof before - 1, 0) == TEXT_SIZE - 1 &&
           memcmp(before, text, TEXT_SIZE - 1) == 0 && st.st_mtime <= now_s && now_s - st.st_mtime < AGAIN_S;
}

bool warn_is_due(const char *folder, uint64_t what)
{
    char path[PATH_MAX];
    char text[TEXT_SIZE];
    if (snprintf(path, sizeof path, "%s/chat.warned", folder) >= (int)sizeof path) {
        return true;
    }
    snprintf(text, sizeof text, "%016llx\n", (unsigned long long)what);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0 || !file_is_own(fd, path)) {
        if (fd >= 0) {
            close(fd);
        }
        return true;
    }
    /* the process that got the lock warns */
    bool is_due = file_lock_try(fd) != FILE_LOCK_BUSY && !was_said(fd, text);
    if (is_due) {
        /* on a full disk the warning is repeated */
        ssize_t ignored = pwrite(fd, text, TEXT_SIZE - 1, 0);
        (void)ignored;
    }
    close(fd);
    return is_due;
}
