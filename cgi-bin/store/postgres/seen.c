/* seen.c - see seen.h. */
#include "store/postgres/private/seen.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 1000, LOCK_MS = 5000, LOCK_LOOK_MS = 5, LINE_SIZE = 64 };

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

/* By another name, so that a reader finds the old line or the new one. A folder that can't be
 * written protects nothing, and the chat works. */
static void write_file(const struct postgres_handle *s, const struct seen *seen)
{
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    char line[LINE_SIZE];
    path_of(s, "", path);
    path_of(s, ".new", fresh);
    int length = snprintf(line, sizeof line, "%" PRIu64 " %" PRId64 "\n", seen->system, seen->timeline);
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

/* What is known of the server's cluster. One that tells no identifier counts as the same. */
static bool is_known(const struct postgres_handle *s, const struct seen *seen)
{
    return seen->timeline != 0 && (seen->system == s->system || seen->system == 0 || s->system == 0);
}

static int refuse_old(const struct postgres_handle *s, const struct seen *seen, int64_t timeline, struct err *e)
{
    log_line("%s: an old server answers (timeline %" PRId64 "; %" PRId64 " was seen): stop it, or make it a replica",
             s->label, timeline, seen->timeline);
    return err_set(e, ERR_BUSY, "An old server of the database answers, which can't be used. Try again in a moment.");
}

/* Waits while another program raises the number. -1: no lock; *busy: for too long. */
static int lock_file(const struct postgres_handle *s, bool *busy)
{
    char path[PATH_MAX];
    int64_t end = clock_mono_ms() + LOCK_MS;
    path_of(s, "-lock", path);
    int fd = file_lock_open(path, NULL);
    enum file_lock found = FILE_LOCK_UNSUPPORTED;
    while (fd >= 0 && (found = file_lock_try(fd)) == FILE_LOCK_BUSY && clock_mono_ms() < end) {
        clock_sleep_ms(LOCK_LOOK_MS);
    }
    *busy = found == FILE_LOCK_BUSY;
    return fd;
}

/* Under a lock: a program that found an older timeline a moment ago, and then waited for the disk,
 * must not write over a newer one. */
static int raise_file(const struct postgres_handle *s, int64_t timeline, struct err *e)
{
    bool busy = false;
    int lock = lock_file(s, &busy);
    struct seen seen = read_file(s);
    int result = 0;
    if (is_known(s, &seen) && timeline < seen.timeline) {
        result = refuse_old(s, &seen, timeline, e);
    } else if (busy) {
        result = err_set(e, ERR_BUSY, "The disk of the data folder is too slow. Try again in a moment.");
    } else if (!is_known(s, &seen) || timeline > seen.timeline) {
        write_file(s, &(struct seen){.system = s->system != 0 ? s->system : seen.system, .timeline = timeline});
    }
    if (lock >= 0) {
        close(lock);
    }
    return result;
}

int postgres_seen_check(struct postgres_handle *s, int64_t timeline, struct err *e)
{
    int64_t now = clock_mono_ms();
    if (s->seen_connection == s->connections && s->seen_timeline == timeline && now - s->seen_at < LOOK_MS) {
        return 0;
    }
    struct seen seen = read_file(s);
    if (is_known(s, &seen) && timeline < seen.timeline) {
        return refuse_old(s, &seen, timeline, e);
    }
    if ((!is_known(s, &seen) || timeline > seen.timeline) && raise_file(s, timeline, e) != 0) {
        return -1;
    }
    s->seen_connection = s->connections;
    s->seen_timeline = timeline;
    s->seen_at = now;
    return 0;
}
