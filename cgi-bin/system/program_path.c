/* program_path.c - see program_path.h. */
#include "system/program_path.h"

#include "base/err.h"
#include "system/private/parent.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Cuts the last part off an absolute path. */
static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        slash[slash == path ? 1 : 0] = '\0';
    }
    return slash != NULL;
}

bool program_path_file(char *out, size_t size)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    bool found = length > 0;
    out[0] = '\0';
    if (found) {
        path[length] = '\0';
        /* a chroot without /proc, as some hosts have: the name that the kernel was told to start */
    } else {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): so it is handed over
        const char *started = (const char *)getauxval(AT_EXECFN);
        found = started != NULL && realpath(started, path) != NULL;
    }
    if (!found || strlen(path) >= size) {
        return false;
    }
    memcpy(out, path, strlen(path) + 1);
    return true;
}

int program_path_folder(char *out, size_t size, struct err *e)
{
    char path[PATH_MAX];
    out[0] = '\0';
    if (!program_path_file(path, sizeof path)) {
        return err_set(e, ERR_SYSTEM, "The program can't find its own folder: /proc/self/exe can't be read.");
    }
    bool found = cut_last(path);
    if (found && strcmp(parent_last_part(path), "programs") == 0) {
        /* the archive keeps the program itself one folder further down: start.c */
        found = cut_last(path);
    }
    if (!found || strlen(path) >= size) {
        return err_set(e, ERR_SYSTEM, "The path of the program's folder is too long.");
    }
    memcpy(out, path, strlen(path) + 1);
    return 0;
}
