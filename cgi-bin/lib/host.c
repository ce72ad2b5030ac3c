/* host.c - see host.h. */
#include "host.h"

#include "conf.h"
#include "str.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    HELD_MOST = 6, /* of 20: a common limit, and one that can't be seen */
    HELD_SHARE =
        3, /* of a limit: those who are woken may all be there again before their first processes have ended, and a third is left to those
              who send, to polls on the timer and to the rest of the site */
    GROUPS_MAX = 4096,
    PATH_BYTES = 1024,
    STAT_BYTES = 512,
    STAT_START = 20, /* field behind the name, see proc(5): starttime */
};

/* Up to size - 1 bytes, NUL behind. False when there is nothing. */
static bool read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, out, size - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    out[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static struct {
    bool noted;
    uint64_t open_files;
    char parent[32];
} start;

static uint64_t open_files_now(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void host_note_start(void)
{
    char path[64];
    start.noted = true;
    start.open_files = open_files_now();
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)getppid());
    (void)read_text(path, start.parent, sizeof start.parent);
    start.parent[strcspn(start.parent, "\n")] = '\0';
}

uint64_t host_open_files(void)
{
    return start.noted ? start.open_files : open_files_now();
}

uint64_t host_age_us(void)
{
    char text[STAT_BYTES];
    struct timespec now;
    long ticks = sysconf(_SC_CLK_TCK);
    const char *at = read_text("/proc/self/stat", text, sizeof text) ? strrchr(text, ')') : NULL;
    for (int field = 0; at != NULL && field < STAT_START; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return 0;
    }
    uint64_t began = strtoull(at, NULL, 10) * 1000000 / (uint64_t)ticks;
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    began += 500000 / (uint64_t)ticks; /* it was cut to a whole tick */
    return now_us > began ? now_us - began : 1;
}

bool host_is_started_by(const char *name)
{
    return strcmp(start.parent, name) == 0;
}

static uint64_t smaller(uint64_t a, uint64_t b) /* where 0 is none */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Of the group and all around it, inwards to outwards. path: such as /user.slice/x, changed. */
static uint64_t smallest_of(const char *root, char *path)
{
    char file[PATH_BYTES];
    char text[32];
    uint64_t found = 0;
    for (;;) {
        uint64_t limit = 0;
        if (snprintf(file, sizeof file, "%s%s/pids.max", root, path) < (int)sizeof file &&
            read_text(file, text, sizeof text)) {
            text[strcspn(text, "\n")] = '\0';
            found = str_u64(text, 0, UINT64_MAX, &limit) == 0 ? smaller(found, limit) : found; /* or the word max */
        }
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            return found;
        }
        *slash = '\0';
    }
}

/* A line is ID:CONTROLLERS:PATH. Version 2 has one without controllers; in version 1 pids may be anywhere in the list. */
static bool has_pids(const char *controllers, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t word = strcspn(controllers + at, ",:");
        if (word == strlen("pids") && strncmp(controllers + at, "pids", word) == 0) {
            return true;
        }
        at += word + 1;
    }
    return false;
}

uint64_t host_of_groups(const char *root, const char *groups)
{
    char folder[PATH_BYTES];
    char path[PATH_BYTES];
    uint64_t found = 0;
    for (const char *line = groups; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *controllers = line + strcspn(line, ":\n");
        size_t length = *controllers == ':' ? strcspn(++controllers, ":\n") : 0;
        if (controllers[length] != ':' || (length > 0 && !has_pids(controllers, length))) {
            continue;
        }
        const char *at = controllers + length + 1;
        snprintf(path, sizeof path, "%.*s", (int)strcspn(at, "\n"), at);
        snprintf(folder, sizeof folder, "%s%s", root, length > 0 ? "/pids" : "");
        found = smaller(found, smallest_of(folder, path));
    }
    return found;
}

static uint64_t find_processes(void)
{
    char groups[GROUPS_MAX];
    struct rlimit limit;
    uint64_t found = getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
    return read_text("/proc/self/cgroup", groups, sizeof groups)
               ? smaller(found, host_of_groups("/sys/fs/cgroup", groups))
               : found;
}

uint64_t host_processes(void)
{
    static atomic_bool known; /* two threads that find it at the same time find the same */
    static _Atomic uint64_t processes;
    if (!atomic_load(&known)) {
        atomic_store(&processes, find_processes());
        atomic_store(&known, true);
    }
    return atomic_load(&processes);
}

unsigned host_held_of(uint64_t processes)
{
    return processes == 0 || processes / HELD_SHARE > HELD_MOST ? HELD_MOST : (unsigned)(processes / HELD_SHARE);
}

unsigned host_max_held(const struct conf *c)
{
    return c->max_held == CONF_AUTO ? host_held_of(host_processes()) : (unsigned)c->max_held;
}
