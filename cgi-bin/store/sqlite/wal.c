/* wal.c - see wal.h. */
#include "store/sqlite/private/wal.h"

#include "system/file.h"

/* Where SQLite's description of the shared memory has these, in numbers of 16 or 32 bits. */
enum { SHARED_BYTES = 32768, PAGE_SIZE_AT_16 = 7, FRAMES_AT_32 = 4, SALTS_AT_32 = 8, FRAME_HEADER_BYTES = 24 };

struct shared {
    uint64_t page_size;
    uint64_t frames; /* valid ones */
    uint32_t salts[2];
};

static bool look_at_shared(const struct sqlite_handle *s, struct shared *out)
{
    sqlite3_file *file = NULL;
    sqlite3_file *log = NULL;
    void volatile *page = NULL;
    /* Without a log, SQLite would open the shared memory here and never close it. */
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
    *out = (struct shared){.page_size = halves[PAGE_SIZE_AT_16] == 1 ? 65536 : halves[PAGE_SIZE_AT_16],
                           .frames = words[FRAMES_AT_32],
                           .salts = {words[SALTS_AT_32], words[SALTS_AT_32 + 1]}};
    return true;
}

uint64_t sqlite_wal_end(const struct sqlite_handle *s, uint64_t *frame)
{
    struct shared shared;
    if (!look_at_shared(s, &shared) || shared.frames == 0) {
        return 0;
    }
    *frame = FRAME_HEADER_BYTES + shared.page_size;
    return WAL_HEADER_BYTES + shared.frames * *frame;
}

uint64_t sqlite_wal_salts(const struct sqlite_handle *s)
{
    struct shared shared;
    return look_at_shared(s, &shared) ? (uint64_t)shared.salts[0] << 32 | shared.salts[1] : 0;
}

bool sqlite_wal_is_cut(const struct sqlite_handle *s)
{
    uint64_t ignored = 0;
    uint64_t end = sqlite_wal_end(s, &ignored);
    return file_size(s->log_path) < end;
}

/* A process that opens the empty log that SQLite made when the old one was removed, and the shared
 * memory afterwards, has filled the latter with nothing. Or the shared memory is the old log's. */
bool sqlite_wal_is_mismatched(const struct sqlite_handle *s)
{
    struct shared shared;
    uint64_t frame = 0;
    /* Read first: a writer extends the log before the index says so. */
    uint64_t end = sqlite_wal_end(s, &frame);
    uint64_t log = file_size(s->log_path);
    bool is_blank = look_at_shared(s, &shared) && shared.frames == 0 && shared.salts[0] == 0 && shared.salts[1] == 0;
    return (is_blank && log > WAL_HEADER_BYTES) || log < end;
}

sqlite3_file *sqlite_wal_file(const struct sqlite_handle *s, sqlite3_int64 *size)
{
    sqlite3_file *file = NULL;
    bool is = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK && file != NULL &&
              file->pMethods != NULL && file->pMethods->xFileSize(file, size) == SQLITE_OK;
    return is ? file : NULL;
}
