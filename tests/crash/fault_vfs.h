/* fault_vfs.h - SQLite's file layer with faults: a call fails, the process dies, the power fails.
 *
 * A layer between SQLite and its own "unix" layer. It becomes SQLite's default, so the store uses
 * it unchanged.
 *   fail_at   the Nth call (open, read, write, truncate, sync, delete, lock, shared memory) fails
 *   die_at    the process ends before the Nth change (write, truncate, sync, delete), as by SIGKILL
 *   on_change is called before each change
 *   durable   a folder with what is certainly on the disk: a file is copied there when synced.
 *             Later writes may be on the disk or not, completely or in part. fault_power_loss()
 *             makes a folder as it could look after a power failure.
 * For one thread.
 */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include "../unit/sqlite_support.h"

struct fault {
    long calls;
    long changes;
    long fail_at;        /* 0: never */
    bool fail_on;        /* all later calls fail as well */
    long failed;         /* how many calls have failed */
    long die_at;         /* 0: never */
    bool passive;        /* do not count, do not fail */
    const char *durable; /* NULL: none */
    void (*on_change)(void);
};
static struct fault fault;

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* right after this struct */
    char path[600];
};

static sqlite3_vfs *fault_real;

static inline bool fault_now(void)
{
    if (fault.passive) {
        return false;
    }
    fault.calls++;
    bool fails = fault.fail_at != 0 && (fault.calls == fault.fail_at || (fault.fail_on && fault.calls > fault.fail_at));
    fault.failed += fails;
    return fails;
}

static inline void fault_change(void)
{
    if (fault.passive) {
        return;
    }
    fault.changes++;
    if (fault.die_at != 0 && fault.changes == fault.die_at) {
        _exit(42);
    }
    if (fault.on_change != NULL) {
        fault.passive = true;
        fault.on_change();
        fault.passive = false;
    }
}

static inline char *fault_slurp(const char *path, size_t *length)
{
    struct stat st;
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    NEED(fstat(fd, &st) == 0);
    char *bytes = malloc((size_t)st.st_size + 1);
    NEED(bytes != NULL);
    *length = (size_t)st.st_size;
    NEED(pread(fd, bytes, *length, 0) == (ssize_t)*length);
    close(fd);
    return bytes;
}

static inline void fault_put(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    NEED(fd >= 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length);
    close(fd);
}

/* The contents of an open file, read through its own descriptor: closing another descriptor of the
 * file would drop the process's locks on it. */
static inline char *fault_contents(struct fault_file *f, size_t *length)
{
    sqlite3_int64 size = 0;
    NEED(f->real->pMethods->xFileSize(f->real, &size) == SQLITE_OK);
    char *bytes = malloc((size_t)size + 1);
    NEED(bytes != NULL);
    NEED(size == 0 || f->real->pMethods->xRead(f->real, bytes, (int)size, 0) == SQLITE_OK);
    *length = (size_t)size;
    return bytes;
}

static inline const char *fault_durable_path(const char *path)
{
    static char durable[800];
    snprintf(durable, sizeof durable, "%s/%s", fault.durable, strrchr(path, '/') + 1);
    return durable;
}

static inline void fault_make_durable(struct fault_file *f)
{
    size_t length = 0;
    if (fault.durable == NULL || fault.passive) {
        return;
    }
    char *bytes = fault_contents(f, &length);
    fault_put(fault_durable_path(f->path), bytes, length);
    free(bytes);
}

/* ---- the methods ---- */

#define REAL(file) (((struct fault_file *)(file))->real)
#define PASS(file, method, ...) (REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__))

static inline int fault_close(sqlite3_file *f)
{
    return PASS(f, xClose);
}

static inline int fault_read(sqlite3_file *f, void *to, int length, sqlite3_int64 at)
{
    return fault_now() ? SQLITE_IOERR_READ : PASS(f, xRead, to, length, at);
}

static inline int fault_write(sqlite3_file *f, const void *from, int length, sqlite3_int64 at)
{
    fault_change();
    return fault_now() ? SQLITE_IOERR_WRITE : PASS(f, xWrite, from, length, at);
}

static inline int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    fault_change();
    return fault_now() ? SQLITE_IOERR_TRUNCATE : PASS(f, xTruncate, size);
}

static inline int fault_sync(sqlite3_file *f, int flags)
{
    fault_change();
    if (fault_now()) {
        return SQLITE_IOERR_FSYNC;
    }
    fault_make_durable((struct fault_file *)f);
    return fault.durable != NULL ? SQLITE_OK : PASS(f, xSync, flags);
}

static inline int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return fault_now() ? SQLITE_IOERR_FSTAT : PASS(f, xFileSize, size);
}

static inline int fault_lock(sqlite3_file *f, int level)
{
    return fault_now() ? SQLITE_IOERR_LOCK : PASS(f, xLock, level);
}

static inline int fault_unlock(sqlite3_file *f, int level)
{
    return PASS(f, xUnlock, level);
}

static inline int fault_check_lock(sqlite3_file *f, int *held)
{
    return fault_now() ? SQLITE_IOERR_CHECKRESERVEDLOCK : PASS(f, xCheckReservedLock, held);
}

static inline int fault_control(sqlite3_file *f, int what, void *argument)
{
    return PASS(f, xFileControl, what, argument);
}

static inline int fault_sector_size(sqlite3_file *f)
{
    return PASS(f, xSectorSize);
}

static inline int fault_characteristics(sqlite3_file *f)
{
    return PASS(f, xDeviceCharacteristics);
}

static inline int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    *out = NULL;
    return fault_now() ? SQLITE_IOERR_SHMMAP : PASS(f, xShmMap, page, size, extend, out);
}

static inline int fault_shm_lock(sqlite3_file *f, int offset, int count, int flags)
{
    return (flags & SQLITE_SHM_LOCK) != 0 && fault_now() ? SQLITE_IOERR_SHMLOCK
                                                         : PASS(f, xShmLock, offset, count, flags);
}

static inline void fault_shm_barrier(sqlite3_file *f)
{
    PASS(f, xShmBarrier);
}

static inline int fault_shm_unmap(sqlite3_file *f, int remove)
{
    return PASS(f, xShmUnmap, remove);
}

static inline int fault_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = fault_close,
        .xRead = fault_read,
        .xWrite = fault_write,
        .xTruncate = fault_truncate,
        .xSync = fault_sync,
        .xFileSize = fault_size,
        .xLock = fault_lock,
        .xUnlock = fault_unlock,
        .xCheckReservedLock = fault_check_lock,
        .xFileControl = fault_control,
        .xSectorSize = fault_sector_size,
        .xDeviceCharacteristics = fault_characteristics,
        .xShmMap = fault_shm_map,
        .xShmLock = fault_shm_lock,
        .xShmBarrier = fault_shm_barrier,
        .xShmUnmap = fault_shm_unmap,
    };
    struct fault_file *f = (struct fault_file *)file;
    (void)vfs;
    memset(f, 0, sizeof *f);
    if (fault_now()) {
        return SQLITE_CANTOPEN;
    }
    f->real = (sqlite3_file *)(f + 1);
    snprintf(f->path, sizeof f->path, "%s", path == NULL ? "/none" : path);
    int rc = fault_real->xOpen(fault_real, path, f->real, flags, out_flags);
    f->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

static inline int fault_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    fault_change();
    if (fault_now()) {
        return SQLITE_IOERR_DELETE;
    }
    if (fault.durable != NULL && !fault.passive && sync_folder) {
        unlink(fault_durable_path(path));
    }
    return fault_real->xDelete(fault_real, path, sync_folder);
}

static inline void fault_install(void)
{
    static sqlite3_vfs vfs;
    fault_real = sqlite3_vfs_find(NULL);
    vfs = *fault_real;
    vfs.zName = "fault";
    vfs.szOsFile += (int)sizeof(struct fault_file);
    vfs.xOpen = fault_open;
    vfs.xDelete = fault_delete;
    NEED(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

/* ---- the disk after a power failure ---- */

/* How much of the unsynced data has arrived. */
enum fault_luck { FAULT_NOTHING, FAULT_EVERYTHING, FAULT_SOME };

struct fault_bytes {
    char *bytes; /* NULL: the file does not exist */
    size_t length;
};

static inline bool fault_is_newer(enum fault_luck luck, uint64_t *random)
{
    return luck == FAULT_EVERYTHING || (luck == FAULT_SOME && support_random(random) % 2 != 0);
}

/* Takes each sector (512 bytes) from one of the two versions. Beyond the end of the newer one it
 * comes from the older one. */
static inline void fault_mix(char *out, size_t length, struct fault_bytes now, struct fault_bytes then,
                             enum fault_luck luck, uint64_t *random)
{
    for (size_t at = 0; at < length; at += 512) {
        struct fault_bytes from = at < now.length && fault_is_newer(luck, random) ? now : then;
        size_t piece = length - at < 512 ? length - at : 512;
        if (at < from.length) {
            memcpy(out + at, from.bytes + at, from.length - at < piece ? from.length - at : piece);
        }
    }
}

/* Mixes a file's current version and its last synced one: existence and length of one of them, each
 * sector of either. */
static inline void fault_put_mixed(const char *live, const char *durable, const char *out, enum fault_luck luck,
                                   uint64_t *random)
{
    struct fault_bytes now;
    struct fault_bytes then;
    now.bytes = fault_slurp(live, &now.length);
    then.bytes = fault_slurp(durable, &then.length);
    const struct fault_bytes size = fault_is_newer(luck, random) ? now : then;
    if (size.bytes != NULL) {
        char *bytes = calloc(1, size.length + 1);
        NEED(bytes != NULL);
        fault_mix(bytes, size.length, now, then, luck, random);
        fault_put(out, bytes, size.length);
        free(bytes);
    }
    free(now.bytes);
    free(then.bytes);
}

/* Reading the files drops the process's fcntl locks on them: only for folders that no other code
 * has open. */
static inline void fault_power_loss(const struct place *p, const struct place *image, enum fault_luck luck,
                                    uint64_t *random)
{
    static const char *const names[] = {"chat.db", "chat.db-wal", "chat.db-journal"};
    remove_tree(image->folder);
    NEED(mkdir(image->folder, 0700) == 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        char durable[800];
        snprintf(durable, sizeof durable, "%s/%s", fault.durable, names[i]);
        fault_put_mixed(in_place(p, names[i]), durable, in_place(image, names[i]), luck, random);
    }
}

#endif
