/* parent.c - see parent.h. */
#include "system/private/parent.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *parent_last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Where path's last part stands, or false when that is too long. */
bool parent_of(const char *path, char *out, size_t size)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    return snprintf(out, size, "%.*s", length == 0 ? 1 : (int)length, length == 0 ? "." : path) < (int)size;
}

int parent_open(const char *path)
{
    char folder[PATH_MAX];
    return parent_of(path, folder, sizeof folder) ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* A name that was just made in the folder survives power loss. */
int parent_sync_open(int folder)
{
    /* EINVAL: the file system can't sync folders (some network ones): it has no later moment
     * either */
    return fsync(folder) == 0 || errno == EINVAL ? 0 : -1;
}

static int sync_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = folder >= 0 ? parent_sync_open(folder) : -1;
    if (folder >= 0) {
        close(folder);
    }
    return result;
}

int parent_sync(const char *path)
{
    char parent[PATH_MAX];
    if (!parent_of(path, parent, sizeof parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return sync_folder(parent);
}

/* A file that root makes is given to the owner of its folder. folder: a descriptor of any kind. */
void parent_give_to_owner(int folder, int fd, const char *path)
{
    struct stat found;
    if (geteuid() == 0 && fstat(folder, &found) == 0 && found.st_uid != 0 &&
        fchownat(fd, "", found.st_uid, found.st_gid, AT_EMPTY_PATH) != 0) {
        log_line("chown %s: %s", path, strerror(errno));
    }
}
