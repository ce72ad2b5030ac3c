/* folder.c - see folder.h. */
#include "system/folder.h"

#include "base/err.h"
#include "system/private/make_error.h"
#include "system/private/parent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that may be in a new data folder before the database: counts and warnings, which a program
 * writes first, and sockets, which a web server makes before it starts the programs. */
static bool comes_early(int folder, const char *name)
{
    struct stat st;
    return strcmp(name, "chat.tally") == 0 || strcmp(name, "chat.limits") == 0 || strcmp(name, "chat.warned") == 0 ||
           (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode));
}

static bool folder_is_empty(int fd)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* for closedir */
    DIR *folder = own >= 0 ? fdopendir(own) : NULL;
    bool empty = folder != NULL;
    struct dirent *entry = NULL;
    while (empty && (entry = readdir(folder)) != NULL) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                comes_early(dirfd(folder), entry->d_name);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return empty;
}

/* Apache 2.4 has mod_authz_core, 2.2 hasn't; a server that knows neither must not stumble over
 * it. */
static const char deny_all[] = "# The chat's database: nothing of it is for the web.\n"
                               "<IfModule mod_authz_core.c>\n"
                               "    Require all denied\n"
                               "</IfModule>\n"
                               "<IfModule !mod_authz_core.c>\n"
                               "    Order deny,allow\n"
                               "    Deny from all\n"
                               "</IfModule>\n";

/* 0, or -1 with errno. Nothing else depends on this file's being there, so one that is there is
 * left as it is. */
static int put_deny_file(int folder)
{
    static const char name[] = ".htaccess";
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno == EEXIST ? 0 : -1;
    }
    /* Apache's own user must be able to read it, or it would deny for that reason, with an error in
     * its log. */
    const ssize_t length = (ssize_t)sizeof deny_all - 1;
    errno = ENOSPC; /* for a write that is short without an error */
    bool written = write(fd, deny_all, (size_t)length) == length && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int why = errno;
    parent_give_to_owner(folder, fd, name);
    close(fd);
    if (!written) {
        unlinkat(folder, name, 0);
        errno = why;
        return -1;
    }
    return parent_sync_open(folder);
}

/* Opens the folder that was just made; -1 with errno when another one stands at its path by now. A
 * umask may have taken bits away, so the mode is set again. */
static int open_made(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && geteuid() != 0 &&
        chmod(path, 0700) == 0) { /* the umask left no right to read it */
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() || fchmod(fd, 0700) != 0)) {
        close(fd);
        fd = -1;
        errno = EPERM;
    }
    return fd;
}

/* Returns a descriptor, or -1 with *result as what the caller is to return. */
static int make_or_open(const char *path, int *result, struct err *e)
{
    struct stat found;
    bool made = mkdir(path, 0700) == 0;
    int why = errno;
    *result = 0;
    if (!made && (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))) {
        errno = why == EEXIST ? ENOTDIR : why;
        *result = make_error("make folder", path, e);
        return -1;
    }
    if (!made) {
        return open(path, O_RDONLY | O_DIRECTORY |
                              /* -1 for a folder that can only be entered, which is left alone */
                              O_CLOEXEC);
    }
    int fd = open_made(path);
    if (fd < 0 || parent_sync(path) != 0) {
        *result = make_error("make folder", path, e);
    }
    return fd;
}

int folder_make(const char *path, struct err *e)
{
    char plain[PATH_MAX]; /* a slash at its end would lead through a link */
    int result = 0;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (snprintf(plain, sizeof plain, "%.*s", (int)length, path) >= (int)sizeof plain) {
        errno = ENAMETOOLONG;
        return make_error("make folder", path, e);
    }
    int fd = make_or_open(plain, &result, e);
    if (result == 0 && fd >= 0 && folder_is_empty(fd) && put_deny_file(fd) != 0) {
        result = make_error("make .htaccess in", path, e);
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}
