/* process.c - see process.h. */
#include "system/process.h"

#include "base/blocking.h"
#include "base/clock.h"
#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    STAT_BYTES = 512,
    STAT_PARENT = 2, /* fields of /proc/PID/stat; the state is field 1 */
    STAT_THREADS = 18,
    STAT_START = 20,
    SIBLINGS_MS = 5000,
};

bool process_read_text(const char *path, char *out, size_t size)
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
    (void)process_read_text(path, start.parent, sizeof start.parent);
    start.parent[strcspn(start.parent, "\n")] = '\0';
}

uint64_t process_open_files(void)
{
    return start.noted ? start.open_files : open_files_now();
}

/* Returns the text behind the name in /proc/PID/stat, and the name, which may hold any characters,
 * parentheses among them. NULL: the file can't be read. See proc(5). */
static const char *read_stat(const char *path, char *text, size_t size, char name[PROCESS_NAME_SIZE])
{
    char *end = process_read_text(path, text, size) ? strrchr(text, ')') : NULL;
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
    static _Atomic int64_t looked_at; /* two threads that look at once find the same number */
    static atomic_uint siblings;
    struct process_info self;
    int64_t now = clock_mono_ms();
    if (atomic_load(&looked_at) == 0 || now - atomic_load(&looked_at) >= SIBLINGS_MS) {
        blocking_expected();
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
    began += 500000 / (uint64_t)ticks; /* half a tick: the number is rounded down to ticks */
    return now_us > began ? now_us - began : 1;
}

bool process_is_started_by(const char *name)
{
    return strcmp(start.parent, name) == 0;
}

int process_become_owner_of(const char *folder, struct err *e)
{
    struct stat st;
    if (stat(folder, &st) != 0) {
        return err_set(e, ERR_ABSENT, "There is no folder %s", folder);
    }
    if (geteuid() != 0 || st.st_uid == 0) {
        return 0;
    }
    if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0) {
        return err_set(e, ERR_SYSTEM, "This process can't become the user who owns %s: %s", folder, strerror(errno));
    }
    return 0;
}
