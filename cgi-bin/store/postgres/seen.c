/* seen.c - see seen.h. */
#include "store/postgres/private/seen.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 1000, LINE_SIZE = 64 };

struct seen {
    uint64_t system;
    int64_t timeline; /* 0: none */
};

static void path_of(const struct postgres_handle *s, const char *tail, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/chat.timeline%s", s->folder, tail);
}

/* "SYSTEM TIMELINE\n"; anything else is none. */
static struct seen read_line(const char *line)
{
    char *end = NULL;
    uint64_t system = strtoull(line, &end, 10);
    int64_t timeline = *end == ' ' ? strtoll(end, &end, 10) : 0;
    return *end == '\n' && timeline > 0 ? (struct seen){.system = system, .timeline = timeline}
                                        : (struct seen){.timeline = 0};
}

static struct seen read_file(const struct postgres_handle *s)
{
    char path[PATH_MAX];
    char line[LINE_SIZE] = "";
    path_of(s, "", path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || read(fd, line, sizeof line - 1) < 0) {
        line[0] = '\0';
    }
    if (fd >= 0) {
        close(fd);
    }
    return read_line(line);
}

/* By another name, so that a reader finds the old line or the new one. Two programs write the
 * same. A folder that can't be written protects nothing, and the chat works. */
static void write_file(const struct postgres_handle *s, int64_t timeline)
{
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    char tail[40];
    char line[LINE_SIZE];
    snprintf(tail, sizeof tail, ".%ld.new", (long)getpid());
    path_of(s, "", path);
    path_of(s, tail, fresh);
    int length = snprintf(line, sizeof line, "%" PRIu64 " %" PRId64 "\n", s->system, timeline);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, line, (size_t)length) == length && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
        file_make_private(fresh);
    }
    if (!is_written || rename(fresh, path) != 0) {
        unlink(fresh);
    }
}

int postgres_seen_check(struct postgres_handle *s, int64_t timeline, struct err *e)
{
    int64_t now = clock_mono_ms();
    if (s->seen_connection == s->connections && s->seen_timeline == timeline && now - s->seen_at < LOOK_MS) {
        return 0;
    }
    struct seen seen = read_file(s);
    bool is_known = seen.timeline != 0 && seen.system == s->system;
    if (is_known && timeline < seen.timeline) {
        log_line("%s: an old server answers (timeline %" PRId64 "; %" PRId64
                 " was seen): stop it, or make it a replica",
                 s->label, timeline, seen.timeline);
        return err_set(e, ERR_BUSY,
                       "An old server of the database answers, which can't be used. Try again in a moment.");
    }
    if (!is_known || timeline > seen.timeline) {
        write_file(s, timeline);
    }
    s->seen_connection = s->connections;
    s->seen_timeline = timeline;
    s->seen_at = now;
    return 0;
}
