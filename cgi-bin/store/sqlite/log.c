/* log.c - which log and which shared memory the handles of this process have, and whether the path still names them.
 *
 * In WAL, messages live in chat.db-wal until a checkpoint, and chat.db-shm says where. Who has them open goes on with them when their names are
 * taken away (a "clean-up" by FTP), and SQLite doesn't notice; who comes later makes new ones beside them. From then on there are two
 * histories of one database. So:
 *   - Each process knows by number which two files its handles have. All handles of a process have the same: SQLite shares the second one
 *     among them, so a handle is opened only while the path names the files that the others have, or when there is no other.
 *   - A log that was taken away is put back by whoever notices, before his handle is closed (rescue.c).
 *   - No new log is begun while another process has the database open: that one has the old log, and puts it back within a second.
 *     So is one that nobody began on purpose, but SQLite in the moment when the old one was taken away.
 * Who begins a log has the flock, and writes into the record in the lock file which one it is (rescue.c).
 */
#include "store/sqlite/private/sqlite.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOCKED_FROM =
        0x40000002, /* SHARED_FIRST of SQLite's file format: who has a database in WAL open has a lock from there on */
    LOCKED_BYTES = 510,
    HEADER_VERSION = 18, /* 2: the database is in WAL */
    SHARED_BYTES = 32768,
    SHARED_PAGE_SIZE =
        7, /* in the head of the shared memory, as SQLite's description of it has them: of numbers of 16 bits, */
    SHARED_FRAMES = 4, /* and of those of 32 */
    SHARED_SALTS = 8,
    LOG_HEADER_BYTES = 32,
    FRAME_HEADER_BYTES = 24,
};

struct store_sqlite_files {
    uint64_t database; /* numbers, see file_number */
    uint64_t log;
    uint64_t shared;
    unsigned handles;
    bool settled; /* what was taken away is where others find it: the handles may go */
    struct store_sqlite_files *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list, and while a handle comes or goes */
static struct store_sqlite_files *all;

static struct store_sqlite_files *find(uint64_t database)
{
    struct store_sqlite_files *f = all;
    while (f != NULL && f->database != database) {
        f = f->next;
    }
    return f;
}

static void look(const struct store_sqlite *s, struct store_sqlite_files *out)
{
    *out = (struct store_sqlite_files){
        .database = file_number(s->path), .log = file_number(s->log_path), .shared = file_number(s->shared_path)};
}

static bool are_same(const struct store_sqlite_files *a, const struct store_sqlite_files *b)
{
    return a->database == b->database && a->log == b->log && a->shared == b->shared;
}

static bool are_whole(const struct store_sqlite_files *f)
{
    return f->database != 0 && f->log != 0 && f->shared != 0;
}

/* What the shared memory says of the log, as SQLite's description of the format has it. */
struct shared {
    uint64_t page_size;
    uint64_t frames; /* that count */
    uint32_t salts[2];
};

static bool look_at_shared(const struct store_sqlite *s, struct shared *out)
{
    sqlite3_file *file = NULL;
    sqlite3_file *log = NULL;
    void volatile *page = NULL;
    /* Asked for the first time, the shared memory would be opened, and never closed by an SQLite that has no log. */
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == NULL ||
        log->pMethods == NULL) {
        return false;
    }
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods->iVersion < 2 || file->pMethods->xShmMap(file, 0, SHARED_BYTES, 0, &page) != SQLITE_OK ||
        page == NULL) {
        return false;
    }
    const volatile uint16_t *halves = page;
    const volatile uint32_t *words = page;
    *out = (struct shared){.page_size = halves[SHARED_PAGE_SIZE] == 1 ? 65536 : halves[SHARED_PAGE_SIZE],
                           .frames = words[SHARED_FRAMES],
                           .salts = {words[SHARED_SALTS], words[SHARED_SALTS + 1]}};
    return true;
}

/* ---- coming ---- */

/* The first one of a process that reads makes SQLite open both files. */
static int read_once(struct store_sqlite *s, struct err *e)
{
    char ignored[32];
    return store_sqlite_ask(s, "PRAGMA user_version", "read the version", ignored, sizeof ignored, e);
}

static enum store_sqlite_joined busy(struct store_sqlite *s, struct err *e)
{
    s->awaits_log = true;
    err_set(
        e, ERR_BUSY,
        "The files chat.db-wal or chat.db-shm were taken away from the data folder while a program has the database open. "
        "It puts them back in a moment; if it doesn't, end the program that has chat.db open.");
    return STORE_SQLITE_FAILED;
}

static enum store_sqlite_joined leave_to_maker(struct store_sqlite *s, struct err *e)
{
    s->needs_maker = true;
    err_set(e, ERR_BUSY, "The log of the database has to be begun anew. Try again in a moment.");
    return STORE_SQLITE_FAILED;
}

/* Another process has the database open, in WAL. Not to be asked while this one has. */
static bool is_held_elsewhere(const struct store_sqlite *s)
{
    return file_lock_has_record_elsewhere(s->path, LOCKED_FROM, LOCKED_BYTES);
}

/* There is nobody in this process yet, and no log that was agreed on. */
static enum store_sqlite_joined begin_log(struct store_sqlite *s, struct err *e)
{
    if (!s->locked) {
        return leave_to_maker(s, e);
    }
    if (is_held_elsewhere(s) && !store_sqlite_may_begin_beside(s)) {
        return busy(s, e);
    }
    return store_sqlite_clear_log(s, e) == 0 ? STORE_SQLITE_JOINED : STORE_SQLITE_FAILED;
}

/* Shared memory of another log. Who has opened the empty log that SQLite made when the old one was taken away, and the shared memory afterwards,
 * has filled that with nothing; or it is still that of the old one. To be used by nobody. */
static bool is_mismatched(const struct store_sqlite *s)
{
    struct shared shared;
    uint64_t frame = 0;
    uint64_t end = store_sqlite_log_end(s, &frame); /* first: a writer makes the log longer before he says so */
    uint64_t log = file_size(s->log_path);
    bool is_blank = look_at_shared(s, &shared) && shared.frames == 0 && shared.salts[0] == 0 && shared.salts[1] == 0;
    return (is_blank && log > LOG_HEADER_BYTES) || log < end;
}

/* Reads for the first time. wanted: the files that must be there afterwards as before. */
static enum store_sqlite_joined read_with(struct store_sqlite *s, const struct store_sqlite_files *wanted,
                                          struct store_sqlite_files *found, struct err *e)
{
    struct err why = ERR_INIT;
    int result = read_once(s, &why);
    look(s, found);
    if (!are_whole(found) || (wanted != NULL && !are_same(found, wanted)) || (result == 0 && is_mismatched(s))) {
        return STORE_SQLITE_AGAIN;
    }
    return result == 0 ? STORE_SQLITE_JOINED : (err_move(e, &why), STORE_SQLITE_FAILED);
}

static enum store_sqlite_joined join_first(struct store_sqlite *s, struct err *e)
{
    struct store_sqlite_files before;
    struct store_sqlite_files after;
    look(s, &before);
    bool is_new = !are_whole(&before) || store_sqlite_log_is_odd(s);
    if (is_new && begin_log(s, e) != STORE_SQLITE_JOINED) {
        return STORE_SQLITE_FAILED;
    }
    enum store_sqlite_joined joined = read_with(s, is_new ? NULL : &before, &after, e);
    if (joined == STORE_SQLITE_AGAIN && is_mismatched(s)) {
        return s->locked ? (unlink(s->shared_path), joined) : leave_to_maker(s, e);
    }
    if (joined != STORE_SQLITE_JOINED) {
        return joined;
    }
    s->files = ck_calloc(1, sizeof *s->files);
    *s->files = after;
    s->files->handles = 1;
    s->files->next = all;
    all = s->files;
    s->least_bytes = file_size(s->path);
    if (is_new) {
        store_sqlite_record(s, s->has_lost || s->is_alone   ? STORE_SQLITE_OWES_EPOCH
                               : file_size(s->log_path) > 0 ? STORE_SQLITE_DIRTY
                                                            : STORE_SQLITE_CLEAN);
    }
    return STORE_SQLITE_JOINED;
}

static enum store_sqlite_joined join_others(struct store_sqlite *s, struct store_sqlite_files *f, struct err *e)
{
    struct store_sqlite_files now;
    look(s, &now);
    if (!are_same(&now, f)) {
        return STORE_SQLITE_AGAIN; /* when the others have gone */
    }
    enum store_sqlite_joined joined = read_with(s, f, &now, e);
    if (joined == STORE_SQLITE_JOINED) {
        s->files = f;
        s->least_bytes = file_size(s->path);
        f->handles++;
    }
    return joined;
}

bool store_sqlite_is_in_wal(const struct store_sqlite *s)
{
    unsigned char version = 0;
    sqlite3_file *file = NULL;
    return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
           file->pMethods->xRead(file, &version, 1, HEADER_VERSION) == SQLITE_OK && version == 2;
}

enum store_sqlite_joined store_sqlite_join(struct store_sqlite *s, struct err *e)
{
    pthread_mutex_lock(&lock);
    struct store_sqlite_files *f = find(file_number(s->path));
    enum store_sqlite_joined joined = f != NULL ? join_others(s, f, e) : join_first(s, e);
    pthread_mutex_unlock(&lock);
    return joined;
}

void store_sqlite_leave(struct store_sqlite *s)
{
    pthread_mutex_lock(&lock);
    sqlite3_close(s->db);
    s->db = NULL;
    if (s->files != NULL && --s->files->handles == 0) {
        struct store_sqlite_files **at = &all;
        while (*at != s->files) {
            at = &(*at)->next;
        }
        *at = s->files->next;
        free(s->files);
    }
    s->files = NULL;
    pthread_mutex_unlock(&lock);
}

bool store_sqlite_is_held(const struct store_sqlite *s)
{
    pthread_mutex_lock(&lock);
    bool is = find(file_number(s->path)) != NULL || is_held_elsewhere(s);
    pthread_mutex_unlock(&lock);
    return is;
}

/* ---- looking ---- */

bool store_sqlite_log_is_gone(const struct store_sqlite *s)
{
    return s->files != NULL &&
           (file_number(s->log_path) != s->files->log || file_number(s->shared_path) != s->files->shared);
}

bool store_sqlite_has_its_log(const struct store_sqlite *s)
{
    return s->files != NULL && file_number(s->log_path) == s->files->log;
}

uint64_t store_sqlite_log_end(const struct store_sqlite *s, uint64_t *frame)
{
    struct shared shared;
    if (!look_at_shared(s, &shared) || shared.frames == 0) {
        return 0;
    }
    *frame = FRAME_HEADER_BYTES + shared.page_size;
    return LOG_HEADER_BYTES + shared.frames * *frame;
}

uint64_t store_sqlite_log_salts(const struct store_sqlite *s)
{
    struct shared shared;
    return look_at_shared(s, &shared) ? (uint64_t)shared.salts[0] << 32 | shared.salts[1] : 0;
}

static bool log_is_shorter(const struct store_sqlite *s)
{
    uint64_t ignored = 0;
    uint64_t end = store_sqlite_log_end(s, &ignored);
    return file_size(s->log_path) < end;
}

bool store_sqlite_is_cut(struct store_sqlite *s)
{
    uint64_t database = file_size(s->path);
    bool is = s->files != NULL && (database < s->least_bytes || log_is_shorter(s));
    s->least_bytes = is ? s->least_bytes : database;
    return is;
}

bool store_sqlite_is_emptied(const struct store_sqlite *s)
{
    return s->files != NULL && (file_size(s->path) == 0 || log_is_shorter(s));
}

uint64_t store_sqlite_log_number(const struct store_sqlite *s)
{
    return s->files != NULL ? s->files->log : 0;
}

bool store_sqlite_is_settled(const struct store_sqlite *s)
{
    pthread_mutex_lock(&lock);
    bool is = s->files != NULL && s->files->settled;
    pthread_mutex_unlock(&lock);
    return is;
}

void store_sqlite_set_settled(struct store_sqlite *s)
{
    pthread_mutex_lock(&lock);
    if (s->files != NULL) {
        s->files->settled = true;
    }
    pthread_mutex_unlock(&lock);
}
