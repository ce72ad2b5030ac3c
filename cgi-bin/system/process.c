/* process.c - see process.h. */
#include "system/process.h"

#include "base/clock.h"
#include "base/str.h"
#include "system/conf.h"

#include <dirent.h>
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
    STAT_PARENT = 2, /* fields of /proc/PID/stat, the state being 1 */
    STAT_THREADS = 18,
    STAT_START = 20,
    SIBLINGS_MS = 5000,
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

void process_note_start(void)
{
    char path[64];
    start.noted = true;
    start.open_files = open_files_now();
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)getppid());
    (void)read_text(path, start.parent, sizeof start.parent);
    start.parent[strcspn(start.parent, "\n")] = '\0';
}

uint64_t process_open_files(void)
{
    return start.noted ? start.open_files : open_files_now();
}

/* Returns the text behind the name in /proc/PID/stat, and the name, which may hold any characters.
 * NULL: it can't be seen. See proc(5). */
static const char *read_stat(const char *path, char *text, size_t size, char name[PROCESS_NAME_SIZE])
{
    char *end = read_text(path, text, size) ? strrchr(text, ')') : NULL;
    const char *begin = end != NULL ? strchr(text, '(') : NULL;
    if (begin == NULL) {
        return NULL;
    }
    snprintf(name, PROCESS_NAME_SIZE, "%.*s", (int)(end - begin - 1), begin + 1);
    return end + 1;
}

/* The number of a field, counted from the state, which is the first one behind the name. */
static uint64_t stat_number(const char *fields, int number)
{
    for (int field = 1; fields != NULL && field < number; field++) {
        fields = strchr(fields + 1, ' ');
    }
    return fields != NULL ? strtoull(fields, NULL, 10) : 0;
}

bool process_look(long pid, struct process_info *out)
{
    char path[64];
    char text[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    const char *fields = read_stat(path, text, sizeof text, out->name);
    uint64_t threads = stat_number(fields, STAT_THREADS);
    out->parent = (long)stat_number(fields, STAT_PARENT);
    out->threads = threads < PROCESS_SEEN_MOST ? (unsigned)threads : PROCESS_SEEN_MOST;
    return fields != NULL && threads > 0;
}

unsigned process_count_children(long parent, unsigned (*count)(const void *context, const struct process_info *p),
                                const void *context)
{
    unsigned found = 0;
    const struct dirent *entry = NULL;
    DIR *list = opendir("/proc");
    while (list != NULL && found < PROCESS_SEEN_MOST && (entry = readdir(list)) != NULL) {
        struct process_info p;
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && process_look(pid, &p) && p.parent == parent) {
            found += count(context, &p);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
    return found < PROCESS_SEEN_MOST ? found : PROCESS_SEEN_MOST;
}

static unsigned has_name(const void *name, const struct process_info *p)
{
    return strcmp(name, p->name) == 0;
}

unsigned process_siblings(void)
{
    static _Atomic int64_t looked_at; /* two threads that look at the same time find the same */
    static atomic_uint siblings;
    struct process_info self;
    int64_t now = clock_mono_ms();
    if (atomic_load(&looked_at) == 0 || now - atomic_load(&looked_at) >= SIBLINGS_MS) {
        unsigned found = process_look(getpid(), &self) ? process_count_children(self.parent, has_name, self.name) : 0;
        atomic_store(&siblings, found > 0 ? found : 1);
        atomic_store(&looked_at, now);
    }
    return atomic_load(&siblings);
}

uint64_t process_age_us(void)
{
    char text[STAT_BYTES];
    char name[PROCESS_NAME_SIZE];
    struct timespec now;
    long ticks = sysconf(_SC_CLK_TCK);
    const char *fields = read_stat("/proc/self/stat", text, sizeof text, name);
    if (fields == NULL || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return 0;
    }
    uint64_t began = stat_number(fields, STAT_START) * 1000000 / (uint64_t)ticks;
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    began += 500000 / (uint64_t)ticks; /* half a tick, as the number is cut to whole ones */
    return now_us > began ? now_us - began : 1;
}

bool process_is_started_by(const char *name)
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

uint64_t process_limit_of_groups(const char *root, const char *groups)
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
               ? smaller(found, process_limit_of_groups("/sys/fs/cgroup", groups))
               : found;
}

uint64_t process_limit_find(void)
{
    static atomic_bool known; /* two threads that find it at the same time find the same */
    static _Atomic uint64_t processes;
    if (!atomic_load(&known)) {
        atomic_store(&processes, find_processes());
        atomic_store(&known, true);
    }
    return atomic_load(&processes);
}

unsigned process_limit_polls_of(uint64_t processes)
{
    return processes == 0 || processes / HELD_SHARE > HELD_MOST ? HELD_MOST : (unsigned)(processes / HELD_SHARE);
}

unsigned process_limit_polls(const struct conf *c)
{
    return c->max_held == CONF_AUTO ? process_limit_polls_of(process_limit_find()) : (unsigned)c->max_held;
}
