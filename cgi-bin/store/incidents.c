/* incidents.c - see incidents.h. */
#include "store/incidents.h"

#include "base/clock.h"
#include "base/log.h"
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024, LINE_BYTES = 160 };

static const char *const words[INCIDENT__MAX] = {
    [INCIDENT_PUT_BACK] = "put-back", [INCIDENT_REBUILT] = "rebuilt", [INCIDENT_ASIDE] = "aside",
    [INCIDENT_LOST] = "lost",         [INCIDENT_ALONE] = "alone",
};

static int open_file(const char *folder, int flags)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/chat.incidents", folder) >= (int)sizeof path) {
        return -1;
    }
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && (flags & O_CREAT) != 0) {
        if (!file_is_own(fd, path)) { /* a link: don't write to another file */
            close(fd);
            return -1;
        }
        file_make_private(path);
    }
    return fd;
}

void incidents_note(const char *folder, enum incident what, const char *file)
{
    char line[LINE_BYTES];
    struct stat st;
    int fd = open_file(folder, O_WRONLY | O_CREAT | O_APPEND);
    int length = snprintf(line, sizeof line, "%lld %s %s\n", (long long)clock_wall_ms(), words[what],
                          file != NULL ? file : "-");
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_size > FILE_BYTES_MAX || write(fd, line, (size_t)length) != length)) {
        log_line("%s/chat.incidents can't be written, so this is not noted for doctor.html: %s", folder, words[what]);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void take_line(const char *line, struct incidents *out)
{
    long long ms = 0;
    char word[16];
    char file[sizeof out->file];
    if (sscanf(line, "%18lld %15s %63s", &ms, word, file) != 3) { // NOLINT(cert-err34-c): written by incidents_note
        return;
    }
    for (size_t i = 0; i < INCIDENT__MAX; i++) {
        if (strcmp(word, words[i]) == 0) {
            out->last_ms[i] = ms;
            if (i == INCIDENT_ASIDE) {
                snprintf(out->file, sizeof out->file, "%s", file);
            }
        }
    }
}

void incidents_read(const char *folder, struct incidents *out)
{
    char line[LINE_BYTES];
    memset(out, 0, sizeof *out);
    int fd = open_file(folder, O_RDONLY);
    FILE *lines = fd >= 0 ? fdopen(fd, "r") : NULL;
    while (lines != NULL && fgets(line, sizeof line, lines) != NULL) {
        take_line(line, out);
    }
    if (lines != NULL) {
        fclose(lines);
    } else if (fd >= 0) {
        close(fd);
    }
}
