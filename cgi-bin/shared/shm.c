/* shm.c - see shm.h. */
#include "shared/shm.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"
#include "system/permissions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* a second in all: a process needs the lock for some milliseconds, unless it was stopped */
    LOCK_TRIES = 200,
    LOCK_PAUSE_MS = 5,
    ROUNDS = 8, /* of mapping a file and replacing it */
};

struct shm {
    char *path;
    void *bytes;
    size_t size;
    dev_t device;
    ino_t inode;
    atomic_bool lost;
};

/* ---- files that are cut short ---- */

enum { MAPPINGS = 256 };

/* A signal handler reads this list, so entries are only taken out while it can't. */
static _Atomic(struct shm *) mappings[MAPPINGS];

/* Maps zeros in place of the lost file. mmap isn't on POSIX's list of functions for signal
 * handlers; on Linux it is a bare system call. */
static bool heal(struct shm *s, const void *address)
{
    const char *at = address;
    const char *from = s->bytes;
    if (at < from || at >= from + s->size) {
        return false;
    }
    atomic_store(&s->lost, true);
    s->bytes = mmap(s->bytes, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return s->bytes != MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int code = errno;
    (void)context;
    for (size_t i = 0; i < MAPPINGS; i++) {
        struct shm *s = atomic_load(&mappings[i]);
        if (s != NULL && heal(s, info->si_addr)) {
            errno = code;
            return;
        }
    }
    /* not one of ours: the same instruction runs again and ends the process */
    signal(number, SIG_DFL);
}

static void handle_bus_errors(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_bus_error;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

/* A mapping that finds no free entry isn't watched. */
static void enter(struct shm *s)
{
    handle_bus_errors(); /* each time, because another library may have set the handler meanwhile */
    struct shm *none = NULL;
    for (size_t i = 0; i < MAPPINGS && !atomic_compare_exchange_strong(&mappings[i], &none, s); i++) {
        none = NULL;
    }
}

static void leave(struct shm *s)
{
    struct shm *self = s;
    for (size_t i = 0; i < MAPPINGS && !atomic_compare_exchange_strong(&mappings[i], &self, NULL); i++) {
        self = s;
    }
}

/* ---- mapping ---- */

static int fail(struct err *e, const char *what)
{
    switch (err_of_errno(errno)) {
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or quota is full: %s.", what);
    case ERR_READONLY:
        return err_set(e, ERR_READONLY, "The data folder can't be written: %s.", what);
    default:
        return err_set(e, ERR_SYSTEM, "%s: %s.", what, strerror(errno));
    }
}

/* 0, or the number of the error. */
static int fill(int fd, const struct shm_new *made)
{
    int result = posix_fallocate(fd, 0, (off_t)made->size);
    errno = ENOSPC; /* for a write that is short without an error */
    if (result == 0 && pwrite(fd, made->first, made->length, 0) != (ssize_t)made->length) {
        result = errno;
    }
    return result;
}

/* No process can map a file that is half made. 0 also if another process was faster. */
static int make(const char *path, const struct shm_new *made, struct err *e)
{
    char temporary[4200];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary) {
        return err_set(e, ERR_SYSTEM, "The path of the data folder is too long.");
    }
    file_name_sweep(path, '.', strlen("XXXXXX"));
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return fail(e, "a file for wake-ups can't be made");
    }
    (void)file_lock_try(fd); /* keeps file_name_sweep of other processes from removing it */
    int result = fill(fd, made);
    if (result != 0) {
        unlink(temporary);
    } else {
        file_make_private(temporary);
        result = file_name_put(temporary, path) != 0 && errno != EEXIST ? errno : 0;
    }
    close(fd);
    errno = result;
    return result == 0 ? 0 : fail(e, "a file for wake-ups can't be made");
}

static bool stands_at(const char *path, const struct stat *st)
{
    struct stat now;
    return lstat(path, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* Returns a descriptor, or -1: then the caller goes on without the lock. */
static int lock(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    for (int tries = 0; fd >= 0 && tries < LOCK_TRIES && file_lock_try(fd) == FILE_LOCK_BUSY; tries++) {
        clock_sleep_ms(LOCK_PAUSE_MS);
    }
    return fd;
}

/* Replaces a file that can't be used. One process at a time does so, because a second process that
 * found the old file must not remove the new one. */
static int replace(const char *path, const struct stat *wrong, const struct shm_new *made, struct err *e)
{
    int fd = lock(path);
    int result = stands_at(path, wrong) && unlink(path) != 0 && errno != ENOENT
                     ? fail(e, "the file for wake-ups can't be made anew")
                     : make(path, made, e);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Opens a file of the right size; -1 with errno ENOENT otherwise. */
static int open_if_sized(const char *path, size_t size, struct stat *st)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ELOOP) {
        errno = ENOENT;
    }
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || (size_t)st->st_size != size)) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

/* A file that other users may write to is neither mapped nor replaced. */
static int guarded(int fd, const char *path, struct err *e)
{
    if (permissions_file(fd, path, e) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_or_replace(const char *path, const struct shm_new *made, struct err *e)
{
    struct stat st;
    bool is_wrong = lstat(path, &st) == 0 && (!S_ISREG(st.st_mode) || (size_t)st.st_size != made->size);
    return is_wrong ? replace(path, &st, made, e) : make(path, made, e);
}

static int open_sized(const char *path, const struct shm_new *made, struct stat *st, struct err *e)
{
    int result = 0;
    for (int round = 0; round < 3 && result == 0; round++) {
        int fd = open_if_sized(path, made->size, st);
        if (fd >= 0) {
            return guarded(fd, path, e);
        }
        if (errno != ENOENT) {
            return fail(e, "the file for wake-ups can't be opened");
        }
        result = make_or_replace(path, made, e);
    }
    if (result == 0) {
        return err_set(e, ERR_SYSTEM, "The file for wake-ups changes all the time.");
    }
    /* another process may have made it, with room on the disk */
    int fd = open_if_sized(path, made->size, st);
    if (fd >= 0 && e != NULL) {
        err_clear(e);
    }
    return fd >= 0 ? guarded(fd, path, e) : -1;
}

static struct shm *map_descriptor(int fd, const char *path, size_t size, const struct stat *st, struct err *e)
{
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        fail(e, "the file for wake-ups can't be mapped");
        return NULL;
    }
    struct shm *s = ck_calloc(1, sizeof *s);
    s->path = ck_strdup(path);
    s->bytes = bytes;
    s->size = size;
    s->device = st->st_dev;
    s->inode = st->st_ino;
    enter(s);
    return s;
}

static struct shm *map_sized(const char *path, const struct shm_new *made, struct err *e)
{
    struct stat st = {0};
    int fd = open_sized(path, made, &st, e);
    return fd >= 0 ? map_descriptor(fd, path, made->size, &st, e) : NULL;
}

/* Puts a new file in the place of the one that s has mapped, unless another file has the name
 * already. s keeps its mapping. */
static int renew(const struct shm *s, const struct shm_new *made, struct err *e)
{
    const struct stat own = {.st_dev = s->device, .st_ino = s->inode};
    return replace(s->path, &own, made, e);
}

struct shm *shm_map(const char *path, const struct shm_new *made, struct err *e)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct shm *map = map_sized(path, made, e);
        if (map == NULL || made->is_usable == NULL || made->is_usable(map->bytes, made->first)) {
            return map;
        }
        int renewed = renew(map, made, e);
        shm_unmap(map);
        if (renewed != 0) {
            return NULL;
        }
    }
    err_set(e, ERR_SYSTEM, "A file that the programs share can't be made.");
    return NULL;
}

struct shm *shm_map_there(const char *path, size_t size)
{
    struct stat st = {0};
    int fd = open_if_sized(path, size, &st);
    fd = fd >= 0 ? guarded(fd, path, NULL) : -1;
    return fd >= 0 ? map_descriptor(fd, path, size, &st, NULL) : NULL;
}

void shm_unmap(struct shm *s)
{
    if (s != NULL) {
        leave(s);
        munmap(s->bytes, s->size);
        free(s->path);
        free(s);
    }
}

void *shm_bytes(const struct shm *s)
{
    return s->bytes;
}

bool shm_is_lost(const struct shm *s)
{
    return atomic_load(&s->lost);
}

bool shm_is_replaced(const struct shm *s)
{
    struct stat st;
    return shm_is_lost(s) || stat(s->path, &st) != 0 || st.st_dev != s->device || st.st_ino != s->inode ||
           (size_t)st.st_size != s->size;
}

void shm_boot(char out[SHM_BOOT_SIZE])
{
    memset(out, 0, SHM_BOOT_SIZE);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, out, SHM_BOOT_SIZE - 4) <= 0) {
            out[0] = '\0';
        }
        close(fd);
    }
}
