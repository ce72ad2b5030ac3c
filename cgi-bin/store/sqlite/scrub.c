/* scrub.c - see scrub.h. */
#include "store/sqlite/private/scrub.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/private/checkpoint.h"
#include "store/sqlite/private/connection.h"
#include "store/sqlite/private/deadline.h"
#include "store/sqlite/private/flock.h"
#include "store/sqlite/private/meta.h"
#include "store/sqlite/private/record.h"
#include "store/sqlite/private/rescue.h"
#include "store/sqlite/private/sql.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_PAGES = 64,
    PAGES_MAX = 0x02000000, /* with more, the first byte of a page doesn't tell what it is for */
    LOCK_BYTE_AT = 0x40000000,
    FREE_LIST_AT = 32, /* in the database's header, as the next two */
    PAGE_SIZE_AT = 16,
    RESERVED_AT = 20,
    VACUUM_AT = 52,
    HEADER_BYTES = 100,
    PATIENCE_MS = 100,
    REST_SHARE = 100,              /* of the time, for what is owed later */
    SMALL = 64 * 1024 * 1024,      /* bytes of a file that is always scrubbed at once */
    PAUSE_BYTES = 2 * 1024 * 1024, /* of a larger one: a pause of 1 ms for each, four times the work */
};

static _Atomic int64_t rest_after; /* monotonic ms: what is owed later isn't scrubbed before */
static _Atomic int64_t busy_until; /* the same for what is owed at once, with a large file */

/* ---- one page ---- */

static size_t number16(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

static uint32_t number32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool wipe(unsigned char *at, size_t length)
{
    bool has = length > 0 && (at[0] != 0 || memcmp(at, at + 1, length - 1) != 0);
    if (has) {
        memset(at, 0, length);
    }
    return has;
}

/* Deleted rows between others: a list of blocks, each with the next one's offset and its own size
 * in its first four bytes. */
static bool wipe_free_blocks(unsigned char *bytes, size_t content, size_t usable)
{
    bool changed = false;
    size_t at = number16(bytes + 1);
    while (at >= content && at + 4 <= usable) {
        size_t next = number16(bytes + at);
        size_t size = number16(bytes + at + 2);
        if (size < 4 || at + size > usable || (next != 0 && next < at + size)) {
            break; /* damaged: nothing is changed */
        }
        changed = wipe(bytes + at + 4, size - 4) || changed;
        at = next;
    }
    return changed;
}

/* Overwrites what no row uses in a page other than the first. usable: bytes of it that SQLite uses.
 * As the description of SQLite's file format has it; a damaged page is left alone. True if bytes
 * were changed. */
static bool scrub_page(unsigned char *bytes, size_t usable)
{
    bool is_inner = bytes[0] == 2 || bytes[0] == 5;
    if (!is_inner && bytes[0] != 10 && bytes[0] != 13) {
        return false; /* a part of a long text, for example */
    }
    size_t gap = (is_inner ? 12 : 8) + 2 * number16(bytes + 3);
    size_t content = number16(bytes + 5) == 0 ? 65536 : number16(bytes + 5);
    if (content > usable || gap > content) {
        return false;
    }
    bool changed = wipe(bytes + gap, content - gap);
    return wipe_free_blocks(bytes, content, usable) || changed;
}

/* ---- the file ---- */

struct pass {
    sqlite3_file *file;
    size_t page_size;
    size_t usable;
    uint32_t pages;
    bool has_map; /* with auto_vacuum some pages are maps of others */
    unsigned char *buffer;
    bool changed;
};

/* Page 1 is left alone: it has the schema only. */
static bool is_special(const struct pass *p, uint32_t page)
{
    uint32_t each = (uint32_t)(p->usable / 5) + 1;
    return page == 1 || page == LOCK_BYTE_AT / p->page_size + 1 || (p->has_map && (page - 2) % each == 0);
}

static int write_back(struct pass *p, const unsigned char *bytes, uint32_t page)
{
    p->changed = true;
    return p->file->pMethods->xWrite(p->file, bytes, (int)p->page_size,
                                     (sqlite3_int64)(page - 1) * (sqlite3_int64)p->page_size);
}

static int scrub_chunk(struct pass *p, uint32_t first, uint32_t count)
{
    int rc = p->file->pMethods->xRead(p->file, p->buffer, (int)(count * p->page_size),
                                      (sqlite3_int64)(first - 1) * (sqlite3_int64)p->page_size);
    for (uint32_t i = 0; i < count && rc == SQLITE_OK; i++) {
        unsigned char *bytes = p->buffer + i * p->page_size;
        if (!is_special(p, first + i) && scrub_page(bytes, p->usable)) {
            rc = write_back(p, bytes, first + i);
        }
    }
    return rc;
}

/* A page of the free list whose rows were deleted by a program that doesn't overwrite. */
static int scrub_free_page(struct pass *p, uint32_t page, unsigned char *bytes)
{
    if (page < 2 || page > p->pages) {
        return SQLITE_CORRUPT;
    }
    int rc = p->file->pMethods->xRead(p->file, bytes, (int)p->page_size,
                                      (sqlite3_int64)(page - 1) * (sqlite3_int64)p->page_size);
    return rc == SQLITE_OK && wipe(bytes, p->page_size) ? write_back(p, bytes, page) : rc;
}

/* A trunk of the list has the next trunk's number, a count, and the numbers of so many pages. */
static int scrub_trunk(struct pass *p, uint32_t *trunk)
{
    unsigned char *bytes = p->buffer;
    int rc = p->file->pMethods->xRead(p->file, bytes, (int)p->page_size,
                                      (sqlite3_int64)(*trunk - 1) * (sqlite3_int64)p->page_size);
    size_t count = rc == SQLITE_OK ? number32(bytes + 4) : 0;
    if (count > p->usable / 4 - 2) {
        return SQLITE_CORRUPT;
    }
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        rc = scrub_free_page(p, number32(bytes + 8 + 4 * i), p->buffer + p->page_size);
    }
    if (rc == SQLITE_OK && wipe(bytes + 8 + 4 * count, p->usable - 8 - 4 * count)) {
        rc = write_back(p, bytes, *trunk);
    }
    *trunk = rc == SQLITE_OK ? number32(bytes) : 0;
    return rc;
}

static int scrub_free_list(struct pass *p, uint32_t trunk)
{
    int rc = SQLITE_OK;
    for (uint32_t i = 0; rc == SQLITE_OK && trunk != 0; i++) {
        rc = trunk > p->pages || i > p->pages ? SQLITE_CORRUPT : scrub_trunk(p, &trunk);
    }
    return rc;
}

static int scrub_pages(struct pass *p, const unsigned char *header)
{
    int rc = scrub_free_list(p, number32(header + FREE_LIST_AT));
    for (uint32_t page = 1; rc == SQLITE_OK && page <= p->pages; page += CHUNK_PAGES) {
        uint32_t left = p->pages - page + 1;
        rc = scrub_chunk(p, page, left < CHUNK_PAGES ? left : CHUNK_PAGES);
    }
    if (rc == SQLITE_OK && p->changed) {
        rc = p->file->pMethods->xSync(p->file, SQLITE_SYNC_NORMAL);
    }
    return rc;
}

/* The database file has all that is committed, and no process writes it. What is overwritten is
 * read by no program, so readers aren't disturbed. */
static int scrub_file(struct sqlite_handle *s)
{
    unsigned char header[HEADER_BYTES];
    struct pass p = {.pages = 0};
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &p.file);
    if (rc == SQLITE_OK) {
        rc = p.file->pMethods->xFileSize(p.file, &size);
    }
    if (rc == SQLITE_OK) {
        rc = p.file->pMethods->xRead(p.file, header, HEADER_BYTES, 0);
    }
    if (rc != SQLITE_OK) {
        return rc;
    }
    p.page_size = number16(header + PAGE_SIZE_AT) == 1 ? 65536 : number16(header + PAGE_SIZE_AT);
    p.usable = p.page_size - header[RESERVED_AT];
    p.pages = (uint32_t)(size / (sqlite3_int64)p.page_size);
    p.has_map = number32(header + VACUUM_AT) != 0;
    if (size / (sqlite3_int64)p.page_size >= PAGES_MAX) {
        return SQLITE_TOOBIG;
    }
    p.buffer = ck_malloc(CHUNK_PAGES * p.page_size);
    rc = scrub_pages(&p, header);
    free(p.buffer);
    return rc;
}

/* ---- when ---- */

static int set(struct sqlite_handle *s, struct err *e)
{
    return sqlite_sql_exec(s, "UPDATE meta SET scrub = 1 WHERE scrub = 0", "erase", e);
}

int sqlite_scrub_owe_later(struct sqlite_handle *s, struct err *e)
{
    if (sqlite_meta_scrub_owed() == SQLITE_OWED_NOTHING) {
        sqlite_meta_set_scrub_owed(SQLITE_OWED_LATER);
    }
    return set(s, e);
}

int sqlite_scrub_owe(struct sqlite_handle *s, struct err *e)
{
    s->owes_scrub = true;
    sqlite_meta_set_scrub_owed(SQLITE_OWED_SOON);
    return set(s, e);
}

/* The commit that makes other connections read their pages again. */
static int settle(struct sqlite_handle *s)
{
    struct sqlite_record record;
    if (s->wal) {
        sqlite_record_begin_commit(s, &record);
    }
    int result = sqlite_sql_exec(s, "UPDATE meta SET scrub = 0", "scrub", NULL);
    if (s->wal) {
        sqlite_record_end_commit(s, &record);
    }
    return result;
}

/* This connection's own pages have to be read again too. The first checkpoint records that the
 * database has all messages. Without that, a process that is killed right after it has cut the log
 * leaves a record of messages in a log that is empty, as if they were lost. */
static int scrub_with_log(struct sqlite_handle *s)
{
    int rc = sqlite_checkpoint(s, SQLITE_CHECKPOINT_FULL);
    if (rc == SQLITE_OK) {
        rc = sqlite_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
    }
    if (rc == SQLITE_OK) {
        rc = scrub_file(s);
    }
    sqlite3_db_release_memory(s->db);
    if (rc == SQLITE_OK && settle(s) != 0) {
        rc = SQLITE_ERROR;
    }
    return rc;
}

/* The lock keeps readers out, too, so that no cache is filled before the commit. */
static int scrub_without_log(struct sqlite_handle *s)
{
    s->deadline = clock_mono_ms() + PATIENCE_MS;
    sqlite3_db_release_memory(s->db);
    int rc = sqlite3_exec(s->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        return rc;
    }
    rc = scrub_file(s);
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(s->db, "UPDATE meta SET scrub = 0; COMMIT", NULL, NULL, NULL);
    }
    if (!sqlite3_get_autocommit(s->db)) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

static void scrub(struct sqlite_handle *s)
{
    int64_t began = clock_mono_ms();
    int rc = s->wal ? scrub_with_log(s) : scrub_without_log(s);
    if (rc == SQLITE_OK) {
        int64_t now = clock_mono_ms();
        atomic_store(&rest_after, now + (now - began) * REST_SHARE);
        sqlite_meta_set_scrub_owed(SQLITE_OWED_NOTHING);
    } else if ((rc & 0xff) != SQLITE_BUSY) {
        log_line("%s: bytes of erased texts may be left in unused parts of the file: SQLite %d", s->path, rc);
    }
}

/* Many who change their messages in a large chat can't stop the others: then sqlite_scrub_rest does
 * it, within a second. */
static bool is_too_often(const struct sqlite_handle *s)
{
    int64_t now = clock_mono_ms();
    uint64_t bytes = file_size(s->path);
    bool is = now < atomic_load(&busy_until);
    if (!is && bytes > SMALL) {
        atomic_store(&busy_until, now + (int64_t)(bytes / PAUSE_BYTES));
    }
    return is;
}

void sqlite_scrub_after(struct sqlite_handle *s)
{
    if (s->owes_scrub && !s->stale && !is_too_often(s)) {
        scrub(s);
    }
    s->owes_scrub = false;
}

static bool is_set(struct sqlite_handle *s)
{
    char text[8];
    return sqlite_sql_ask(s, "SELECT scrub FROM meta", "scrub", text, sizeof text, NULL) == 0 && text[0] == '1';
}

static void rest(struct sqlite_handle *s)
{
    if (!is_set(s)) {
        sqlite_meta_set_scrub_owed(SQLITE_OWED_NOTHING);
        return;
    }
    s->wal = s->files != NULL;
    if (s->wal || sqlite_sql_exec(s, "PRAGMA journal_mode = TRUNCATE", "scrub", NULL) == 0) {
        scrub(s);
    }
}

void sqlite_scrub_rest(const struct store_options *options, bool now)
{
    enum sqlite_meta_owed owed = sqlite_meta_scrub_owed();
    bool is_time = now || owed == SQLITE_OWED_SOON || clock_mono_ms() >= atomic_load(&rest_after);
    if (owed == SQLITE_OWED_NOTHING || !is_time) {
        return;
    }
    struct sqlite_handle *s = sqlite_handle_new(options->folder, NULL, STORE_WRITE);
    s->short_lived = options->short_lived;
    s->busy_timeout_ms = PATIENCE_MS;
    sqlite_deadline_set(s);
    s->lock_fd = file_lock_open(s->lock_path, NULL);
    if (s->lock_fd >= 0 && sqlite_flock_take(s, NULL) >= 0 &&
        sqlite_connection_open(s, SQLITE_OPEN_READWRITE, NULL) == 0) {
        rest(s);
    }
    sqlite_rescue_close(s);
}
