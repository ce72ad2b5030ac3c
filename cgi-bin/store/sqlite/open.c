/* open.c - from a folder to a handle: whose file it is, making it, migrating it. See sqlite.h.
 *
 * A database comes to be in steps, each of which a kill or power loss may end and the next opener goes on with:
 *   1. an empty file, mode 0600
 *   2. application_id, in a rollback journal: from here on the file's own header says that it is ours, also
 *      while later commits are in the log only. A file that isn't empty and doesn't say so is nobody's business of ours.
 *   3. the journal mode; WAL is tried out on a file aside first, because a database in WAL can't be opened where WAL doesn't
 *      work, not even to switch it back
 *   4. the schema: all files of sql/sqlite, meta and user_version in one transaction
 * All under the flock where there is one, and step 4, like every migration, under SQLite's write lock as well. Before a
 * migration the database is copied: upgrade.c.
 */
#include "store/sqlite/private/sqlite.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "store/incidents.h"
#include "store/sql_files.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_system.h"
#include "system/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 100,
    ROUNDS_MAX = 5,
    AWAIT_MS = 20,
    LOG_PAGES = 1000,            /* about 4 MB, as SQLite itself would choose */
    LOG_PAGES_SHORT_LIVED = 100, /* each new process reads the log once: so much costs less than starting the process */
};

static const char *const statements[STORE_SQLITE__MAX] = {
    [STORE_SQLITE_BEGIN_READ] = "BEGIN",
    [STORE_SQLITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [STORE_SQLITE_COMMIT] = "COMMIT",
    [STORE_SQLITE_ROLLBACK] = "ROLLBACK",
    [STORE_SQLITE_META] = "SELECT epoch, schema FROM meta WHERE one = 1",
    [STORE_SQLITE_ROOM] = "SELECT room_id, head, oldest FROM room WHERE name = ?1",
    [STORE_SQLITE_AFTER] = "SELECT seq, time_ms, type, reply_to, name, id, text FROM message"
                           " WHERE room_id = (SELECT room_id FROM room WHERE name = ?1) AND seq BETWEEN ?2 AND ?3"
                           " ORDER BY seq LIMIT ?4",
    [STORE_SQLITE_BEFORE] = "SELECT seq, time_ms, type, reply_to, name, id, text FROM message"
                            " WHERE room_id = (SELECT room_id FROM room WHERE name = ?1) AND seq BETWEEN ?2 AND ?3"
                            " ORDER BY seq DESC LIMIT ?4",
    [STORE_SQLITE_VERSION] = "PRAGMA data_version",
    [STORE_SQLITE_FIND] = "SELECT seq, time_ms, reply_to, text FROM message"
                          " WHERE room_id = ?1 AND name = ?2 AND id = ?3",
    [STORE_SQLITE_ADD_ROOM] = "INSERT INTO room (name, head, oldest, created_ms) VALUES (?1, 0, 1, ?2)",
    [STORE_SQLITE_ADD] = "INSERT INTO message (room_id, seq, time_ms, type, reply_to, name, id, text)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STORE_SQLITE_RAISE] = "UPDATE room SET head = ?2 WHERE room_id = ?1",
};

/* ---- a handle, not connected and connected ---- */

static char *beside(const char *folder, const char *name)
{
    struct buf path;
    buf_init(&path, BUF_UNLIMITED);
    buf_addf(&path, "%s/%s", folder, name);
    return buf_steal(&path);
}

static char *with_tail(const char *path, const char *tail)
{
    struct buf all;
    buf_init(&all, BUF_UNLIMITED);
    buf_addf(&all, "%s%s", path, tail);
    return buf_steal(&all);
}

struct store_sqlite *store_sqlite_handle(const char *folder, const char *path, enum store_mode mode)
{
    struct store_sqlite *s = ck_calloc(1, sizeof *s);
    s->base.backend = &store_sqlite_backend;
    s->folder = ck_strdup(folder);
    s->path = path == NULL ? beside(folder, "chat.db") : ck_strdup(path);
    s->is_main = path == NULL;
    s->log_path = with_tail(s->path, "-wal");
    s->shared_path = with_tail(s->path, "-shm");
    s->lock_path = beside(folder, "chat.db-lock");
    s->asked_path = beside(folder, "chat-restore.db");
    s->lock_fd = -1;
    s->mode = mode;
    return s;
}

void store_sqlite_disconnect(struct store_sqlite *s)
{
    for (size_t i = 0; i < STORE_SQLITE__MAX; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    store_sqlite_leave(s);
}

void store_sqlite_close(struct store *base)
{
    struct store_sqlite *s = (struct store_sqlite *)base;
    if (s->files != NULL && store_sqlite_is_robbed(s)) {
        (void)store_sqlite_rescue(s, NULL); /* what nobody else has, perhaps, is gone with the descriptor */
    }
    store_sqlite_disconnect(s);
    store_sqlite_unlock(s);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    free(s->folder);
    free(s->path);
    free(s->log_path);
    free(s->shared_path);
    free(s->lock_path);
    free(s->asked_path);
    free(s);
}

static int on_commit(void *handle, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    ((struct store_sqlite *)handle)->log_pages = pages;
    return SQLITE_OK;
}

static int connect_once(struct store_sqlite *s, int flags, struct err *e)
{
    int rc = sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    CK(s->db != NULL); /* no memory otherwise */
    sqlite3_extended_result_codes(s->db, 1);
    if (rc != SQLITE_OK) {
        return store_sqlite_fail(s, sqlite3_extended_errcode(s->db), "open", e);
    }
    /* Before anything that may meet a lock. Instead of PRAGMA busy_timeout: it watches *stopping, too. */
    sqlite3_busy_handler(s->db, store_sqlite_on_busy, s);
    sqlite3_wal_hook(s->db, on_commit, s); /* takes the place of the automatic checkpoint */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return 0;
}

/* ---- whose file it is ---- */

enum kind {
    KIND_EMPTY, /* no file, or one without a byte */
    KIND_OURS,
    KIND_FOREIGN, /* never to be touched */
    KIND_UNSURE,  /* one page and a journal: perhaps step 2 cut off by power loss, which SQLite undoes */
};

int store_sqlite_refuse_moved(struct store_sqlite *s, struct err *e)
{
    if (!store_sqlite_is_moved(s)) {
        return 0;
    }
    s->stale = true;
    return err_set(e, ERR_BUSY, "The database was replaced just now. Try again.");
}

static bool has_journal(const struct store_sqlite *s)
{
    struct buf path;
    buf_init(&path, BUF_UNLIMITED);
    buf_addf(&path, "%s-journal", s->path);
    bool there = file_exists(buf_text(&path));
    buf_fini(&path);
    return there;
}

/* Reads the header through SQLite's descriptor: opening and closing another one would drop the locks that other
 * threads of this process have on the file (fcntl locks end with any close). Asks for no lock and alters nothing. */
static int look_at_header(struct store_sqlite *s, enum kind *kind, struct err *e)
{
    unsigned char header[HEADER_SIZE] = {0};
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK) {
        rc = file->pMethods->xFileSize(file, &size);
    }
    if (rc == SQLITE_OK && size >= HEADER_SIZE) {
        rc = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    }
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) {
        return store_sqlite_fail(s, rc, "read the header", e);
    }
    uint32_t id = (uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 | (uint32_t)header[70] << 8 | header[71];
    if (size == 0) {
        *kind = KIND_EMPTY;
    } else if (memcmp(header, "SQLite format 3", 16) == 0 && id == STORE_SQLITE_APPLICATION_ID) {
        *kind = KIND_OURS;
    } else {
        *kind = size <= STORE_SQLITE_PAGE_SIZE && has_journal(s) ? KIND_UNSURE : KIND_FOREIGN;
    }
    return 0;
}

int store_sqlite_is_ours(struct store_sqlite *s, bool *ours, struct err *e)
{
    enum kind kind = KIND_FOREIGN;
    int result = look_at_header(s, &kind, e);
    *ours = kind == KIND_OURS;
    return result;
}

int store_sqlite_refuse_foreign(const struct store_sqlite *s, struct err *e)
{
    log_line("%s is not a database of pollchat; left as it is", s->path);
    return err_set(
        e, ERR_CORRUPT,
        "The file chat.db in the data folder is not a database of pollchat. It was left as it is. Move it away, "
        "or let the setting data name another folder.");
}

int store_sqlite_refuse_newer(const struct store_sqlite *s, uint64_t version, struct err *e)
{
    log_line("%s has schema %llu, this program knows up to %d", s->path, (unsigned long long)version,
             store_sqlite_schema());
    return err_set(
        e, ERR_NEWER,
        "The database was made by a newer pollchat (schema %llu); this program is older and knows up to %d. "
        "Nothing was changed. Install the newer programs, or put back the copy that was made before the upgrade.",
        (unsigned long long)version, store_sqlite_schema());
}

int store_sqlite_read_version(struct store_sqlite *s, uint64_t *version, struct err *e)
{
    char text[32];
    if (store_sqlite_ask(s, "PRAGMA user_version", "read the version", text, sizeof text, e) != 0) {
        return -1;
    }
    if (str_u64(text, 0, INT32_MAX, version) != 0) {
        return store_sqlite_refuse_foreign(s, e); /* negative */
    }
    return 0;
}

int store_sqlite_connect(struct store_sqlite *s, int flags, struct err *e)
{
    for (int times = 0;; times++) {
        bool ours = false;
        s->needs_maker = false;
        s->awaits_log = false;
        if (connect_once(s, flags, e) != 0) {
            return -1;
        }
        if (!s->is_main || store_sqlite_is_ours(s, &ours, NULL) != 0 || !ours || !store_sqlite_is_in_wal(s)) {
            return 0;
        }
        enum store_sqlite_joined joined = store_sqlite_join(s, e);
        if (joined != STORE_SQLITE_AGAIN) {
            return joined == STORE_SQLITE_JOINED ? 0 : -1;
        }
        store_sqlite_leave(s);
        if (!store_sqlite_nap(s, times)) {
            return err_set(e, ERR_BUSY, "The files of the database are being changed. Try again in a moment.");
        }
    }
}

/* ---- making and migrating ---- */

static const char *migration(int number)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "sqlite/%03d-", number);
    for (const struct sql_file *f = sql_files; f->name != NULL; f++) {
        if (strncmp(f->name, prefix, strlen(prefix)) == 0) {
            return f->text;
        }
    }
    return NULL;
}

int store_sqlite_schema(void)
{
    int number = 0;
    while (migration(number + 1) != NULL) {
        number++;
    }
    return number;
}

/* Does SQLite's WAL work in this folder? Tried with a database that is thrown away. 1, 0, or -1 when it
 * failed for a reason that has nothing to do with WAL. */
static int try_wal(const struct store_sqlite *s, struct err *e)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char *path = beside(s->folder, "chat.db-trial");
    struct store_sqlite *trial = store_sqlite_handle(s->folder, path, STORE_WRITE);
    struct err why = ERR_INIT;
    char mode[16] = "";
    for (int after = 0; after < 2; after++) { /* before: what a killed one left */
        if (after == 1 && store_sqlite_connect(trial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &why) == 0 &&
            store_sqlite_exec(trial, "PRAGMA synchronous = OFF", "try WAL", &why) == 0 &&
            store_sqlite_ask(trial, "PRAGMA journal_mode = WAL", "try WAL", mode, sizeof mode, &why) == 0) {
            store_sqlite_exec(trial, "CREATE TABLE trial (x)", "try WAL", &why);
        }
        store_sqlite_disconnect(trial);
        for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
            struct buf name;
            buf_init(&name, BUF_UNLIMITED);
            buf_addf(&name, "%s%s", path, tails[i]);
            unlink(buf_text(&name));
            buf_fini(&name);
        }
    }
    store_sqlite_close(&trial->base);
    free(path);
    if (why.code == ERR_FULL || why.code == ERR_READONLY) {
        return err_move(e, &why);
    }
    return why.code == ERR_NONE && strcmp(mode, "wal") == 0;
}

int store_sqlite_choose_journal(struct store_sqlite *s, bool can_lock, struct err *e)
{
    char mode[16];
    if (s->journal == STORE_JOURNAL_ROLLBACK ||
        (s->journal == STORE_JOURNAL_AUTO && file_system_is_network(s->folder))) {
        return 0;
    }
    int works = can_lock ? try_wal(s, e) : 0;
    if (works <= 0) {
        if (works == 0) {
            log_line("%s: WAL doesn't work on this file system; a rollback journal is used", s->path);
        }
        return works;
    }
    return store_sqlite_ask(s, "PRAGMA journal_mode = WAL", "set the journal mode", mode, sizeof mode, e);
}

/* Steps 2 and 3. */
static int make_file(struct store_sqlite *s, bool can_lock, struct err *e)
{
    enum kind kind = KIND_FOREIGN;
    char sql[160];
    file_make_private(s->path); /* SQLite gives journals the mode and owner of the database */
    /* EXTRA: the change to WAL deletes the journal, and with FULL power loss could bring it back, and undo everything. */
    snprintf(sql, sizeof sql, "PRAGMA page_size = %d; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA;",
             STORE_SQLITE_PAGE_SIZE);
    if (store_sqlite_exec(s, sql, "make the database", e) != 0 ||
        store_sqlite_exec(s, "BEGIN IMMEDIATE", "make the database", e) != 0) { /* undoes what was cut off */
        return -1;
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", STORE_SQLITE_APPLICATION_ID);
    if (look_at_header(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == KIND_FOREIGN || kind == KIND_UNSURE) {
        return store_sqlite_refuse_foreign(s, e);
    }
    if ((kind == KIND_EMPTY && store_sqlite_exec(s, sql, "make the database", e) != 0) ||
        store_sqlite_exec(s, "COMMIT", "make the database", e) != 0) {
        return -1;
    }
    return store_sqlite_choose_journal(s, can_lock, e);
}

static int run_migrations(struct store_sqlite *s, int from, struct err *e)
{
    char sql[160];
    int schema = store_sqlite_schema();
    for (int number = from + 1; number <= schema; number++) {
        if (store_sqlite_exec(s, migration(number), "migrate", e) != 0) {
            return -1;
        }
    }
    if (from == 0) {
        char epoch[CHAT_EPOCH_SIZE];
        random_id(epoch);
        snprintf(sql, sizeof sql, "INSERT INTO meta (one, epoch, created_ms, schema) VALUES (1, '%s', %lld, %d)", epoch,
                 (long long)clock_wall_ms(), schema);
    } else {
        snprintf(sql, sizeof sql, "UPDATE meta SET schema = %d", schema);
    }
    if (store_sqlite_exec(s, sql, "migrate", e) != 0) {
        return -1;
    }
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", schema);
    return store_sqlite_exec(s, sql, "migrate", e);
}

/* A database that has something in it is copied first, by the one that has the lock. */
static int upgrade(struct store_sqlite *s, int from, struct err *e)
{
    struct store_sqlite_upgrade u;
    if (store_sqlite_upgrade_begin(&u, s, e) != 0) {
        return -1;
    }
    struct err why = ERR_INIT;
    bool changed = run_migrations(s, from, &why) == 0;
    bool done = changed && store_sqlite_exec(s, "COMMIT", "migrate", &why) == 0;
    store_sqlite_upgrade_end(&u, done, changed && why.code == ERR_SYSTEM); /* a commit that failed may have happened */
    return done ? 0 : err_move(e, &why);
}

/* Step 4. Who waited for the write lock finds the work done by the one that had it. */
static int migrate(struct store_sqlite *s, struct err *e)
{
    uint64_t version = 0;
    if (store_sqlite_exec(s, "PRAGMA synchronous = EXTRA", "migrate", e) != 0 ||
        store_sqlite_exec(s, "BEGIN IMMEDIATE", "migrate", e) != 0 || store_sqlite_refuse_moved(s, e) != 0 ||
        store_sqlite_read_version(s, &version, e) != 0) {
        return -1;
    }
    if (version > (uint64_t)store_sqlite_schema()) {
        return store_sqlite_refuse_newer(s, version, e);
    }
    if (version > 0 && version < (uint64_t)store_sqlite_schema()) {
        return upgrade(s, (int)version, e);
    }
    if (version == 0 && run_migrations(s, 0, e) != 0) {
        return -1;
    }
    return store_sqlite_exec(s, "COMMIT", "migrate", e);
}

/* A database without a byte that has a log was cut short; SQLite would throw the log away. */
static int clear_emptied(struct store_sqlite *s, struct err *e)
{
    if (store_sqlite_is_held(s)) {
        s->awaits_log = true;
        return err_set(e, ERR_BUSY, "The file chat.db was emptied while a program has it open. Try again in a moment.");
    }
    if (file_size(s->log_path) == 0) {
        return 0;
    }
    incidents_note(s->folder, INCIDENT_LOST, NULL);
    return store_sqlite_set_log_aside(s, e);
}

/* Where messages were lost, numbers that were given to them will be given again: so clients have to begin anew. */
static int finish(struct store_sqlite *s, struct err *e)
{
    char epoch[CHAT_EPOCH_SIZE];
    char sql[80];
    if (s->has_lost || s->is_alone) {
        random_id(epoch);
        snprintf(sql, sizeof sql, "UPDATE meta SET epoch = '%s'", epoch);
        if (store_sqlite_exec(s, sql, "give an epoch", e) != 0) {
            return -1;
        }
        log_line(
            s->has_lost
                ? "%s: its log was taken away or cut short; the last messages are lost, and the epoch is another one"
                : "%s has neither its log nor its lock file beside it: it is a copy, or files were removed; the epoch "
                  "is another one",
            s->path);
        incidents_note(s->folder, s->has_lost ? INCIDENT_LOST : INCIDENT_ALONE, NULL);
    }
    if (store_sqlite_is_in_wal(s)) { /* a copy of the one file is a database from the first moment on */
        store_sqlite_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    }
    return 0;
}

static int make_locked(struct store_sqlite *s, bool can_lock, struct err *e)
{
    enum kind kind = KIND_FOREIGN;
    uint64_t version = 0;
    if (store_sqlite_connect(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e) != 0 ||
        look_at_header(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == KIND_FOREIGN) {
        return store_sqlite_refuse_foreign(s, e);
    }
    if (kind == KIND_EMPTY && clear_emptied(s, e) != 0) {
        return -1;
    }
    if (kind == KIND_OURS && store_sqlite_read_version(s, &version, e) != 0) {
        return -1;
    }
    s->is_alone = s->is_alone && version > 0; /* else its maker was killed before there was anything in it */
    if ((version == 0 && make_file(s, can_lock, e) != 0) || migrate(s, e) != 0) {
        return -1;
    }
    return finish(s, e);
}

/* Who is waited for needs the flock. */
static int make_in_turn(struct store_sqlite *s, struct err *e)
{
    for (int times = 0;; times++) {
        struct err why = ERR_INIT;
        int result = store_sqlite_lock(s, &why);
        if (result >= 0) {
            result = file_lock_has_records(s->lock_path) ? make_locked(s, result == 0, &why)
                                                         : store_sqlite_refuse_lockless(s, &why);
        }
        if (result >= 0 || !s->awaits_log || !store_sqlite_nap(s, times)) {
            return result >= 0 ? result : err_move(e, &why);
        }
        store_sqlite_disconnect(s);
        store_sqlite_unlock(s);
        clock_sleep_ms(AWAIT_MS);
    }
}

int store_sqlite_make(const struct store_sqlite *like, struct err *e)
{
    int result = folder_make(like->folder, e);
    if (result != 0) {
        return -1;
    }
    struct store_sqlite *s = store_sqlite_handle(like->folder, NULL, STORE_WRITE);
    s->journal = like->journal;
    s->stopping = like->stopping;
    s->busy_timeout_ms = like->busy_timeout_ms;
    s->deadline = like->deadline;
    s->lock_fd = file_lock_open(s->lock_path, e);
    result = s->lock_fd >= 0 ? make_in_turn(s, e) : -1;
    store_sqlite_close(&s->base); /* rolls back what is unfinished, then unlocks */
    return result;
}

/* ---- opening ---- */

enum condition { CONDITION_READY, CONDITION_TO_MAKE };

/* A reader may not roll back what a killed writer left, nor set the log up: that is work for a writer. */
static bool is_for_the_maker(const struct store_sqlite *s, const struct err *e)
{
    return s->mode == STORE_READ && e->code == ERR_READONLY && file_system_is_writable(s->folder);
}

/* Connected, and the file is ours with the schema of this program: READY. */
static int look(struct store_sqlite *s, enum condition *condition, struct err *e)
{
    enum kind kind = KIND_FOREIGN;
    uint64_t version = 0;
    struct err why = ERR_INIT;
    *condition = CONDITION_TO_MAKE;
    if (!file_exists(s->path)) {
        return 0;
    }
    if (store_sqlite_connect(s, s->mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, &why) != 0) {
        return s->needs_maker || is_for_the_maker(s, &why) ? 0 : err_move(e, &why);
    }
    if (look_at_header(s, &kind, e) != 0) {
        return -1;
    }
    if (kind == KIND_FOREIGN) {
        return store_sqlite_refuse_foreign(s, e);
    }
    if (kind != KIND_OURS) {
        return 0;
    }
    if (store_sqlite_read_version(s, &version, &why) != 0) {
        return is_for_the_maker(s, &why) ? 0 : err_move(e, &why);
    }
    if (version > (uint64_t)store_sqlite_schema()) {
        return store_sqlite_refuse_newer(s, version, e);
    }
    *condition = version == (uint64_t)store_sqlite_schema() ? CONDITION_READY : CONDITION_TO_MAKE;
    return 0;
}

static int prepare(struct store_sqlite *s, struct err *e)
{
    size_t count = s->mode == STORE_WRITE ? STORE_SQLITE__MAX : STORE_SQLITE_FIND;
    for (size_t i = 0; i < count; i++) {
        int rc = sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
        if (rc != SQLITE_OK) { /* with the right version, a table that isn't there is damage */
            return store_sqlite_fail(s, rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc, statements[i], e);
        }
    }
    return 0;
}

static int set_up(struct store_sqlite *s, struct err *e)
{
    char mode[16];
    char sql[200];
    if (store_sqlite_ask(s, "PRAGMA journal_mode", "ask for the journal mode", mode, sizeof mode, e) != 0) {
        return -1;
    }
    s->wal = strcmp(mode, "wal") == 0;
    s->log_limit = s->short_lived ? LOG_PAGES_SHORT_LIVED : LOG_PAGES;
    snprintf(s->description, sizeof s->description, "SQLite %s, %s", sqlite3_libversion(),
             s->wal ? "WAL" : "rollback journal");
    if (s->mode == STORE_WRITE) {
        snprintf(sql, sizeof sql,
                 "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = %d%s",
                 s->log_limit * STORE_SQLITE_PAGE_SIZE * 2, s->wal ? "" : "; PRAGMA journal_mode = TRUNCATE");
        if (sqlite3_db_readonly(s->db, "main") == 1) { /* SQLite opens read-only what it can't open otherwise */
            return store_sqlite_fail(s, SQLITE_READONLY, "open for writing", e);
        }
        if (store_sqlite_exec(s, sql, "set up", e) != 0) {
            return -1;
        }
        s->lock_fd = s->wal ? file_lock_open(s->lock_path, e) : -1;
        if (s->wal && s->lock_fd < 0) {
            return -1;
        }
    }
    return prepare(s, e);
}

static int learn_epoch(struct store_sqlite *s, struct err *e)
{
    char epoch[CHAT_EPOCH_SIZE + 8];
    if (store_sqlite_ask(s, "SELECT epoch FROM meta WHERE one = 1", "read the epoch", epoch, sizeof epoch, e) != 0) {
        return -1;
    }
    if (strlen(epoch) != CHAT_EPOCH_SIZE - 1) {
        return store_sqlite_fail(s, SQLITE_CORRUPT, "read the epoch", e);
    }
    memcpy(s->epoch, epoch, CHAT_EPOCH_SIZE);
    return 0;
}

static void start_anew(struct store_sqlite *s)
{
    store_sqlite_disconnect(s);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    s->lock_fd = -1;
}

int store_sqlite_prepare(struct store_sqlite *s, struct err *e)
{
    return prepare(s, e) == 0 ? learn_epoch(s, e) : -1;
}

static int open_rounds(struct store_sqlite *s, struct err *e)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        enum condition condition = CONDITION_TO_MAKE;
        struct err why = ERR_INIT;
        int result = look(s, &condition, &why);
        if (result == 0 && condition == CONDITION_READY) {
            result = set_up(s, &why) == 0 && learn_epoch(s, &why) == 0 ? 0 : -1;
            if (result == 0) {
                return 0;
            }
        }
        bool moved = result != 0 && store_sqlite_is_moved(s);
        if (result != 0 && !moved) {
            return err_move(e, &why);
        }
        start_anew(s);
        if (moved) {
            continue;
        }
        if (store_sqlite_make(s, e) != 0) {
            return -1;
        }
        store_sqlite_set_deadline(s); /* an upgrade may have taken longer than anybody waits for a lock */
    }
    return err_set(e, ERR_BUSY, "The database is being replaced again and again. Try again in a moment.");
}

/* There may be something to be read though nothing can be made. */
static int open_to_read(struct store_sqlite *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (open_rounds(s, &why) == 0) {
        return 0;
    }
    start_anew(s);
    if (s->mode == STORE_READ && why.code == ERR_FULL) {
        return store_sqlite_open_without_log(s, NULL) == 0
                   ? 0
                   : err_set(
                         e, ERR_FULL,
                         "The disk or the quota of the data folder is full: there isn't even room for the small files that "
                         "reading takes. Nothing is lost. Make some room.");
    }
    return err_move(e, &why);
}

struct store *store_sqlite_open(const struct store_options *options, enum store_mode mode, struct err *e)
{
    struct store_sqlite *s = store_sqlite_handle(options->folder, NULL, mode);
    s->journal = options->journal;
    s->short_lived = options->short_lived;
    s->busy_timeout_ms = options->busy_timeout_ms;
    s->stopping = options->stopping;
    store_sqlite_set_deadline(s);
    if ((file_exists(s->asked_path) && store_sqlite_restore_asked(options, s->asked_path, e) != 0) ||
        open_to_read(s, e) != 0) {
        store_sqlite_close(&s->base);
        return NULL;
    }
    s->file_number = file_number(s->path);
    if (store_sqlite_is_moved(s)) { /* asked afterwards: if not, the name was its own when it was looked at */
        s->file_number = 0;
    }
    return &s->base;
}
