/* file.c - see file.h. */
#include "system/file.h"

#include "base/hash.h"
#include "base/log.h"
#include "system/private/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t file_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return 0;
    }
    const uint64_t parts[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
                              (uint64_t)st.st_mtim.tv_nsec};
    return hash_bytes(HASH_START, parts, sizeof parts) | 1;
}

static uint64_t number_of(const struct stat *st)
{
    const uint64_t parts[] = {(uint64_t)st->st_dev, (uint64_t)st->st_ino};
    return hash_bytes(HASH_START, parts, sizeof parts) | 1;
}

uint64_t file_number(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? number_of(&st) : 0;
}

uint64_t file_number_open(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? number_of(&st) : 0;
}

uint64_t file_birth(const char *path)
{
#ifndef STATX_BTIME
    (void)path;
    return 0; /* a C library that doesn't know it yet */
#else
    struct statx st;
    if (statx(AT_FDCWD, path, 0, STATX_BTIME, &st) != 0 || (st.stx_mask & STATX_BTIME) == 0) {
        return 0;
    }
    return (uint64_t)st.stx_btime.tv_sec * 1000000000U + st.stx_btime.tv_nsec;
#endif
}

bool file_exists(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

/* ---- what root does in another user's folder ----
 *
 * The owner of a folder can put a link in the place of a file between any two calls. So mode and
 * owner of a file are changed by a descriptor that was checked, never by a path. */

bool file_is_own(int fd, const char *path)
{
    struct stat file;
    struct stat folder = {.st_uid = geteuid()};
    int above = parent_open(path);
    bool is_own = fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink <= 1 && above >= 0 &&
                  fstat(above, &folder) == 0 &&
                  (file.st_uid == geteuid() || file.st_uid == folder.st_uid || file.st_uid == 0);
    if (above >= 0) {
        close(above);
    }
    return is_own;
}

/* For a chroot without /proc. Only root could do harm by way of a path, so root opens the file;
 * closing it drops the locks that this process has on it. */
static int change_mode_without_list(int fd, mode_t mode, const char *path)
{
    struct stat looked_at;
    struct stat opened;
    if (geteuid() != 0) {
        return chmod(path, mode);
    }
    int own = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_same = own >= 0 && fstat(own, &opened) == 0 && fstat(fd, &looked_at) == 0 &&
                   opened.st_ino == looked_at.st_ino && opened.st_dev == looked_at.st_dev;
    int result = is_same ? fchmod(own, mode) : -1;
    if (own >= 0) {
        close(own);
    }
    return result;
}

/* fd: opened with O_PATH, because closing any other descriptor of the database would drop the
 * process's locks on it. fchmod() refuses such a descriptor, but its entry in /proc/self/fd leads
 * to the same file. */
static int change_mode(int fd, mode_t mode, const char *path)
{
    char self[48];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int result = chmod(self, mode);
    return result != 0 && errno == ENOENT ? change_mode_without_list(fd, mode, path) : result;
}

void file_make_private(const char *path)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()) {
        if (fd >= 0) {
            close(fd);
        }
        return; /* not what was just made */
    }
    if ((st.st_mode & 07777) != 0600 && change_mode(fd, 0600, path) != 0) {
        log_line("chmod %s: %s", path, strerror(errno));
    }
    int folder = parent_open(path);
    if (folder >= 0) {
        parent_give_to_owner(folder, fd, path);
        close(folder);
    }
    close(fd);
}
