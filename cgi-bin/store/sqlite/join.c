/* join.c - see join.h. */
#include "store/sqlite/private/join.h"

#include "base/err.h"
#include "store/sqlite/private/aside.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/sql.h"
#include "store/sqlite/private/wal.h"
#include "system/file.h"

#include <unistd.h>

static bool are_whole(const struct sqlite_files *f)
{
    return f->database != 0 && f->log != 0 && f->shared != 0;
}

/* The first read of a process makes SQLite open log and shared memory. */
static int read_once(struct sqlite_handle *s, struct err *e)
{
    char ignored[32];
    return sqlite_sql_ask(s, "PRAGMA user_version", "read the version", ignored, sizeof ignored, e);
}

static enum sqlite_joined busy(struct sqlite_handle *s, struct err *e)
{
    s->awaits_log = true;
    err_set(
        e, ERR_BUSY,
        "The file chat.db-wal or chat.db-shm was removed from the data folder while a program has the database open. "
        "That program puts it back in a moment; if it doesn't, stop the program that has chat.db open.");
    return JOIN_FAILED;
}

static enum sqlite_joined leave_to_maker(struct sqlite_handle *s, struct err *e)
{
    s->needs_maker = true;
    err_set(e, ERR_BUSY, "The log of the database has to be created again. Try again in a moment.");
    return JOIN_FAILED;
}

static int clear_log(struct sqlite_handle *s, struct err *e)
{
    s->has_lost = sqlite_record_lacks_messages(s);
    s->is_alone = file_size(s->log_path) == 0 && sqlite_record_owner(s) == RECORD_NONE;
    if (s->has_lost && sqlite_record_state(s) != RECORD_OWES_EPOCH && file_size(s->log_path) > 0) {
        /* The database may have newer messages than what is left of this log. */
        return sqlite_aside_log(s, e);
    }
    return sqlite_record_log_is_foreign(s) ? sqlite_aside_log(s, e) : 0;
}

/* No handle of this process has the database open, and there is no log that fits the record. */
static enum sqlite_joined begin_log(struct sqlite_handle *s, struct err *e)
{
    if (!s->locked) {
        return leave_to_maker(s, e);
    }
    if (sqlite_files_are_in_use_elsewhere(s) && !sqlite_record_may_begin_beside(s)) {
        return busy(s, e);
    }
    return clear_log(s, e) == 0 ? JOINED : JOIN_FAILED;
}

/* Reads for the first time. wanted: the files that must be the same afterwards; NULL: any. */
static enum sqlite_joined read_with(struct sqlite_handle *s, const struct sqlite_files *wanted,
                                    struct sqlite_files *found, struct err *e)
{
    struct err why = ERR_INIT;
    int result = read_once(s, &why);
    sqlite_files_look(s, found);
    if (!are_whole(found) || (wanted != NULL && !sqlite_files_are_same(found, wanted)) ||
        (result == 0 && sqlite_wal_is_mismatched(s))) {
        return JOIN_AGAIN;
    }
    return result == 0 ? JOINED : (err_move(e, &why), JOIN_FAILED);
}

static enum sqlite_joined join_first(struct sqlite_handle *s, struct err *e)
{
    struct sqlite_files before;
    struct sqlite_files after;
    sqlite_files_look(s, &before);
    bool is_new = !are_whole(&before) || sqlite_record_refuses_log(s);
    if (is_new && begin_log(s, e) != JOINED) {
        return JOIN_FAILED;
    }
    enum sqlite_joined joined = read_with(s, is_new ? NULL : &before, &after, e);
    if (joined == JOIN_AGAIN && sqlite_wal_is_mismatched(s)) {
        return s->locked ? (unlink(s->shared_path), joined) : leave_to_maker(s, e);
    }
    if (joined != JOINED) {
        return joined;
    }
    sqlite_files_add(s, &after);
    s->least_bytes = file_size(s->path);
    if (is_new) {
        sqlite_record_set(s, s->has_lost || s->is_alone   ? RECORD_OWES_EPOCH
                             : file_size(s->log_path) > 0 ? RECORD_DIRTY
                                                          : RECORD_CLEAN);
    }
    return JOINED;
}

static enum sqlite_joined join_others(struct sqlite_handle *s, struct sqlite_files *f, struct err *e)
{
    struct sqlite_files now;
    sqlite_files_look(s, &now);
    if (!sqlite_files_are_same(&now, f)) {
        return JOIN_AGAIN; /* until this process's other handles are closed */
    }
    enum sqlite_joined joined = read_with(s, f, &now, e);
    if (joined == JOINED) {
        s->files = f;
        s->least_bytes = file_size(s->path);
        f->handles++;
    }
    return joined;
}

enum sqlite_joined sqlite_join(struct sqlite_handle *s, struct err *e)
{
    sqlite_files_lock();
    struct sqlite_files *f = sqlite_files_find(file_number(s->path));
    enum sqlite_joined joined = f != NULL ? join_others(s, f, e) : join_first(s, e);
    sqlite_files_unlock();
    return joined;
}
