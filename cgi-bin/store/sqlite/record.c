/* record.c - see record.h. */
#include "store/sqlite/private/record.h"

#include "base/log.h"
#include "store/sqlite/private/files.h"
#include "store/sqlite/private/path.h"
#include "store/sqlite/private/wal.h"
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'c', 'h', 'a', 't', 'l', 'o', 'g', '1'};

static int64_t written_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool read_record(const struct sqlite_handle *s, struct sqlite_record *r)
{
    int fd = s->lock_fd >= 0 ? s->lock_fd : open(s->lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool read = fd >= 0 && pread(fd, r, sizeof *r, 0) == (ssize_t)sizeof *r &&
                memcmp(r->magic, magic, sizeof magic) == 0 && r->lock == file_number_open(fd);
    if (fd >= 0 && fd != s->lock_fd) {
        close(fd);
    }
    return read;
}

/* A record of this database. */
static bool read_own_record(const struct sqlite_handle *s, struct sqlite_record *r)
{
    return read_record(s, r) && r->database == file_number(s->path);
}

/* old: the record that is there; NULL: none. */
static struct sqlite_record next_record(const struct sqlite_handle *s, const struct sqlite_record *old,
                                        enum sqlite_record_state state, uint64_t log, uint64_t length)
{
    struct sqlite_record r = {.lock = old != NULL ? old->lock : file_number_open(s->lock_fd),
                              .database = file_number(s->path),
                              .log = log,
                              .born = old != NULL && old->log == log ? old->born : file_birth(s->log_path),
                              .state = state,
                              .commits = old != NULL ? old->commits + (state == RECORD_DIRTY) : 1,
                              .length = length,
                              .salts = length > 0 ? sqlite_wal_salts(s) : 0};
    memcpy(r.magic, magic, sizeof magic);
    return r;
}

static void put(const struct sqlite_handle *s, const struct sqlite_record *r)
{
    if (pwrite(s->lock_fd, r, sizeof *r, 0) != (ssize_t)sizeof *r) {
        log_line("%s: %s", s->lock_path, strerror(errno));
    }
}

void sqlite_record_write(struct sqlite_handle *s, enum sqlite_record_state state, uint64_t log, uint64_t length)
{
    struct sqlite_record old;
    bool was = read_record(s, &old);
    struct sqlite_record r = next_record(s, was ? &old : NULL, state, log, length);
    if (!was || state == RECORD_DIRTY || memcmp(&r, &old, sizeof r) != 0) {
        put(s, &r);
    }
}

uint64_t sqlite_record_commits(const char *folder)
{
    char path[PATH_SIZE];
    struct sqlite_record r;
    sqlite_path_in(path, folder, "chat.db-lock");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool read = fd >= 0 && pread(fd, &r, sizeof r, 0) == (ssize_t)sizeof r && memcmp(r.magic, magic, sizeof magic) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return read ? r.commits : 0;
}

static uint64_t log_end(const struct sqlite_handle *s)
{
    uint64_t ignored = 0;
    return sqlite_wal_end(s, &ignored);
}

void sqlite_record_set(struct sqlite_handle *s, enum sqlite_record_state state)
{
    uint64_t own = sqlite_files_log(s);
    sqlite_record_write(s, state, own != 0 ? own : file_number(s->log_path), state == RECORD_DIRTY ? log_end(s) : 0);
}

void sqlite_record_begin_commit(struct sqlite_handle *s, struct sqlite_record *r)
{
    struct sqlite_record old;
    uint64_t end = log_end(s);
    bool was = read_record(s, &old);
    *r = next_record(s, was ? &old : NULL, RECORD_DIRTY, sqlite_files_log(s), 0);
    if (was && old.database == r->database && old.log == r->log && old.state == RECORD_DIRTY &&
        old.salts == sqlite_wal_salts(s)) {
        r->length = old.length < end ? old.length : end;
        r->salts = r->length > 0 ? old.salts : 0;
    }
    put(s, r);
}

void sqlite_record_end_commit(struct sqlite_handle *s, struct sqlite_record *r)
{
    r->commits++;
    r->length = log_end(s);
    r->salts = r->length > 0 ? sqlite_wal_salts(s) : 0;
    put(s, r);
}

enum sqlite_record_owner sqlite_record_owner(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    if (!read_record(s, &r)) {
        return RECORD_NONE;
    }
    return r.database == file_number(s->path) ? RECORD_OWN : RECORD_OTHER;
}

enum sqlite_record_state sqlite_record_state(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return read_own_record(s, &r) ? (enum sqlite_record_state)r.state : RECORD_CLEAN;
}

uint64_t sqlite_record_log_bytes(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return read_own_record(s, &r) ? r.length : 0;
}

/* The log is that of the record and the database is another. In a copied folder both files are
 * others. Where the time of birth is unknown (0), the number alone decides: a log that is kept
 * aside by mistake isn't lost, but a log that is mixed into another database destroys it. */
bool sqlite_record_log_is_foreign(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return file_size(s->log_path) > 0 && read_record(s, &r) && r.database != file_number(s->path) &&
           r.log == file_number(s->log_path) && r.born == file_birth(s->log_path);
}

static bool is_younger_than_record(const struct sqlite_handle *s)
{
    struct stat database;
    struct stat record;
    return stat(s->path, &database) == 0 && stat(s->lock_path, &record) == 0 &&
           written_ns(&database) > written_ns(&record);
}

bool sqlite_record_lacks_messages(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return read_own_record(s, &r) &&
           (r.state == RECORD_CUT || r.state == RECORD_OWES_EPOCH ||
            (r.state == RECORD_DIRTY && file_size(s->log_path) < r.length && !is_younger_than_record(s)));
}

/* Without a record (an older program, a copied folder) any log that has bytes counts. */
bool sqlite_record_refuses_log(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return read_own_record(s, &r) ? r.log != file_number(s->log_path) || sqlite_record_lacks_messages(s)
                                  : file_size(s->log_path) == 0 || sqlite_record_log_is_foreign(s);
}

bool sqlite_record_may_begin_beside(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    if (!file_exists(s->log_path) || !file_exists(s->shared_path)) {
        return false;
    }
    if (!read_own_record(s, &r)) {
        return file_size(s->log_path) > 0;
    }
    return r.log != file_number(s->log_path) && (r.state == RECORD_CLEAN || is_younger_than_record(s));
}

/* So has the log that another one was copied from, until the copy gets something new. */
bool sqlite_record_has_all(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    return read_own_record(s, &r) && r.state == RECORD_DIRTY &&
           (r.length > 0 ? r.salts == sqlite_wal_salts(s) && log_end(s) >= r.length : r.log == sqlite_files_log(s));
}

bool sqlite_record_superseded(const struct sqlite_handle *s)
{
    struct sqlite_record r;
    uint64_t own = sqlite_files_log(s);
    return read_own_record(s, &r) && r.log != 0 &&
           (r.log == own ? r.state == RECORD_CLEAN : r.log == file_number(s->log_path));
}
