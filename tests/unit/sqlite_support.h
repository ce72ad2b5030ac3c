/* sqlite_support.h - for tests of SQLite's files, beside store_support.h: looks into a database
 * file without the store, limits of the disk, system calls that fail.
 */
#ifndef SQLITE_SUPPORT_H
#define SQLITE_SUPPORT_H

#include "store_support.h"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/resource.h>

static inline off_t size_of(const struct place *p, const char *name)
{
    struct stat st;
    return stat(in_place(p, name), &st) == 0 ? st.st_size : -1;
}

/* Something like a full disk, for this process: no file may be longer. */
static inline void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    NEED(signal(SIGXFSZ, SIG_IGN) != SIG_ERR); /* EFBIG instead */
    NEED(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* One value from a database file, by SQL, as text. Makes no log beside a file that has none. */
static inline void ask_file(const char *path, const char *sql, char *out, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    char uri[600];
    char log[600];
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(uri, sizeof uri, "file:%s%s", path, access(log, F_OK) == 0 ? "" : "?immutable=1");
    assert_int_equal(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW) {
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    }
    snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static inline int count_in_file(const char *path, const char *room)
{
    char sql[200];
    char count[32];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM message JOIN room USING (room_id) WHERE room.name = '%s'", room);
    ask_file(path, sql, count, sizeof count);
    return (int)strtol(count, NULL, 10);
}

/* Counts the files of the folder with this prefix; path (may be NULL): the path of the last one. */
static inline int find_files(const struct place *p, const char *prefix, char *path, size_t size)
{
    DIR *folder = opendir(p->folder);
    const struct dirent *entry = NULL;
    int found = 0;
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            found++;
            if (path != NULL) {
                snprintf(path, size, "%s/%s", p->folder, entry->d_name);
            }
        }
    }
    closedir(folder);
    return found;
}

/* Replaces a system call of SQLite, which offers that for tests. NULL: the system's own again. */
static inline void set_system_call(const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    assert_int_equal(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

#endif
