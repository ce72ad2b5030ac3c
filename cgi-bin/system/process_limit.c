/* process_limit.c - see process_limit.h. */
#include "system/process_limit.h"

#include "base/str.h"
#include "system/conf.h"
#include "system/process.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
    POLLS_MOST = 6, /* of 20 processes, a limit that is common and can't be seen */
    /* A third of the limit may wait. When news comes, all clients that waited may be back before
     * their first processes have ended: another third. The last one is for sends, polls on the
     * timer and the rest of the site. */
    POLLS_SHARE = 3,
    GROUPS_MAX = 4096,
    PATH_BYTES = 1024,
};

/* The smaller of two limits, where 0 is none. */
static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The smallest pids.max of a group and of those around it. path: of the group, such as
 * /user.slice/x; the function cuts it, one folder at a time. */
static uint64_t smallest_of(const char *root, char *path)
{
    char file[PATH_BYTES];
    char text[32];
    uint64_t found = 0;
    for (;;) {
        uint64_t limit = 0;
        if (snprintf(file, sizeof file, "%s%s/pids.max", root, path) < (int)sizeof file &&
            process_read_text(file, text, sizeof text)) {
            text[strcspn(text, "\n")] = '\0';
            /* no number: the word max */
            found = str_u64(text, 0, UINT64_MAX, &limit) == 0 ? smaller(found, limit) : found;
        }
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            return found;
        }
        *slash = '\0';
    }
}

/* A line of /proc/self/cgroup is ID:CONTROLLERS:PATH. Version 2 names no controllers; in version 1
 * "pids" may be anywhere in the list. */
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
    return process_read_text("/proc/self/cgroup", groups, sizeof groups)
               ? smaller(found, process_limit_of_groups("/sys/fs/cgroup", groups))
               : found;
}

uint64_t process_limit_find(void)
{
    static atomic_bool known; /* two threads that look at once find the same number */
    static _Atomic uint64_t processes;
    if (!atomic_load(&known)) {
        atomic_store(&processes, find_processes());
        atomic_store(&known, true);
    }
    return atomic_load(&processes);
}

unsigned process_limit_polls_of(uint64_t processes)
{
    return processes == 0 || processes / POLLS_SHARE > POLLS_MOST ? POLLS_MOST : (unsigned)(processes / POLLS_SHARE);
}

unsigned process_limit_polls(const struct conf *c)
{
    return c->max_held == CONF_AUTO ? process_limit_polls_of(process_limit_find()) : (unsigned)c->max_held;
}
