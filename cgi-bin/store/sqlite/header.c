/* header.c - see header.h. */
#include "store/sqlite/private/header.h"

#include "store/sqlite/private/fail.h"
#include "store/sqlite/private/path.h"
#include "system/file.h"

#include <string.h>

enum { HEADER_SIZE = 100, PAGE_SIZE_AT = 16, VERSION_AT = 18 /* 2: the database is in WAL */, PAGES_AT = 28 };

static bool has_journal(const struct sqlite_handle *s)
{
    char path[PATH_SIZE];
    sqlite_path_with_tail(path, s->path, "-journal");
    return file_exists(path);
}

int sqlite_header_look(struct sqlite_handle *s, enum sqlite_header_kind *kind, struct err *e)
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
        return sqlite_fail(s, rc, "read the header", e);
    }
    uint32_t id = (uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 | (uint32_t)header[70] << 8 | header[71];
    if (size == 0) {
        *kind = HEADER_EMPTY;
    } else if (memcmp(header, "SQLite format 3", 16) == 0 && id == HEADER_APPLICATION_ID) {
        *kind = HEADER_OURS;
    } else {
        *kind = size <= HEADER_PAGE_SIZE && has_journal(s) ? HEADER_UNSURE : HEADER_FOREIGN;
    }
    return 0;
}

int sqlite_header_is_ours(struct sqlite_handle *s, bool *ours, struct err *e)
{
    enum sqlite_header_kind kind = HEADER_FOREIGN;
    int result = sqlite_header_look(s, &kind, e);
    *ours = kind == HEADER_OURS;
    return result;
}

uint64_t sqlite_header_bytes(const struct sqlite_handle *s)
{
    unsigned char h[HEADER_SIZE];
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods->xRead(file, h, sizeof h, 0) != SQLITE_OK) {
        return UINT64_MAX;
    }
    const unsigned char *pages = h + PAGES_AT;
    uint64_t page_size = (uint64_t)h[PAGE_SIZE_AT] << 8 | h[PAGE_SIZE_AT + 1];
    page_size = page_size == 1 ? 65536 : page_size;
    return ((uint64_t)pages[0] << 24 | (uint64_t)pages[1] << 16 | (uint64_t)pages[2] << 8 | pages[3]) * page_size;
}

bool sqlite_header_is_in_wal(const struct sqlite_handle *s)
{
    unsigned char version = 0;
    sqlite3_file *file = NULL;
    return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
           file->pMethods->xRead(file, &version, 1, VERSION_AT) == SQLITE_OK && version == 2;
}
