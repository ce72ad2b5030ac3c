/* owner_code.c - see owner_code.h. */
#include "site/owner_code.h"

#include "base/err.h"
#include "base/random.h"
#include "base/secret_code.h"
#include "system/file.h"
#include "system/permissions.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 512, CODE_CHARACTERS = 16 };

static const char file[] = "owner-code.txt";
static const char taken[] = "owner-code.used";

static bool path_of(const char *folder, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static int fail(struct err *e)
{
    return err_set(e, err_of_errno(errno), "The file owner-code.txt can't be written in the data folder.");
}

static int write_code(int fd, const char *path, struct err *e)
{
    char code[SECRET_CODE_SIZE];
    char text[FILE_MAX];
    secret_code_make(code, CODE_CHARACTERS);
    int length = snprintf(text, sizeof text,
                          "%s\n\nThis code makes you the owner of this chat: open owner.html, and enter it there.\n"
                          "It works once. If you have lost the owner's key, empty this file, and open owner.html.\n",
                          code);
    errno = ENOSPC; /* for a write that is short without an error */
    return write(fd, text, (size_t)length) == length && fsync(fd) == 0 ? (file_make_private(path), 0) : fail(e);
}

int owner_code_make(const char *folder, bool may_begin, struct err *e)
{
    char path[PATH_MAX];
    struct stat st;
    if (!path_of(folder, file, path)) {
        errno = ENAMETOOLONG;
        return fail(e);
    }
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && may_begin) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    if (fd < 0) {
        return errno == ENOENT || errno == EEXIST ? 0 : fail(e);
    }
    bool is_empty = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
    int result = is_empty ? write_code(fd, path, e) : 0;
    close(fd);
    return result;
}

/* The first line. */
static bool read_code(const char *folder, const char *name, char out[FILE_MAX])
{
    char path[PATH_MAX];
    int fd = path_of(folder, name, path) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0) {
        return false;
    }
    ssize_t length = permissions_file(fd, path, NULL) == 0 ? read(fd, out, FILE_MAX - 1) : -1;
    close(fd);
    if (length <= 0) {
        return false;
    }
    out[length] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool has_code(const char *folder, const char *name, const char *code)
{
    char found[FILE_MAX];
    return read_code(folder, name, found) && secret_code_is_same(found, code);
}

bool owner_code_is(const char *folder, const char *code)
{
    return has_code(folder, file, code);
}

static bool move(const char *folder, const char *from, const char *to)
{
    char old[PATH_MAX];
    char new[PATH_MAX];
    return path_of(folder, from, old) && path_of(folder, to, new) && rename(old, new) == 0;
}

bool owner_code_take(const char *folder, const char *code)
{
    if (!has_code(folder, file, code) || !move(folder, file, taken)) {
        return false;
    }
    bool is_same = has_code(folder, taken, code); /* a new code may have come in between */
    if (!is_same) {
        owner_code_put_back(folder);
    }
    return is_same;
}

void owner_code_remove(const char *folder)
{
    char path[PATH_MAX];
    if (path_of(folder, taken, path)) {
        unlink(path);
    }
}

void owner_code_put_back(const char *folder)
{
    (void)move(folder, taken, file);
}
