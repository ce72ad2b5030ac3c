/* store_note.c - see store_note.h. */
#include "site/store_note.h"

#include "base/err.h"
#include "base/log.h"
#include "store/store.h"
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char words[] =
    "The messages of this chat are in a PostgreSQL database, which the setting store names. As long as this file is\n"
    "here, no program begins a chat in SQLite in this folder.\n";

static void path_of(const struct store_options *options, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/chat.store", options->folder);
}

int store_note_check(const struct store_options *options, struct err *e)
{
    char path[PATH_MAX];
    path_of(options, path);
    if (options->address != NULL || !file_exists(path)) {
        return 0;
    }
    return err_set(e, ERR_CONFIG,
                   "The messages of this chat are in PostgreSQL, but the setting store doesn't name the database here. "
                   "Set it for all programs, also in their environment if it is set there. To begin another chat, in "
                   "SQLite, delete the file chat.store in the data folder.");
}

void store_note_write(const struct store_options *options)
{
    char path[PATH_MAX];
    path_of(options, path);
    if (options->address == NULL || file_exists(path)) {
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        if (errno != EEXIST) { /* another process was faster */
            log_line("%s can't be made: %s", path, strerror(errno));
        }
        return;
    }
    if (write(fd, words, strlen(words)) < 0) {
        log_line("%s can't be written: %s", path, strerror(errno)); /* its name says enough */
    }
    close(fd);
    file_make_private(path);
}
