/* rescue.c - the record of the log, and what is done when a log or a database was taken away, cut or mixed up.
 *
 * The record stands in the lock file and is written with the flock in hand. It says which log is
 * that of which database, and how long the log must be at least, so far as the database lacks
 * what is in it. It makes no promise of durability: it is about files that people remove, not
 * about power. It is written before and after each commit, so a database file that is younger
 * has had its log copied into it by another program, as the sqlite3 shell does when it ends.
 * A lock file without a record beside a database without a log says nothing: the database may be
 * a copy, or both were removed. It gets a new epoch, as messages may be missing.
 *
 * The first process that notices the loss repairs it from its own descriptor, under the flock:
 *   log gone       Its bytes are written to a new file under its name, and a writer then copies
 *                  them into the database: a second removal, before any process has opened the
 *                  new file, loses nothing. The next opener recovers it as after a crash. Only a
 *                  log that has all that the record asks for is put back: an older one would
 *                  undo what is in the database since. The old file, which other processes may
 *                  still have open, gets a mark at its end, behind all that SQLite reads.
 *   cut            The whole database as this handle sees it takes the place of the damaged one,
 *                  if it can still be read and is sound. Otherwise the epoch changes.
 *   another log    A program that knows no record has begun one meanwhile. Two histories can't be
 *                  joined: this handle's is kept in a file of its own, and the epoch changes.
 */
#include "store/sqlite/private/sqlite.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/incidents.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4200,
    NAME_SIZE = 64,
    NAMES_MAX = 100,
    LOG_HEADER_BYTES = 32,
    COMPARED_BYTES = 24, /* of the head of a log, or of a frame */
    FRAME_SALTS = 8,     /* where the head of a frame has them */
    MARK_BYTES = 16,
    PIECE_BYTES = 16 * 1024,
    IDLE_S = 60,
    REST_PATIENCE_MS = 100,
    RESCUE_PATIENCE_MS = 1000,
    VIEWS_END_MS = 100,
    OPENERS_MS = 25, /* who looked for the files before they were removed has opened them by then */
};

static const char mark[MARK_BYTES + 1] = "pollchat-put-bk\n";

/* ---- the record ---- */

struct record {
    char magic[8];
    uint64_t lock; /* numbers, see file_number: of this file, so that a copy of it says nothing; */
    uint64_t database;
    uint64_t log;
    uint64_t born; /* of the log, see file_birth */
    uint32_t state;
    uint32_t commits; /* begun since the file was made, and other writings */
    uint64_t
        length; /* of the log, so far as the database lacks what is in it: when the file is shorter, messages are gone */
    uint64_t salts; /* of the log when it had that length; another number when it has started anew since */
};

static const char magic[8] = {'c', 'h', 'a', 't', 'l', 'o', 'g', '1'};

static int64_t written_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool read_record(const struct store_sqlite *s, struct record *r)
{
    int fd = s->lock_fd >= 0 ? s->lock_fd : open(s->lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool read = fd >= 0 && pread(fd, r, sizeof *r, 0) == (ssize_t)sizeof *r &&
                memcmp(r->magic, magic, sizeof magic) == 0 && r->lock == file_number_open(fd);
    if (fd >= 0 && fd != s->lock_fd) {
        close(fd);
    }
    return read;
}

/* Of this database; false as well when there is none. */
static bool read_own_record(const struct store_sqlite *s, struct record *r)
{
    return read_record(s, r) && r->database == file_number(s->path);
}

static void write_record(struct store_sqlite *s, enum store_sqlite_state state, uint64_t log, uint64_t length)
{
    struct record old;
    struct record r = {.lock = file_number_open(s->lock_fd),
                       .database = file_number(s->path),
                       .log = log,
                       .state = state,
                       .length = length,
                       .salts = length > 0 ? store_sqlite_log_salts(s) : 0};
    memcpy(r.magic, magic, sizeof magic);
    bool was = read_record(s, &old);
    r.born = was && old.log == r.log ? old.born : file_birth(s->log_path);
    r.commits = was ? old.commits + (state == STORE_SQLITE_DIRTY) : 1;
    bool has_changed = !was || state == STORE_SQLITE_DIRTY || memcmp(&r, &old, sizeof r) != 0;
    if (has_changed && pwrite(s->lock_fd, &r, sizeof r, 0) != (ssize_t)sizeof r) {
        log_line("%s: %s", s->lock_path, strerror(errno));
    }
}

uint64_t store_sqlite_commits(const char *folder)
{
    char path[PATH_SIZE];
    struct record r;
    snprintf(path, sizeof path, "%s/chat.db-lock", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool read = fd >= 0 && pread(fd, &r, sizeof r, 0) == (ssize_t)sizeof r && memcmp(r.magic, magic, sizeof magic) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return read ? r.commits : 0;
}

static uint64_t log_end(const struct store_sqlite *s)
{
    uint64_t ignored = 0;
    return store_sqlite_log_end(s, &ignored);
}

void store_sqlite_record(struct store_sqlite *s, enum store_sqlite_state state)
{
    uint64_t own = store_sqlite_log_number(s);
    write_record(s, state, own != 0 ? own : file_number(s->log_path), state == STORE_SQLITE_DIRTY ? log_end(s) : 0);
}

/* The commit may write nothing, or the process may be killed before it does: only what earlier commits wrote must be there. */
void store_sqlite_record_commit(struct store_sqlite *s)
{
    struct record r;
    uint64_t own = store_sqlite_log_number(s);
    uint64_t end = log_end(s);
    bool has_more = read_own_record(s, &r) && r.log == own && r.state == STORE_SQLITE_DIRTY &&
                    r.salts == store_sqlite_log_salts(s);
    write_record(s, STORE_SQLITE_DIRTY, own, !has_more ? 0 : r.length < end ? r.length : end);
}

static enum store_sqlite_state recorded(const struct store_sqlite *s)
{
    struct record r;
    return read_own_record(s, &r) ? (enum store_sqlite_state)r.state : STORE_SQLITE_CLEAN;
}

/* The log is the one that was there, and the database isn't. A folder that was copied has other files of both. Where no time of
 * birth is known (0), the number alone has to do: a log that is set aside by mistake is kept, one that is mixed into another
 * database destroys it. */
static bool is_of_another(const struct store_sqlite *s)
{
    struct record r;
    return file_size(s->log_path) > 0 && read_record(s, &r) && r.database != file_number(s->path) &&
           r.log == file_number(s->log_path) && r.born == file_birth(s->log_path);
}

static bool is_younger_than_record(const struct store_sqlite *s)
{
    struct stat database;
    struct stat record;
    return stat(s->path, &database) == 0 && stat(s->lock_path, &record) == 0 &&
           written_ns(&database) > written_ns(&record);
}

bool store_sqlite_lacks_something(const struct store_sqlite *s)
{
    struct record r;
    return read_own_record(s, &r) &&
           (r.state == STORE_SQLITE_CUT || r.state == STORE_SQLITE_OWES_EPOCH ||
            (r.state == STORE_SQLITE_DIRTY && file_size(s->log_path) < r.length && !is_younger_than_record(s)));
}

/* Without a record, as of an older program or in a copied folder, whatever has something in it is the log. */
bool store_sqlite_log_is_odd(const struct store_sqlite *s)
{
    struct record r;
    return read_own_record(s, &r) ? r.log != file_number(s->log_path) || store_sqlite_lacks_something(s)
                                  : file_size(s->log_path) == 0 || is_of_another(s);
}

bool store_sqlite_may_begin_beside(const struct store_sqlite *s)
{
    struct record r;
    if (!file_exists(s->log_path) || !file_exists(s->shared_path)) {
        return false;
    }
    if (!read_own_record(s, &r)) {
        return file_size(s->log_path) > 0;
    }
    return r.log != file_number(s->log_path) && (r.state == STORE_SQLITE_CLEAN || is_younger_than_record(s));
}

/* ---- aside ---- */

static void name_aside(char *name, size_t size, int number, const char *end)
{
    char text[32];
    struct tm when;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    gmtime_r(&now, &when);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &when);
    snprintf(name, size, number == 1 ? "chat-aside-%s%s%s" : "chat-aside-%s-%.2s%s", text,
             number == 1 ? "" : (char[]){(char)('0' + number / 10), (char)('0' + number % 10), '\0'}, end);
}

/* A log that belongs to no database that is there. */
int store_sqlite_set_log_aside(const struct store_sqlite *s, struct err *e)
{
    char name[NAME_SIZE];
    char path[PATH_SIZE];
    for (int i = 1; i < NAMES_MAX; i++) {
        name_aside(name, sizeof name, i, ".db-wal");
        snprintf(path, sizeof path, "%s/%s", s->folder, name);
        if (file_name_move(s->log_path, path) == 0) {
            unlink(s->shared_path);
            log_line("%s is not the log of the database that is there; it is kept as %s", s->log_path, name);
            incidents_note(s->folder, INCIDENT_ASIDE, name);
            return 0;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return err_set(e, ERR_READONLY, "The database's files can't be moved: %s.", strerror(errno));
}

int store_sqlite_clear_log(struct store_sqlite *s, struct err *e)
{
    struct record r;
    s->has_lost = store_sqlite_lacks_something(s);
    s->is_alone = file_size(s->log_path) == 0 && !read_record(s, &r);
    if (s->has_lost && recorded(s) != STORE_SQLITE_OWES_EPOCH && file_size(s->log_path) > 0) {
        /* What is left of it may be older than what the database has of it already. */
        return store_sqlite_set_log_aside(s, e);
    }
    return is_of_another(s) ? store_sqlite_set_log_aside(s, e) : 0;
}

static int keep_view_aside(struct store_sqlite *s, struct err *e)
{
    static const struct store_sqlite_teller nobody;
    struct store_sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    char name[NAME_SIZE];
    snprintf(path, sizeof path, "%s/chat-aside.new", s->folder);
    int result = store_sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = store_sqlite_copy(s, &fresh, &nobody, e);
    }
    for (int i = 1; result == 0 && fresh.fd >= 0 && i < NAMES_MAX; i++) {
        name_aside(name, sizeof name, i, ".db");
        snprintf(path, sizeof path, "%s/%s", s->folder, name);
        if (!file_exists(path)) {
            result = store_sqlite_fresh_keep(&fresh, path, false, e);
        }
    }
    store_sqlite_fresh_drop(&fresh);
    if (result == 0) {
        log_line("%s: another log was begun after this program's was taken away; what it had is kept as %s", s->path,
                 name);
        incidents_note(s->folder, INCIDENT_ASIDE, name);
    }
    return result;
}

/* ---- a log that is gone ---- */

static sqlite3_file *log_of(const struct store_sqlite *s, sqlite3_int64 *size)
{
    sqlite3_file *file = NULL;
    bool is = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK && file != NULL &&
              file->pMethods != NULL && file->pMethods->xFileSize(file, size) == SQLITE_OK;
    return is ? file : NULL;
}

static bool is_marked(sqlite3_file *log, sqlite3_int64 size)
{
    char end[MARK_BYTES];
    return size >= MARK_BYTES && log->pMethods->xRead(log, end, MARK_BYTES, size - MARK_BYTES) == SQLITE_OK &&
           memcmp(end, mark, MARK_BYTES) == 0;
}

static bool are_same_at(sqlite3_file *log, int fd, uint64_t at)
{
    unsigned char own[COMPARED_BYTES];
    unsigned char other[COMPARED_BYTES];
    return pread(fd, other, sizeof other, (off_t)at) == (ssize_t)sizeof other &&
           log->pMethods->xRead(log, own, sizeof own, (sqlite3_int64)at) == SQLITE_OK &&
           memcmp(own, other, sizeof own) == 0;
}

/* The log that is there now began as a copy of this one, its last commit included, and no checkpoint has made it start anew yet: heads of
 * the log and of a frame have random numbers and a sum of all before. */
static bool is_copied(const struct store_sqlite *s, sqlite3_file *log)
{
    uint64_t frame = 0;
    uint64_t end = store_sqlite_log_end(s, &frame);
    int fd = end > 0 ? open(s->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    bool is = fd >= 0 && are_same_at(log, fd, 0) && are_same_at(log, fd, end - frame);
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

/* By the record: the log that is there was agreed on when there was nothing in this one that could be lost; or there isn't now. */
static bool is_superseded(const struct store_sqlite *s)
{
    struct record r;
    uint64_t own = store_sqlite_log_number(s);
    return read_own_record(s, &r) && r.log != 0 &&
           (r.log == own ? r.state == STORE_SQLITE_CLEAN : r.log == file_number(s->log_path));
}

/* By the record, this handle's log has all that the database lacks. So has the one that another one was copied from, until there is
 * something new in the copy. */
static bool has_all(const struct store_sqlite *s, const struct record *r)
{
    return r->state == STORE_SQLITE_DIRTY &&
           (r->length > 0 ? r->salts == store_sqlite_log_salts(s) && log_end(s) >= r->length
                          : r->log == store_sqlite_log_number(s));
}

/* Without a log in its place, it must not be an older one that comes back: the database may be newer than what is in that. */
static bool is_wanted_back(const struct store_sqlite *s)
{
    struct record r;
    sqlite3_int64 size = 0;
    sqlite3_file *log = log_of(s, &size);
    return log != NULL && file_size(s->log_path) == 0 &&
           (read_own_record(s, &r) ? has_all(s, &r) : !is_marked(log, size));
}

static int copy_log(struct store_sqlite *s, sqlite3_file *log, sqlite3_int64 size, int fd, struct err *e)
{
    char piece[PIECE_BYTES];
    for (sqlite3_int64 at = 0; at < size; at += PIECE_BYTES) {
        size_t length = size - at < PIECE_BYTES ? (size_t)(size - at) : (size_t)PIECE_BYTES;
        int rc = log->pMethods->xRead(log, piece, (int)length, at);
        if (rc != SQLITE_OK) {
            return store_sqlite_fail(s, rc, "read the log that was taken away", e);
        }
        errno = ENOSPC; /* for a write that is short without an error */
        if (write(fd, piece, length) != (ssize_t)length) {
            return err_set(e, err_of_errno(errno), "The log of the database can't be put back: %s.", strerror(errno));
        }
    }
    return fsync(fd) == 0 ? 0 : err_set(e, err_of_errno(errno), "The log can't be put back: %s.", strerror(errno));
}

static int put_log_back(struct store_sqlite *s, struct store_sqlite_fresh *fresh, sqlite3_file *log, sqlite3_int64 size,
                        struct err *e)
{
    if (copy_log(s, log, size, fresh->fd, e) != 0) {
        return -1;
    }
    /* Who opens both now must not get one of each: first there are none for a moment. */
    bool waits = unlink(s->log_path) == 0;
    unlink(s->shared_path);
    clock_sleep_ms(waits ? OPENERS_MS : 0);
    bool is_back = rename(fresh->path, s->log_path) == 0;
    unlink(
        s->shared_path); /* once more: nobody joins before the record names the log, so whatever is there is of one who came too late */
    if (!is_back || file_name_sync(s->log_path) != 0) {
        return err_set(e, err_of_errno(errno), "The log of the database can't be put back: %s.", strerror(errno));
    }
    write_record(s, STORE_SQLITE_DIRTY, file_number(s->log_path), log_end(s));
    log_line("%s was taken away while programs had it open; it was put back, nothing is lost", s->log_path);
    incidents_note(s->folder, INCIDENT_PUT_BACK, NULL);
    return 0;
}

/* Once more into the database, after the log was put back: until a process has it open again, it could be removed once more. With this
 * handle's own log and shared memory, which say the same. Not while another process may have the lock of another lock file. */
static void copy_into_database(struct store_sqlite *s, sqlite3_int64 size)
{
    int pages = -1;
    int copied = -2;
    int64_t deadline = s->deadline;
    s->deadline = clock_mono_ms() + VIEWS_END_MS;
    if (s->mode == STORE_WRITE && file_number_open(s->lock_fd) == file_number(s->lock_path) &&
        (uint64_t)size >= log_end(s) &&
        sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_FULL, &pages, &copied) == SQLITE_OK &&
        pages == copied) {
        write_record(s, STORE_SQLITE_CLEAN, file_number(s->log_path), 0);
    }
    s->deadline = deadline;
}

/* Two histories with the same numbers: who has read of this one is to begin anew. So all leave the other one, and the next opener gives the
 * database another epoch. */
static int split(struct store_sqlite *s, struct err *e)
{
    if (keep_view_aside(s, e) != 0) {
        return -1;
    }
    s->has_split = true;
    write_record(s, STORE_SQLITE_OWES_EPOCH, file_number(s->log_path), 0);
    unlink(s->shared_path);
    return 0;
}

/* committed: this handle has just committed something, so it must be known to be in the log that counts. */
static int save_log(struct store_sqlite *s, struct store_sqlite_fresh *fresh, bool committed, struct err *e)
{
    sqlite3_int64 size = 0;
    sqlite3_file *log = log_of(s, &size);
    struct record r;
    int result = 0;
    if (log == NULL || is_copied(s, log) ||
        (!committed && !is_wanted_back(s) &&
         (file_size(s->log_path) == 0 || is_marked(log, size) || is_superseded(s)))) {
        if (log != NULL && read_own_record(s, &r) && has_all(s, &r)) { /* before this handle is closed */
            copy_into_database(s, size);
        }
        return 0; /* another one was quicker */
    }
    size -= is_marked(log, size) ? MARK_BYTES : 0;
    if (size <= LOG_HEADER_BYTES) {
        store_sqlite_record(s, STORE_SQLITE_CLEAN); /* a writer was killed before he had written anything */
        return 0;
    }
    if (file_size(s->log_path) > 0) {
        result = split(s, e);
    } else if ((result = put_log_back(s, fresh, log, size, e)) == 0) {
        copy_into_database(s, size);
    }
    if (result == 0 && log->pMethods->xWrite(log, mark, MARK_BYTES, size) != SQLITE_OK) {
        log_line("%s: the old log can't be marked", s->log_path);
    }
    return result;
}

/* The log has lost its name. The file in the making keeps others from doing the same, who may have the lock of another lock file. */
static int rescue_log(struct store_sqlite *s, bool committed, struct err *e)
{
    struct store_sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/chat-log.new", s->folder);
    if (store_sqlite_fresh_open(&fresh, path, e) != 0) {
        return -1;
    }
    int result = save_log(s, &fresh, committed, e);
    store_sqlite_fresh_end(&fresh);
    return result;
}

/* ---- a database or a log that was cut ---- */

static int write_anew(struct store_sqlite *s, struct err *e)
{
    static const struct store_sqlite_teller nobody;
    struct store_sqlite_fresh fresh = {.fd = -1};
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/chat-rebuilt.new", s->folder);
    int result = store_sqlite_fresh_open(&fresh, path, e);
    if (result == 0) {
        result = store_sqlite_copy(s, &fresh, &nobody, e);
    }
    struct store_sqlite *copy = result == 0 ? store_sqlite_open_still(path, e) : NULL;
    if (result == 0) {
        result = copy != NULL ? store_sqlite_verify(copy, e) : -1;
    }
    if (copy != NULL) {
        store_sqlite_close(&copy->base);
    }
    if (result == 0) {
        unlink(s->log_path);
        unlink(s->shared_path);
        clock_sleep_ms(OPENERS_MS);
        result = store_sqlite_fresh_keep(&fresh, s->path, true, e);
    }
    store_sqlite_fresh_drop(&fresh);
    return result;
}

/* All leave it, and the next opener gives the database another epoch. */
static void give_up_log(struct store_sqlite *s)
{
    log_line("%s or its log was cut short, and what is gone can't be had from memory", s->path);
    store_sqlite_record(s, STORE_SQLITE_CUT);
    unlink(s->shared_path);
}

static int rescue_cut(struct store_sqlite *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (write_anew(s, &why) == 0) {
        log_line("%s or its log was cut short; the database was written anew, nothing is lost", s->path);
        incidents_note(s->folder, INCIDENT_REBUILT, NULL);
        write_record(s, STORE_SQLITE_CLEAN, 0, 0);
        return 0;
    }
    if (why.code != ERR_CORRUPT && why.code != ERR_SYSTEM) {
        return err_move(e, &why);
    }
    give_up_log(s);
    return 0;
}

/* ---- the whole ---- */

bool store_sqlite_is_robbed(const struct store_sqlite *s)
{
    return !store_sqlite_is_moved(s) && (store_sqlite_log_is_gone(s) || store_sqlite_is_emptied(s));
}

int store_sqlite_rescue_locked(struct store_sqlite *s, bool committed, struct err *e)
{
    int result = 0;
    if (store_sqlite_is_moved(s) || (!committed && store_sqlite_is_settled(s) && !is_wanted_back(s))) {
        s->stale = true;
        return 0;
    }
    bool is_cut = store_sqlite_is_cut(s); /* before the next look: what has gone in between looks as if it were cut */
    if (store_sqlite_log_is_gone(s) && store_sqlite_has_its_log(s)) {
        s->stale = true; /* not settled: the log may go as well before this handle does */
        return 0;
    }
    if (store_sqlite_log_is_gone(s)) {
        result = rescue_log(s, committed, e);
    } else if (is_cut) {
        result = rescue_cut(s, e);
    } else {
        return 0;
    }
    if (result == 0) {
        s->stale = true;
        store_sqlite_set_settled(s);
    }
    return result;
}

int store_sqlite_rescue(struct store_sqlite *s, struct err *e)
{
    bool has_lock_file = s->lock_fd >= 0;
    if (s->viewing) {
        return err_set(e, ERR_BUSY, "The database is being read."); /* afterwards */
    }
    if (s->locked) {
        return store_sqlite_rescue_locked(s, false, e);
    }
    s->lock_fd = has_lock_file ? s->lock_fd : file_lock_open(s->lock_path, e);
    if (s->lock_fd < 0) {
        return -1;
    }
    s->deadline = clock_mono_ms() + RESCUE_PATIENCE_MS;
    int result = store_sqlite_lock(s, e) == 0 ? store_sqlite_rescue_locked(s, false, e) : -1;
    store_sqlite_unlock(s);
    if (!has_lock_file) {
        close(s->lock_fd);
        s->lock_fd = -1;
    }
    return result;
}

/* When a log is cut while a commit is made, the new frames come behind a hole, and the file is long enough. The hole begins at
 * the latest in the last frame before them. */
int store_sqlite_check_hole(struct store_sqlite *s, uint64_t end, uint64_t salts, struct err *e)
{
    unsigned char head[COMPARED_BYTES];
    const uint32_t wanted[] = {(uint32_t)(salts >> 32), (uint32_t)salts};
    uint64_t frame = 0;
    sqlite3_int64 size = 0;
    sqlite3_file *log = log_of(s, &size);
    if (end == 0 || log == NULL || store_sqlite_log_end(s, &frame) == 0 || store_sqlite_log_salts(s) != salts) {
        return 0; /* it has begun anew with this commit */
    }
    int rc = log->pMethods->xRead(log, head, sizeof head, (sqlite3_int64)(end - frame));
    if (rc != SQLITE_IOERR_SHORT_READ && (rc != SQLITE_OK || memcmp(head + FRAME_SALTS, wanted, sizeof wanted) == 0)) {
        return 0; /* a disk that can't be read just now says nothing of the log */
    }
    give_up_log(s);
    s->stale = true;
    store_sqlite_set_settled(s);
    return err_set(e, ERR_BUSY, "The log of the database was cut short just now. Try again in a moment.");
}

/* ---- rest ---- */

static bool is_old(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && clock_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec >= IDLE_S;
}

static bool needs_rest(const struct store_sqlite *s, bool now)
{
    return file_size(s->log_path) > 0 && (now || is_old(s->log_path) || (s->short_lived && is_old(s->path))) &&
           recorded(s) == STORE_SQLITE_DIRTY;
}

void store_sqlite_rest(const struct store_options *options, bool now)
{
    struct store_sqlite *s = store_sqlite_handle(options->folder, NULL, STORE_WRITE);
    s->short_lived = options->short_lived;
    s->busy_timeout_ms = REST_PATIENCE_MS;
    if (needs_rest(s, now)) {
        store_sqlite_set_deadline(s);
        s->lock_fd = file_lock_open(s->lock_path, NULL);
        if (s->lock_fd >= 0 && store_sqlite_lock(s, NULL) == 0 &&
            store_sqlite_connect(s, SQLITE_OPEN_READWRITE, NULL) == 0 && s->files != NULL) {
            store_sqlite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
        }
    }
    store_sqlite_close(&s->base);
}
