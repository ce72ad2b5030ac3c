/* aside.c - see aside.h. */
#include "store/sqlite/private/aside.h"

#include "base/err.h"
#include "base/log.h"
#include "store/incidents.h"
#include "store/sqlite/private/path.h"
#include "system/file_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sqlite_aside_name(char *name, size_t size, int number, const char *end)
{
    char text[PATH_TIME_SIZE];
    sqlite_path_time(text);
    if (number == 1) {
        snprintf(name, size, "chat-aside-%s%s", text, end);
    } else {
        snprintf(name, size, "chat-aside-%s-%02d%s", text, number, end);
    }
}

int sqlite_aside_log(const struct sqlite_handle *s, struct err *e)
{
    char name[ASIDE_NAME_SIZE];
    char path[PATH_SIZE];
    for (int i = 1; i < ASIDE_NAMES_MAX; i++) {
        sqlite_aside_name(name, sizeof name, i, ".db-wal");
        sqlite_path_in(path, s->folder, name);
        if (file_name_move(s->log_path, path) == 0) {
            unlink(s->shared_path);
            log_line("%s is the log of another database than chat.db; it was renamed to %s", s->log_path, name);
            incidents_note(s->folder, INCIDENT_ASIDE, name);
            return 0;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return err_set(e, ERR_READONLY, "The database's files can't be moved: %s.", strerror(errno));
}
