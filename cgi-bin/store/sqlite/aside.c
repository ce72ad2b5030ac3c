/* aside.c - see aside.h. */
#include "store/sqlite/private/aside.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/incidents.h"
#include "system/file_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void sqlite_aside_name(char *name, size_t size, int number, const char *end)
{
    char text[32];
    struct tm when;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    gmtime_r(&now, &when);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &when);
    snprintf(name, size, number == 1 ? "chat-aside-%s%s%s" : "chat-aside-%s-%.2s%s", text,
             number == 1 ? "" : (char[]){(char)('0' + number / 10), (char)('0' + number % 10), '\0'}, end);
}

int sqlite_aside_log(const struct sqlite_handle *s, struct err *e)
{
    char name[ASIDE_NAME_SIZE];
    char path[4200];
    for (int i = 1; i < ASIDE_NAMES_MAX; i++) {
        sqlite_aside_name(name, sizeof name, i, ".db-wal");
        snprintf(path, sizeof path, "%s/%s", s->folder, name);
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
