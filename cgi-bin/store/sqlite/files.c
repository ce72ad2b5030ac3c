/* files.c - see files.h. */
#include "store/sqlite/private/files.h"

#include "base/ck.h"
#include "system/file.h"
#include "system/file_lock.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    /* SHARED_FIRST of SQLite's file format: a process that has a database in WAL open has a record
     * lock on one of the bytes from there on. */
    LOCKED_FROM = 0x40000002,
    LOCKED_BYTES = 510,
};

/* Protects the list; taken while a handle joins or leaves. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct sqlite_files *all;

void sqlite_files_look(const struct sqlite_handle *s, struct sqlite_files *out)
{
    *out = (struct sqlite_files){
        .database = file_number(s->path), .log = file_number(s->log_path), .shared = file_number(s->shared_path)};
}

bool sqlite_files_are_same(const struct sqlite_files *a, const struct sqlite_files *b)
{
    return a->database == b->database && a->log == b->log && a->shared == b->shared;
}

void sqlite_files_lock(void)
{
    pthread_mutex_lock(&lock);
}

void sqlite_files_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

struct sqlite_files *sqlite_files_find(uint64_t database)
{
    struct sqlite_files *f = all;
    while (f != NULL && f->database != database) {
        f = f->next;
    }
    return f;
}

void sqlite_files_add(struct sqlite_handle *s, const struct sqlite_files *files)
{
    s->files = ck_calloc(1, sizeof *s->files);
    *s->files = *files;
    s->files->handles = 1;
    s->files->next = all;
    all = s->files;
}

void sqlite_files_leave(struct sqlite_handle *s)
{
    pthread_mutex_lock(&lock);
    sqlite3_close(s->db);
    s->db = NULL;
    if (s->files != NULL && --s->files->handles == 0) {
        struct sqlite_files **at = &all;
        while (*at != s->files) {
            at = &(*at)->next;
        }
        *at = s->files->next;
        free(s->files);
    }
    s->files = NULL;
    pthread_mutex_unlock(&lock);
}

bool sqlite_files_are_in_use_elsewhere(const struct sqlite_handle *s)
{
    return file_lock_has_record_elsewhere(s->path, LOCKED_FROM, LOCKED_BYTES);
}

bool sqlite_files_are_in_use(const struct sqlite_handle *s)
{
    pthread_mutex_lock(&lock);
    bool is = sqlite_files_find(file_number(s->path)) != NULL || sqlite_files_are_in_use_elsewhere(s);
    pthread_mutex_unlock(&lock);
    return is;
}

uint64_t sqlite_files_log(const struct sqlite_handle *s)
{
    return s->files != NULL ? s->files->log : 0;
}

bool sqlite_files_are_settled(const struct sqlite_handle *s)
{
    pthread_mutex_lock(&lock);
    bool is = s->files != NULL && s->files->settled;
    pthread_mutex_unlock(&lock);
    return is;
}

void sqlite_files_set_settled(struct sqlite_handle *s)
{
    pthread_mutex_lock(&lock);
    if (s->files != NULL) {
        s->files->settled = true;
    }
    pthread_mutex_unlock(&lock);
}
