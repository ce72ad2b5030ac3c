/* handle.c - see handle.h. */
#include "store/sqlite/private/handle.h"

#include "base/buf.h"
#include "base/ck.h"

#include <stdlib.h>

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

struct sqlite_handle *sqlite_handle_new(const char *folder, const char *path, enum store_mode mode)
{
    struct sqlite_handle *s = ck_calloc(1, sizeof *s);
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

void sqlite_handle_free(struct sqlite_handle *s)
{
    free(s->folder);
    free(s->path);
    free(s->log_path);
    free(s->shared_path);
    free(s->lock_path);
    free(s->asked_path);
    free(s);
}

bool sqlite_handle_is_moved(const struct sqlite_handle *s)
{
    int moved = 0;
    return s->db != NULL && sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}
