/* messages.c - rooms and messages in SQLite: appending and reading. See sqlite.h for files and locks. */
#include "store/sqlite/private/sqlite.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_system.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOG_STUCK = 8,                /* so many times longer than wanted: readers keep the log from starting anew */
    CHECKPOINT_PATIENCE_MS = 100, /* how long writers wait for those readers then */
    READER_LOOK_MS = 100,         /* between two looks of a reader for files that were taken away */
};

/* Columns of AFTER and BEFORE. */
enum { SEQ, TIME_MS, TYPE, REPLY_TO, NAME, ID, TEXT };

static struct store_sqlite *mine(struct store *base)
{
    return (struct store_sqlite *)base;
}

static bool exists(const char *folder)
{
    struct buf path;
    buf_init(&path, BUF_UNLIMITED);
    buf_addf(&path, "%s/chat.db", folder);
    bool there = file_exists(buf_text(&path));
    buf_fini(&path);
    return there;
}

static const char *epoch(const struct store *base)
{
    return ((const struct store_sqlite *)base)->epoch;
}

static const char *describe(const struct store *base)
{
    return ((const struct store_sqlite *)base)->description;
}

/* What was taken away is rescued first. As long as it can't be, the handle has what nobody else has, and goes on being read. */
/* A writer looks at each use, and again around each commit. For a reader ten times a second will do: what it would notice is repaired
 * by a later look as well, and a poll without news shall cost as few system calls as can be. */
static bool is_look_due(struct store_sqlite *s)
{
    int64_t now = clock_mono_ms();
    bool is = s->mode == STORE_WRITE || s->looked_ms == 0 || now - s->looked_ms >= READER_LOOK_MS;
    s->looked_ms = is ? now : s->looked_ms;
    return is;
}

static bool is_replaced(struct store *base)
{
    struct store_sqlite *s = mine(base);
    if (!s->stale && !s->locked && is_look_due(s) && store_sqlite_is_robbed(s)) {
        (void)store_sqlite_rescue(s, NULL);
    }
    if (s->still != 0 && !s->viewing && !store_sqlite_is_still(s)) {
        s->stale = true;
    }
    return s->stale || file_exists(s->asked_path) || store_sqlite_is_moved(s);
}

static uint64_t number_of_file(const struct store *base)
{
    return ((const struct store_sqlite *)base)->file_number;
}

/* First in every transaction: the database is still the one that the handle was opened on. A newer program may have
 * migrated it, and an owner may have restored another one into the same file. */
static int check_meta(struct store_sqlite *s, struct err *e)
{
    sqlite3_stmt *meta = store_sqlite_use(s, STORE_SQLITE_META);
    int rc = sqlite3_step(meta);
    int result = 0;
    if (rc != SQLITE_ROW) {
        result = store_sqlite_fail(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, "begin", e);
    } else {
        const char *found = (const char *)sqlite3_column_text(meta, 0);
        int schema = sqlite3_column_int(meta, 1);
        if (schema > store_sqlite_schema()) {
            s->stale = true;
            result = store_sqlite_refuse_newer(s, (uint64_t)schema, e);
        } else if (found == NULL || strcmp(found, s->epoch) != 0 || schema != store_sqlite_schema()) {
            s->stale = true;
            result = err_set(e, ERR_BUSY, "The database was replaced just now. Try again.");
        }
    }
    store_sqlite_done(meta);
    return result;
}

/* ---- writing ---- */

struct room {
    sqlite3_int64 id; /* 0: it doesn't exist */
    uint64_t head;
    uint64_t oldest;
};

static int find_room(struct store_sqlite *s, const char *name, struct room *out, struct err *e)
{
    sqlite3_stmt *find = store_sqlite_use(s, STORE_SQLITE_ROOM);
    int result = 0;
    *out = (struct room){.id = 0, .head = 0, .oldest = 1};
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(find, 0);
        out->head = (uint64_t)sqlite3_column_int64(find, 1);
        out->oldest = (uint64_t)sqlite3_column_int64(find, 2);
    } else if (rc != SQLITE_DONE) {
        result = store_sqlite_fail(s, rc, "find the room", e);
    }
    store_sqlite_done(find);
    return result;
}

static int step_once(struct store_sqlite *s, sqlite3_stmt *statement, const char *what, struct err *e)
{
    int rc = sqlite3_step(statement);
    int result = rc == SQLITE_DONE ? 0 : store_sqlite_fail(s, rc, what, e);
    store_sqlite_done(statement);
    return result;
}

static int make_room(struct store_sqlite *s, const char *name, struct room *out, struct err *e)
{
    sqlite3_stmt *add = store_sqlite_use(s, STORE_SQLITE_ADD_ROOM);
    sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, clock_wall_ms());
    if (step_once(s, add, "make the room", e) != 0) {
        return -1;
    }
    out->id = sqlite3_last_insert_rowid(s->db);
    return 0;
}

/* Sets the job's outcome if its id is there already. */
static int find_same_id(struct store_sqlite *s, const struct room *room, struct store_job *job, struct err *e)
{
    const struct chat_draft *d = job->draft;
    sqlite3_stmt *find = store_sqlite_use(s, STORE_SQLITE_FIND);
    int result = 0;
    sqlite3_bind_int64(find, 1, room->id);
    sqlite3_bind_text(find, 2, d->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 3, d->id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(find, 3);
        bool same = (uint64_t)sqlite3_column_int64(find, 2) == d->reply_to && /* NULL reads as 0 */
                    (size_t)sqlite3_column_bytes(find, 3) == d->text_length &&
                    (d->text_length == 0 || (text != NULL && memcmp(text, d->text, d->text_length) == 0));
        job->outcome = same ? STORE_REPEATED : STORE_CONFLICT;
        job->seq = same ? (uint64_t)sqlite3_column_int64(find, 0) : 0;
        job->time_ms = same ? sqlite3_column_int64(find, 1) : 0;
    } else if (rc != SQLITE_DONE) {
        result = store_sqlite_fail(s, rc, "look for the id", e);
    }
    store_sqlite_done(find);
    return result;
}

static int add_message(struct store_sqlite *s, const struct room *room, struct store_job *job, struct err *e)
{
    const struct chat_draft *d = job->draft;
    sqlite3_stmt *add = store_sqlite_use(s, STORE_SQLITE_ADD);
    sqlite3_stmt *raise = store_sqlite_use(s, STORE_SQLITE_RAISE);
    int64_t now = clock_wall_ms();
    sqlite3_bind_int64(add, 1, room->id);
    sqlite3_bind_int64(add, 2, (sqlite3_int64)room->head + 1);
    sqlite3_bind_int64(add, 3, now);
    sqlite3_bind_int(add, 4, CHAT_MESSAGE);
    if (d->reply_to != 0) {
        sqlite3_bind_int64(add, 5, (sqlite3_int64)d->reply_to);
    }
    sqlite3_bind_text(add, 6, d->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 7, d->id, -1, SQLITE_STATIC);
    int rc = sqlite3_bind_text64(add, 8, d->text == NULL ? "" : d->text, d->text_length, SQLITE_STATIC, SQLITE_UTF8);
    if (rc != SQLITE_OK) { /* longer than SQLite takes; max_text is far below */
        store_sqlite_done(add);
        return store_sqlite_fail(s, rc, "add the message", e);
    }
    if (step_once(s, add, "add the message", e) != 0) {
        return -1;
    }
    sqlite3_bind_int64(raise, 1, room->id);
    sqlite3_bind_int64(raise, 2, (sqlite3_int64)room->head + 1);
    if (step_once(s, raise, "raise the head", e) != 0) {
        return -1;
    }
    job->outcome = STORE_STORED;
    job->seq = room->head + 1;
    job->time_ms = now;
    return 0;
}

static int append_one(struct store_sqlite *s, struct store_job *job, struct err *e)
{
    const struct chat_draft *d = job->draft;
    struct room room;
    if (find_room(s, d->room, &room, e) != 0 || (room.id != 0 && find_same_id(s, &room, job, e) != 0)) {
        return -1;
    }
    if (job->outcome != 0) {
        return 0;
    }
    if (d->reply_to > room.head) {
        job->outcome = STORE_NO_TARGET;
        return 0;
    }
    if (room.head >= CHAT_SEQ_MAX) {
        return err_set(e, ERR_SYSTEM, "The room has no number left for a further message.");
    }
    return room.id == 0 && make_room(s, d->room, &room, e) != 0 ? -1 : add_message(s, &room, job, e);
}

/* A message that was found may have been written by a process that was killed before its sync, so it is in the file but not yet on
 * the disk. Answering for it needs a sync, and SQLite syncs only for a change: this one changes nothing but counts. */
static int touch(struct store_sqlite *s, struct err *e)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", store_sqlite_schema());
    return store_sqlite_exec(s, sql, "sync", e);
}

static int append_all(struct store_sqlite *s, struct store_job *jobs, size_t count, struct err *e)
{
    bool stored = false;
    bool repeated = false;
    for (size_t i = 0; i < count; i++) {
        if (append_one(s, &jobs[i], e) != 0) {
            return -1;
        }
        stored = stored || jobs[i].outcome == STORE_STORED;
        repeated = repeated || jobs[i].outcome == STORE_REPEATED;
    }
    return repeated && !stored ? touch(s, e) : 0;
}

static int append_in_transaction(struct store_sqlite *s, struct store_job *jobs, size_t count, struct err *e)
{
    int rc = store_sqlite_run(s, STORE_SQLITE_BEGIN_WRITE);
    if (rc != SQLITE_OK) {
        return store_sqlite_fail(s, rc, "begin", e);
    }
    int result = store_sqlite_refuse_moved(s, e);
    if (result == 0) {
        result = check_meta(s, e);
    }
    if (result == 0) {
        result = append_all(s, jobs, count, e);
    }
    if (result == 0) {
        rc = store_sqlite_run(s, STORE_SQLITE_COMMIT);
        result = rc == SQLITE_OK ? 0 : store_sqlite_fail(s, rc, "commit", e);
    }
    if (result != 0) {
        store_sqlite_rollback(s);
    }
    return result;
}

/* Copies the log into the database. The messages are safe already: a failure here (a full disk, for one) is told once, and tried again
 * some time. */
int store_sqlite_checkpoint(struct store_sqlite *s, int mode)
{
    int pages = -1;
    int copied = -2;
    s->deadline = clock_mono_ms() + CHECKPOINT_PATIENCE_MS;
    int rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &pages, &copied);
    bool failed = rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY;
    if (failed && !s->checkpoint_failed) {
        log_line("%s: checkpoint: %s (SQLite %d)", s->path, sqlite3_errmsg(s->db), rc);
    }
    s->checkpoint_failed = failed;
    store_sqlite_record(s, rc == SQLITE_OK && pages == copied ? STORE_SQLITE_CLEAN : STORE_SQLITE_DIRTY);
    s->least_bytes = file_size(s->path);
    return rc;
}

/* When the log is long, so that it starts anew with the next write.
 * full: there is no room for the log to grow, so it is to start anew in the room that it has. */
static void shorten_log(struct store_sqlite *s, bool full)
{
    if ((!full && s->log_pages <= s->log_limit) || file_number_open(s->lock_fd) != file_number(s->lock_path)) {
        return;
    }
    bool stuck = s->log_pages > s->log_limit * LOG_STUCK && s->log_pages >= s->log_patient_until;
    int rc = store_sqlite_checkpoint(s, stuck ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
    if (stuck) { /* whoever reads for so long (pollchat check, a backup) shall not make every send wait for him */
        s->log_patient_until = (rc & 0xff) == SQLITE_BUSY ? s->log_pages + s->log_limit : 0;
    }
}

/* With the flock in hand. -1: the handle's files aren't those that the others have; if it is rescued what it had, it is stale. */
static int check_files(struct store_sqlite *s, struct err *e)
{
    if (!store_sqlite_log_is_gone(s) && !store_sqlite_is_cut(s)) {
        return 0;
    }
    return store_sqlite_rescue_locked(s, false, e) == 0
               ? err_set(e, ERR_BUSY, "Files of the database were taken away just now. Try again in a moment.")
               : -1;
}

/* Somebody may have taken the log away after the look at the files: then what was just committed is in it, and not durable. */
static int check_committed(struct store_sqlite *s, struct err *e)
{
    struct err why = ERR_INIT;
    if (!store_sqlite_log_is_gone(s)) {
        return 0;
    }
    int result = store_sqlite_rescue_locked(s, true, &why);
    for (int times = 0; result != 0 && why.code == ERR_BUSY && store_sqlite_nap(s, times); times++) {
        err_clear(&why);
        result = store_sqlite_rescue_locked(s, true, &why);
    }
    if (result == 0 && s->has_split) {
        return err_set(e, ERR_BUSY, "Files of the database were taken away just now. Try again in a moment.");
    }
    return result == 0 ? 0 : err_set(e, why.code == ERR_BUSY ? ERR_SYSTEM : why.code, "%s", why.text);
}

/* The record knows of the commit before anybody is told: so it is noticed when the log gets shorter. */
static int append_recorded(struct store_sqlite *s, struct store_job *jobs, size_t count, struct err *e)
{
    uint64_t frame = 0;
    uint64_t end = store_sqlite_log_end(s, &frame);
    uint64_t salts = store_sqlite_log_salts(s);
    store_sqlite_record_commit(s);
    s->log_pages = 0;
    if (append_in_transaction(s, jobs, count, e) != 0) {
        return -1;
    }
    if (s->log_pages > 0) {
        store_sqlite_record(s, STORE_SQLITE_DIRTY);
        if (store_sqlite_check_hole(s, end, salts, e) != 0) {
            return -1;
        }
    }
    return check_committed(s, e);
}

static int append_to_log(struct store_sqlite *s, struct store_job *jobs, size_t count, struct err *e)
{
    if (check_files(s, e) != 0) {
        return -1;
    }
    struct err why = ERR_INIT;
    int result = append_recorded(s, jobs, count, &why);
    if (!s->stale && (result == 0 || why.code == ERR_FULL)) {
        shorten_log(s, result != 0);
    }
    return result == 0 ? 0 : err_move(e, &why);
}

static int append(struct store *base, struct store_job *jobs, size_t count, struct err *e)
{
    struct store_sqlite *s = mine(base);
    CK(s->mode == STORE_WRITE && !s->viewing);
    store_sqlite_set_deadline(s);
    if (s->wal) {
        int locked = store_sqlite_lock(s, e);
        if (locked != 0) {
            return locked < 0
                       ? -1
                       : err_set(e, ERR_READONLY,
                                 "The file system of the data folder has no flock, which this database (WAL) needs "
                                 "for writing. Move the folder to a local disk.");
        }
    }
    int result = s->wal ? append_to_log(s, jobs, count, e) : append_in_transaction(s, jobs, count, e);
    store_sqlite_unlock(s);
    return result;
}

/* ---- reading ---- */

static int begin_view(struct store_sqlite *s, struct err *e)
{
    int rc = store_sqlite_run(s, STORE_SQLITE_BEGIN_READ);
    if (rc != SQLITE_OK) {
        return store_sqlite_fail(s, rc, "begin", e);
    }
    if (check_meta(s, e) != 0) { /* its first read is what fixes the view */
        store_sqlite_rollback(s);
        return -1;
    }
    return 0;
}

/* Without a log: nobody begins one, or changes the file, before read_end. */
static int hold_still(struct store_sqlite *s, struct err *e)
{
    if (store_sqlite_lock(s, e) != 0) {
        return -1;
    }
    if (store_sqlite_is_still(s)) {
        return 0;
    }
    store_sqlite_unlock(s);
    s->stale = true;
    return err_set(e, ERR_BUSY, "The database can be written again just now. Try again.");
}

static int read_begin(struct store *base, struct err *e)
{
    struct store_sqlite *s = mine(base);
    struct err why = ERR_INIT;
    CK(!s->viewing);
    store_sqlite_set_deadline(s);
    if (s->still != 0 && hold_still(s, e) != 0) {
        return -1;
    }
    int result = begin_view(s, &why);
    if (result != 0 && s->still == 0 && why.code == ERR_READONLY && s->mode == STORE_READ &&
        file_system_is_writable(s->folder)) {
        /* A writer was killed, and what it left must be rolled back before anybody can read. */
        err_clear(&why);
        result = store_sqlite_make(s, &why) == 0 ? begin_view(s, &why) : -1;
    }
    s->viewing = result == 0;
    if (result != 0 && s->still != 0) {
        store_sqlite_unlock(s);
    }
    return result == 0 ? 0 : err_move(e, &why);
}

static void read_end(struct store *base)
{
    struct store_sqlite *s = mine(base);
    if (s->viewing) {
        s->viewing = false;
        store_sqlite_rollback(s); /* nothing was written */
        if (s->still != 0) {
            store_sqlite_unlock(s);
        }
    }
}

static int room_in_view(struct store_sqlite *s, const char *name, struct store_room *out, struct err *e)
{
    struct room room;
    if (find_room(s, name, &room, e) != 0) {
        return -1;
    }
    out->head = room.head;
    out->oldest = room.oldest;
    return 0;
}

static int room(struct store *base, const char *name, struct store_room *out, struct err *e)
{
    struct store_sqlite *s = mine(base);
    if (s->viewing) {
        return room_in_view(s, name, out, e);
    }
    if (read_begin(base, e) != 0) {
        return -1;
    }
    int result = room_in_view(s, name, out, e);
    read_end(base);
    return result;
}

static char *copy_text(sqlite3_stmt *row, int column, size_t *length)
{
    const void *bytes = sqlite3_column_text(row, column);
    *length = (size_t)sqlite3_column_bytes(row, column);
    CK(bytes != NULL); /* NOT NULL: no memory otherwise */
    return ck_memdup0(bytes, *length);
}

static void take_row(sqlite3_stmt *row, struct chat_message *m)
{
    size_t ignored = 0;
    m->seq = (uint64_t)sqlite3_column_int64(row, SEQ);
    m->time_ms = sqlite3_column_int64(row, TIME_MS);
    m->type = (enum chat_type)sqlite3_column_int(row, TYPE);
    m->reply_to = (uint64_t)sqlite3_column_int64(row, REPLY_TO);
    m->name = copy_text(row, NAME, &ignored);
    m->id = copy_text(row, ID, &ignored);
    m->text = copy_text(row, TEXT, &m->text_length);
}

static void reverse(struct store_page *page)
{
    for (size_t i = 0; i + 1 < page->count - i; i++) {
        struct chat_message other = page->messages[page->count - 1 - i];
        page->messages[page->count - 1 - i] = page->messages[i];
        page->messages[i] = other;
    }
}

static size_t weight_of(sqlite3_stmt *row)
{
    const void *text = sqlite3_column_blob(row, TEXT);
    return chat_text_weight(text, (size_t)sqlite3_column_bytes(row, TEXT));
}

/* One row more than the limit is asked for: if it comes, there is more. */
static int fill(struct store_sqlite *s, sqlite3_stmt *rows, const struct store_range *range, struct store_page *page,
                struct err *e)
{
    size_t capacity = 0;
    size_t bytes = 0;
    int rc = SQLITE_ROW;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        size_t weight = weight_of(rows);
        if (page->count == range->limit || (page->count > 0 && weight > range->budget - bytes)) {
            page->more = true;
            return 0;
        }
        if (page->count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            page->messages = ck_realloc(page->messages, capacity * sizeof *page->messages);
        }
        take_row(rows, &page->messages[page->count]);
        page->count++;
        /* The first one may be longer; nothing fits behind it but empty ones. */
        bytes = weight < range->budget - bytes ? bytes + weight : range->budget;
    }
    return rc == SQLITE_DONE ? 0 : store_sqlite_fail(s, rc, "read messages", e);
}

static int read_in_view(struct store_sqlite *s, const struct store_range *range, struct store_page *page, struct err *e)
{
    if (range->since >= CHAT_SEQ_MAX || range->before == 1) {
        return 0; /* nothing lies there, and the sums below would overflow */
    }
    uint64_t last = range->before == 0 || range->before > CHAT_SEQ_MAX ? CHAT_SEQ_MAX : range->before - 1;
    sqlite3_stmt *rows = store_sqlite_use(s, range->backwards ? STORE_SQLITE_BEFORE : STORE_SQLITE_AFTER);
    sqlite3_bind_text(rows, 1, range->room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(rows, 2, (sqlite3_int64)range->since + 1);
    sqlite3_bind_int64(rows, 3, (sqlite3_int64)last);
    sqlite3_bind_int64(rows, 4, (sqlite3_int64)range->limit + 1);
    int result = fill(s, rows, range, page, e);
    store_sqlite_done(rows);
    if (result == 0 && range->backwards) {
        reverse(page);
    }
    return result;
}

static int read_messages(struct store *base, const struct store_range *range, struct store_page *page, struct err *e)
{
    struct store_sqlite *s = mine(base);
    if (s->viewing) {
        return read_in_view(s, range, page, e);
    }
    if (read_begin(base, e) != 0) {
        return -1;
    }
    int result = read_in_view(s, range, page, e);
    read_end(base);
    return result;
}

/* ---- the rest ---- */

static int version(struct store *base, uint64_t *out, struct err *e)
{
    struct store_sqlite *s = mine(base);
    store_sqlite_set_deadline(s);
    sqlite3_stmt *statement = store_sqlite_use(s, STORE_SQLITE_VERSION);
    int rc = sqlite3_step(statement);
    *out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    int result = rc == SQLITE_ROW ? 0 : store_sqlite_fail(s, rc, "version", e);
    store_sqlite_done(statement);
    return result;
}

/* The database, its log or its journal changes with every commit; the last one asks for another database. */
static uint64_t stamp(const char *folder)
{
    static const char *const names[] = {"chat.db", "chat.db-wal", "chat.db-journal", "chat-restore.db"};
    uint64_t all = HASH_START;
    char path[4200];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        uint64_t one = file_stamp(path);
        if (i == 0 && one == 0) {
            return 0;
        }
        all = hash_bytes(all, &one, sizeof one);
    }
    uint64_t commits = store_sqlite_commits(folder); /* two within one tick of the file system's clock differ in this */
    return hash_bytes(all, &commits, sizeof commits);
}

static int size(struct store *base, uint64_t *out, struct err *e)
{
    const struct store_sqlite *s = mine(base);
    char log[4200];
    snprintf(log, sizeof log, "%s-wal", s->path);
    (void)e;
    *out = file_size(s->path) + file_size(log);
    return 0;
}

static int check(struct store *base, FILE *out, struct err *e)
{
    if (read_begin(base, e) != 0) {
        return -1;
    }
    int found = store_sqlite_check(mine(base), out, e);
    read_end(base);
    return found;
}

const struct store_backend store_sqlite_backend = {
    .name = "sqlite",
    .exists = exists,
    .stamp = stamp,
    .open = store_sqlite_open,
    .close = store_sqlite_close,
    .epoch = epoch,
    .is_replaced = is_replaced,
    .file = number_of_file,
    .describe = describe,
    .append = append,
    .read_begin = read_begin,
    .read_end = read_end,
    .room = room,
    .read = read_messages,
    .version = version,
    .size = size,
    .check = check,
    .rest = store_sqlite_rest,
    .backup = store_sqlite_backup,
    .restore = store_sqlite_restore,
};
