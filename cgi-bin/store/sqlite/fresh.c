/* fresh.c - see fresh.h. */
#include "store/sqlite/private/fresh.h"

#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RENAMES_MAX = 100 /* by other processes, between open and lock */ };

int sqlite_fresh_fail(const char *what, const char *path, struct err *e)
{
    int why = errno;
    log_line("%s %s: %s", what, path, strerror(why));
    errno = why;
    switch (err_of_errno(why)) {
    case ERR_READONLY:
        return err_set(e, ERR_READONLY, "The file can't be written in that folder: %s.", strerror(why));
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or the quota is full: the copy of the database has no room.");
    case ERR_ABSENT:
        return err_set(e, ERR_ABSENT, "The folder for that file doesn't exist.");
    case ERR_CONFLICT:
        return err_set(e, ERR_CONFLICT, "A file of that name exists already. It was left as it is.");
    default:
        return err_set(e, ERR_SYSTEM, "The file can't be made: %s.", strerror(why));
    }
}

static bool still_has_its_name(const struct sqlite_fresh *f)
{
    struct stat named;
    struct stat opened;
    return lstat(f->path, &named) == 0 && fstat(f->fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

static void close_fresh(struct sqlite_fresh *f)
{
    if (f->fd >= 0) {
        close(f->fd);
    }
    f->fd = -1;
}

/* Removes what a killed process left. Above all a journal, which SQLite would roll back into the
 * empty file. */
static int empty(const struct sqlite_fresh *f, struct err *e)
{
    sqlite_path_unlink_beside(f->path);
    file_make_private(f->path);
    return ftruncate(f->fd, 0) == 0 ? 0 : sqlite_fresh_fail("empty", f->path, e);
}

int sqlite_fresh_open(struct sqlite_fresh *f, const char *path, struct err *e)
{
    f->fd = -1;
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path) {
        errno = ENAMETOOLONG;
        return sqlite_fresh_fail("make", path, e);
    }
    for (int round = 0; round < RENAMES_MAX; round++) {
        f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (f->fd < 0) {
            return sqlite_fresh_fail("make", f->path, e);
        }
        if (!file_is_own(f->fd, f->path)) {
            close_fresh(f);
            errno = EEXIST;
            return sqlite_fresh_fail("make", f->path, e);
        }
        if (file_lock_try(f->fd) == FILE_LOCK_BUSY) {
            close_fresh(f);
            return err_set(e, ERR_BUSY, "Another process is making this copy. Try again when it is done.");
        }
        /* Another process may have finished and renamed it before the lock was free. */
        if (still_has_its_name(f)) {
            return empty(f, e);
        }
        close_fresh(f);
    }
    return err_set(e, ERR_BUSY, "Other processes are making this copy. Try again when they are done.");
}

int sqlite_fresh_keep(struct sqlite_fresh *f, const char *as, bool replace, struct err *e)
{
    int result = replace ? rename(f->path, as) : file_name_move(f->path, as);
    if (result != 0) {
        return sqlite_fresh_fail("make", as, e);
    }
    close_fresh(f);
    if (file_name_sync(as) != 0) {
        sqlite_fresh_fail("make durable", as, e);
        unlink(as);
        return -1;
    }
    return 0;
}

void sqlite_fresh_end(struct sqlite_fresh *f)
{
    if (f->fd >= 0 && still_has_its_name(f)) {
        unlink(f->path);
    }
    close_fresh(f);
}

void sqlite_fresh_drop(struct sqlite_fresh *f)
{
    if (f->fd >= 0) {
        unlink(f->path);
    }
    close_fresh(f);
}
