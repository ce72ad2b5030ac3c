/* path.c - see path.h. */
#include "store/sqlite/private/path.h"

#include "base/clock.h"

#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Each send makes ten paths. By snprintf they took a twelfth of its instructions. */
static size_t add(char out[PATH_SIZE], size_t length, const char *text)
{
    size_t more = strnlen(text, PATH_SIZE - 1 - length);
    memcpy(out + length, text, more);
    out[length + more] = '\0';
    return length + more;
}

void sqlite_path_in(char out[PATH_SIZE], const char *folder, const char *name)
{
    add(out, add(out, add(out, 0, folder), "/"), name);
}

void sqlite_path_with_tail(char out[PATH_SIZE], const char *path, const char *tail)
{
    add(out, add(out, 0, path), tail);
}

void sqlite_path_unlink_beside(const char *path)
{
    static const char *const tails[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char beside[PATH_SIZE];
        sqlite_path_with_tail(beside, path, tails[i]);
        unlink(beside);
    }
}

void sqlite_path_time(char out[PATH_TIME_SIZE])
{
    struct tm when;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    gmtime_r(&now, &when);
    strftime(out, PATH_TIME_SIZE, "%Y%m%d-%H%M%S", &when);
}
