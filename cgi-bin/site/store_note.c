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

static const char sqlite_words[] =
    "SQLite\n"
    "The messages of this chat were in PostgreSQL, and were moved back into SQLite, in this folder.\n";

static void path_of(const struct store_options *options, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/chat.store", options->folder);
}

/* The note is there, and is that of a chat which was moved back into SQLite. */
static bool allows_sqlite(const char *path)
{
    char text[sizeof "SQLite\n"] = "";
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0) {
        close(fd);
    }
    return length > 0 && strcmp(text, "SQLite\n") == 0;
}

int store_note_check(const struct store_options *options, struct err *e)
{
    char path[PATH_MAX];
    path_of(options, path);
    if (options->address != NULL || !file_exists(path) || allows_sqlite(path)) {
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

/* By a file of another name, since a program with the old setting may write the note meanwhile. */
static int allow_sqlite(const char *path, struct err *e)
{
    char fresh[PATH_MAX + 4];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, sqlite_words, strlen(sqlite_words)) == (ssize_t)strlen(sqlite_words);
    if (fd >= 0) {
        close(fd);
        file_make_private(fresh);
    }
    return is_written && rename(fresh, path) == 0
               ? 0
               : err_set(e, err_of_errno(errno), "The file chat.store in the data folder can't be written.");
}

int store_note_turn(const struct store_options *options, struct err *e)
{
    char path[PATH_MAX];
    path_of(options, path);
    if (options->address == NULL) {
        return allow_sqlite(path, e);
    }
    return unlink(path) == 0 || errno == ENOENT
               ? 0
               : err_set(e, err_of_errno(errno), "The file chat.store in the data folder can't be removed.");
}
