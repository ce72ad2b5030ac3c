/* upgrade_note.c - see upgrade_note.h. */
#include "store/sqlite/private/upgrade_note.h"

#include "base/clock.h"
#include "store/sqlite/private/path.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* tries, 1 ms each: other processes lock the file for microseconds, to see whether it is
     * locked */
    PROBES_MAX = 1000,
    LINE_SIZE = 32,
    COUNTS_S = 10, /* without flock: seconds that a note counts */
};

static const char name[] = "chat.upgrade";

static int open_file(const char *folder, int flags)
{
    char path[PATH_SIZE];
    sqlite_path_in(path, folder, name);
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int sqlite_upgrade_note_open(const char *folder)
{
    char path[PATH_SIZE];
    int fd = open_file(folder, O_RDWR | O_CREAT);
    sqlite_path_in(path, folder, name);
    if (fd >= 0 && !file_is_own(fd, path)) {
        close(fd);
        fd = -1; /* the upgrade goes on without a note */
    }
    if (fd >= 0) {
        file_make_private(path);
    }
    for (int i = 0; fd >= 0 && i < PROBES_MAX && file_lock_try(fd) == FILE_LOCK_BUSY; i++) {
        clock_sleep_ms(1);
    }
    return fd;
}

void sqlite_upgrade_note_close(const char *folder, int fd, bool remove)
{
    char path[PATH_SIZE];
    sqlite_path_in(path, folder, name);
    if (fd >= 0 && remove) {
        unlink(path);
    }
    if (fd >= 0) {
        close(fd); /* unlocks */
    }
}

/* All lines have the same length, so that no reader finds a mix of two. */
void sqlite_upgrade_note_write(int fd, const char *word, uint64_t number)
{
    char line[LINE_SIZE + 1];
    snprintf(line, sizeof line, "%-6s %-24llu\n", word, (unsigned long long)number);
    ssize_t ignored = fd < 0 ? 0 : pwrite(fd, line, LINE_SIZE, 0);
    (void)ignored;
}

/* False without such a line. age: seconds since it was written. */
static bool read_line(int fd, char word[LINE_SIZE], uint64_t *number, int64_t *age)
{
    char line[LINE_SIZE + 1] = "";
    struct stat st;
    unsigned long long read_number = 0;
    if (pread(fd, line, LINE_SIZE, 0) != LINE_SIZE || fstat(fd, &st) != 0 ||
        sscanf(line, "%31s %20llu", word, &read_number) != 2) { // NOLINT(cert-err34-c): written by _write
        return false;
    }
    *number = read_number;
    *age = clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec;
    return true;
}

bool sqlite_upgrade_note_was_full(int fd, uint64_t bytes, int within_s)
{
    char word[LINE_SIZE];
    uint64_t number = 0;
    int64_t age = 0;
    return fd >= 0 && read_line(fd, word, &number, &age) && strcmp(word, "full") == 0 && number == bytes && age >= 0 &&
           age < within_s;
}

bool sqlite_upgrade_note_is_fresh(const char *folder, char *why, size_t size)
{
    char word[LINE_SIZE];
    uint64_t number = 0;
    int64_t age = 0;
    int fd = open_file(folder, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    enum file_lock lock = file_lock_probe(fd);
    bool going_on = read_line(fd, word, &number, &age) && strcmp(word, "full") != 0 &&
                    (lock == FILE_LOCK_BUSY || (lock == FILE_LOCK_UNSUPPORTED && age >= -COUNTS_S && age < COUNTS_S));
    close(fd);
    if (going_on && why != NULL && strcmp(word, "copy") == 0) {
        snprintf(why, size,
                 "The chat is being upgraded: its database is copied before it is changed, %u %% are done. Nothing is "
                 "lost. Try again in a moment.",
                 (unsigned)number);
    } else if (going_on && why != NULL) {
        snprintf(
            why, size,
            "The chat is being upgraded: its database is being changed, %u %% are done. Nothing is lost. Try again in a "
            "moment.",
            (unsigned)number);
    }
    return going_on;
}
