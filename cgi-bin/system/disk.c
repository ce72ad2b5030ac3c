/* disk.c - see disk.h. */
#include "system/disk.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIAL_BYTES = 64 * 1024,
    EMPTY_S = 60,      /* an empty file of that age has no maker any more */
    TRIAL_TRIES = 100, /* two seconds in all, for the trial of another process */
    TRIAL_PAUSE_NS = 20 * 1000 * 1000,
};

/* Numbers of statfs(2), linux/magic.h and the file systems' own sources. */
static const unsigned long network_kinds[] = {
    0x6969,     /* NFS */
    0x517b,     /* SMB */
    0xff534d42, /* CIFS */
    0xfe534d42, /* SMB2 */
    0x01021997, /* 9p */
    0x65735546, /* FUSE: sshfs, GlusterFS and the like; local ones suffer no harm from a rollback journal */
    0x5346414f, /* AFS */
    0x6b414653, /* AFS of the kernel */
    0x73757245, /* Coda */
    0x564c,     /* NCP */
    0x00c36400, /* Ceph */
    0x0bd00bd0, /* Lustre */
    0x47504653, /* GPFS */
    0x01161970, /* GFS2 */
    0x7461636f, /* OCFS2 */
    0x20030528, /* OrangeFS */
    0x19830326, /* BeeGFS */
    0xaad7aaea, /* PanFS */
    0xbeefdead, /* SNFS */
    0x786f4256, /* VirtualBox shared folder */
    0xbacbacbc, /* VMware shared folder */
    0x7c7c6673, /* Parallels shared folder */
};

static const char *last_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Cuts the last part off an absolute path. */
static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        slash[slash == path ? 1 : 0] = '\0';
    }
    return slash != NULL;
}

bool disk_program_path(char *out, size_t size)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    bool found = length > 0;
    out[0] = '\0';
    if (found) {
        path[length] = '\0';
    } else { /* a chroot without /proc, as some hosts make them: the name that the kernel was asked to start */
        // NOLINTNEXTLINE(performance-no-int-to-ptr): so it is handed over
        const char *started = (const char *)getauxval(AT_EXECFN);
        found = started != NULL && realpath(started, path) != NULL;
    }
    if (!found || strlen(path) >= size) {
        return false;
    }
    memcpy(out, path, strlen(path) + 1);
    return true;
}

int disk_program_folder(char *out, size_t size, struct err *e)
{
    char path[PATH_MAX];
    out[0] = '\0';
    if (!disk_program_path(path, sizeof path)) {
        return err_set(e, ERR_SYSTEM, "The program can't find its own folder: /proc/self/exe can't be read.");
    }
    bool found = cut_last(path);
    if (found && strcmp(last_of(path), "programs") == 0) {
        found = cut_last(path); /* the archive keeps the program itself one folder further down: start.c */
    }
    if (!found || strlen(path) >= size) {
        return err_set(e, ERR_SYSTEM, "The path of the program's folder is too long.");
    }
    memcpy(out, path, strlen(path) + 1);
    return 0;
}

bool disk_kind_is_network(unsigned long f_type)
{
    for (size_t i = 0; i < sizeof network_kinds / sizeof network_kinds[0]; i++) {
        if (network_kinds[i] == f_type) {
            return true;
        }
    }
    return false;
}

bool disk_is_network(const char *path)
{
    struct statfs found;
    /* f_type is signed on some machines: cut to the 32 bits that the numbers have. */
    return statfs(path, &found) == 0 && disk_kind_is_network((unsigned long)found.f_type & 0xffffffffUL);
}

uint64_t disk_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

bool disk_room(const char *path, uint64_t *bytes)
{
    struct statvfs found;
    if (statvfs(path, &found) != 0 || found.f_blocks == 0) { /* some network file systems don't say */
        return false;
    }
    *bytes = (uint64_t)found.f_bavail * (uint64_t)found.f_frsize;
    return true;
}

uint64_t disk_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return 0;
    }
    const uint64_t parts[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
                              (uint64_t)st.st_mtim.tv_nsec};
    return hash_bytes(HASH_START, parts, sizeof parts) | 1;
}

static uint64_t file_number(const struct stat *st)
{
    const uint64_t parts[] = {(uint64_t)st->st_dev, (uint64_t)st->st_ino};
    return hash_bytes(HASH_START, parts, sizeof parts) | 1;
}

uint64_t disk_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? file_number(&st) : 0;
}

uint64_t disk_file_open(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? file_number(&st) : 0;
}

uint64_t disk_birth(const char *path)
{
#ifndef STATX_BTIME
    (void)path;
    return 0; /* a C library that doesn't know it yet */
#else
    struct statx st;
    if (statx(AT_FDCWD, path, 0, STATX_BTIME, &st) != 0 || (st.stx_mask & STATX_BTIME) == 0) {
        return 0;
    }
    return (uint64_t)st.stx_btime.tv_sec * 1000000000U + st.stx_btime.tv_nsec;
#endif
}

bool disk_exists(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

bool disk_is_writable(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        return false;
    }
    return faccessat(AT_FDCWD, path, S_ISDIR(found.st_mode) ? W_OK | X_OK : W_OK, AT_EACCESS) == 0;
}

enum err_code disk_error_of(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_READONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    case ENOENT:
    case ENOTDIR:
        return ERR_ABSENT;
    case EEXIST:
        return ERR_CONFLICT;
    default:
        return ERR_SYSTEM;
    }
}

/* errno of a failed call that makes something. */
static int fail_to_make(const char *what, const char *path, struct err *e)
{
    int why = errno;
    log_line("%s %s: %s", what, path, strerror(why));
    errno = why;
    switch (disk_error_of(why)) {
    case ERR_READONLY:
        return err_set(e, ERR_READONLY,
                       "The data folder can't be made or written by this program. Give it to the user that runs the "
                       "programs, with mode 700.");
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or the quota is full: nothing can be made in the data folder.");
    case ERR_ABSENT:
        return err_set(e, ERR_CONFIG, "The setting data names no folder: %s. The folder that is to hold it must exist.",
                       path);
    default:
        return err_set(e, ERR_SYSTEM, "The data folder can't be made: %s", strerror(why));
    }
}

/* A name that was just made in the folder survives power loss. */
static int sync_open_folder(int fd)
{
    /* EINVAL: the file system can't sync folders (some network ones): it has no later moment
     * either */
    return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd >= 0 ? sync_open_folder(fd) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Where path's last part stands, or false when that is too long. */
static bool folder_of(const char *path, char *out, size_t size)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    return snprintf(out, size, "%.*s", length == 0 ? 1 : (int)length, length == 0 ? "." : path) < (int)size;
}

static int sync_parent(const char *path)
{
    char parent[PATH_MAX];
    if (!folder_of(path, parent, sizeof parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return sync_folder(parent);
}

int disk_rename_new(const char *from, const char *to)
{
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U /* RENAME_NOREPLACE */) ==
        0) { /* musl has no function */
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP && errno != EPERM) {
        return -1;
    }
    if (disk_exists(to)) { /* a file system that can't do it in one step */
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

int disk_put_new(const char *made, const char *path)
{
    int result = link(made, path); /* unlike rename() it replaces nothing */
    if (result != 0 &&
        (errno == EPERM || errno == EACCES || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)) {
        result = disk_rename_new(made, path);
    }
    int why = errno;
    unlink(made);
    errno = why;
    return result;
}

int disk_sync_name(const char *path)
{
    return sync_parent(path);
}

/* ---- what root does in another user's folder ----
 *
 * The owner of a folder can put a link in the place of a file between any two calls. So mode and
 * owner of a file are changed by a descriptor that was checked, never by a path. */

/* A file that root makes is given to the owner of its folder. folder: a descriptor of any kind. */
static void give_to_owner_of(int folder, int fd, const char *path)
{
    struct stat found;
    if (geteuid() == 0 && fstat(folder, &found) == 0 && found.st_uid != 0 &&
        fchownat(fd, "", found.st_uid, found.st_gid, AT_EMPTY_PATH) != 0) {
        log_line("chown %s: %s", path, strerror(errno));
    }
}

static int open_folder_of(const char *path)
{
    char folder[PATH_MAX];
    return folder_of(path, folder, sizeof folder) ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

bool disk_is_own(int fd, const char *path)
{
    struct stat file;
    struct stat folder = {.st_uid = geteuid()};
    int above = open_folder_of(path);
    bool is_own = fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink <= 1 && above >= 0 &&
                  fstat(above, &folder) == 0 &&
                  (file.st_uid == geteuid() || file.st_uid == folder.st_uid || file.st_uid == 0);
    if (above >= 0) {
        close(above);
    }
    return is_own;
}

/* For a chroot without /proc. Only root could do harm by way of a path, so root opens the file;
 * closing it drops the locks that this process has on it. */
static int change_mode_without_list(int fd, mode_t mode, const char *path)
{
    struct stat looked_at;
    struct stat opened;
    if (geteuid() != 0) {
        return chmod(path, mode);
    }
    int own = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_same = own >= 0 && fstat(own, &opened) == 0 && fstat(fd, &looked_at) == 0 &&
                   opened.st_ino == looked_at.st_ino && opened.st_dev == looked_at.st_dev;
    int result = is_same ? fchmod(own, mode) : -1;
    if (own >= 0) {
        close(own);
    }
    return result;
}

/* fd: opened with O_PATH, because closing any other descriptor of the database would drop the
 * process's locks on it. fchmod() refuses such a descriptor, but its entry in /proc/self/fd leads
 * to the same file. */
static int change_mode(int fd, mode_t mode, const char *path)
{
    char self[48];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int result = chmod(self, mode);
    return result != 0 && errno == ENOENT ? change_mode_without_list(fd, mode, path) : result;
}

void disk_make_private(const char *path)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()) {
        if (fd >= 0) {
            close(fd);
        }
        return; /* not what was just made */
    }
    if ((st.st_mode & 07777) != 0600 && change_mode(fd, 0600, path) != 0) {
        log_line("chmod %s: %s", path, strerror(errno));
    }
    int folder = open_folder_of(path);
    if (folder >= 0) {
        give_to_owner_of(folder, fd, path);
        close(folder);
    }
    close(fd);
}

/* Files that may be in a new data folder before the database: counts and warnings, which a program
 * writes first, and sockets, which a web server makes before it starts the programs. */
static bool comes_early(int folder, const char *name)
{
    struct stat st;
    return strcmp(name, "chat.tally") == 0 || strcmp(name, "chat.warned") == 0 ||
           (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode));
}

static bool folder_is_empty(int fd)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* for closedir */
    DIR *folder = own >= 0 ? fdopendir(own) : NULL;
    bool empty = folder != NULL;
    struct dirent *entry = NULL;
    while (empty && (entry = readdir(folder)) != NULL) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                comes_early(dirfd(folder), entry->d_name);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return empty;
}

/* Apache 2.4 has mod_authz_core, 2.2 hasn't; a server that knows neither must not stumble over it. */
static const char deny_all[] = "# The chat's database: nothing of it is for the web.\n"
                               "<IfModule mod_authz_core.c>\n"
                               "    Require all denied\n"
                               "</IfModule>\n"
                               "<IfModule !mod_authz_core.c>\n"
                               "    Order deny,allow\n"
                               "    Deny from all\n"
                               "</IfModule>\n";

/* 0, or -1 with errno. Nothing else depends on this file's being there, so one that is there is left as it is. */
static int put_deny_file(int folder)
{
    static const char name[] = ".htaccess";
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno == EEXIST ? 0 : -1;
    }
    /* Apache's own user must be able to read it, or it would deny for that reason, with an error in its log. */
    const ssize_t length = (ssize_t)sizeof deny_all - 1;
    errno = ENOSPC; /* for a write that is short without an error */
    bool written = write(fd, deny_all, (size_t)length) == length && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int why = errno;
    give_to_owner_of(folder, fd, name);
    close(fd);
    if (!written) {
        unlinkat(folder, name, 0);
        errno = why;
        return -1;
    }
    return sync_open_folder(folder);
}

/* Opens the folder that was just made; -1 with errno when another one stands at its path by now. A
 * umask may have taken bits away, so the mode is set again. */
static int open_made(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && geteuid() != 0 &&
        chmod(path, 0700) == 0) { /* the umask left no right to read it */
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() || fchmod(fd, 0700) != 0)) {
        close(fd);
        fd = -1;
        errno = EPERM;
    }
    return fd;
}

/* Returns a descriptor, or -1 with *result as what the caller is to return. */
static int make_or_open(const char *path, int *result, struct err *e)
{
    struct stat found;
    bool made = mkdir(path, 0700) == 0;
    int why = errno;
    *result = 0;
    if (!made && (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))) {
        errno = why == EEXIST ? ENOTDIR : why;
        *result = fail_to_make("make folder", path, e);
        return -1;
    }
    if (!made) {
        return open(path, O_RDONLY | O_DIRECTORY |
                              O_CLOEXEC); /* -1 for a folder that can only be entered, which is left alone */
    }
    int fd = open_made(path);
    if (fd < 0 || sync_parent(path) != 0) {
        *result = fail_to_make("make folder", path, e);
    }
    return fd;
}

int disk_folder_make(const char *path, struct err *e)
{
    char plain[PATH_MAX]; /* a slash at its end would lead through a link */
    int result = 0;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (snprintf(plain, sizeof plain, "%.*s", (int)length, path) >= (int)sizeof plain) {
        errno = ENAMETOOLONG;
        return fail_to_make("make folder", path, e);
    }
    int fd = make_or_open(plain, &result, e);
    if (result == 0 && fd >= 0 && folder_is_empty(fd) && put_deny_file(fd) != 0) {
        result = fail_to_make("make .htaccess in", path, e);
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Bytes of the file after a trial that worked; 0 after one that failed, all after one that was killed. */
enum { TRIAL_WORKED = 1 };

static bool has_worked(int fd, unsigned max_age_s)
{
    struct stat st;
    struct timespec now;
    return fstat(fd, &st) == 0 && st.st_size == TRIAL_WORKED && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           st.st_mtim.tv_sec <= now.tv_sec && now.tv_sec - st.st_mtim.tv_sec < (time_t)max_age_s;
}

static bool write_trial(int fd)
{
    static const char zeros[TRIAL_BYTES];
    errno = ENOSPC; /* for a write that is short without an error */
    /* Some file systems see that a quota is passed only when the bytes go to the disk. */
    bool worked = pwrite(fd, zeros, sizeof zeros, 0) == (ssize_t)sizeof zeros && fsync(fd) == 0;
    int why = errno;
    worked = ftruncate(fd, worked ? TRIAL_WORKED : 0) == 0 && worked;
    errno = why;
    return worked;
}

int disk_try_write(const char *folder, unsigned max_age_s, struct err *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/chat.trial", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return fail_to_make("write to", folder, e);
    }
    int fd = disk_lock_open(path, e);
    if (fd < 0) {
        return -1;
    }
    if (!disk_is_own(fd, path)) {
        close(fd);
        errno = EPERM; /* a link to something else, or another user's file: nothing is written there */
        return fail_to_make("write to", path, e);
    }
    for (int tries = 0; tries < TRIAL_TRIES && disk_lock_try(fd) == DISK_LOCK_HELD; tries++) {
        const struct timespec pause = {.tv_nsec = TRIAL_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    int result = has_worked(fd, max_age_s) || write_trial(fd) ? 0 : fail_to_make("write to", folder, e);
    close(fd);
    return result;
}

int disk_lock_open(const char *path, struct err *e)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0) {
            return fd;
        }
        if (errno == ENOENT) {
            fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (fd >= 0) {
                disk_make_private(path);
                return fd;
            }
        }
        if (errno != EEXIST && errno != EINTR) { /* EEXIST: another one made it between the two calls */
            return fail_to_make("open lock file", path, e);
        }
    }
}

static enum disk_lock try_lock(int fd, int kind)
{
    while (flock(fd, kind | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return DISK_LOCK_HELD;
        }
        if (errno != EINTR) {
            return DISK_LOCK_UNSUPPORTED; /* ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL: no such locks here */
        }
    }
    return DISK_LOCK_GOT;
}

enum disk_lock disk_lock_try(int fd)
{
    return try_lock(fd, LOCK_EX);
}

void disk_lock_release(int fd)
{
    flock(fd, LOCK_UN);
}

enum disk_lock disk_lock_probe(int fd)
{
    enum disk_lock found = try_lock(fd, LOCK_SH); /* shared: who asks doesn't look like who holds */
    if (found == DISK_LOCK_GOT) {
        disk_lock_release(fd);
    }
    return found;
}

bool disk_has_record_locks(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    bool has = fd < 0 || fcntl(fd, F_SETLK, &lock) == 0 || errno == EACCES || errno == EAGAIN || errno == EINTR;
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

bool disk_is_locked_elsewhere(const char *path, int64_t start, int64_t length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)length};
    bool is = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

/* Its maker is gone. */
static bool is_left_over(int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && try_lock(fd, LOCK_EX) != DISK_LOCK_HELD &&
              (st.st_size > 0 || time(NULL) - st.st_mtim.tv_sec > EMPTY_S);
    if (fd >= 0) {
        close(fd);
    }
    return is;
}

void disk_sweep(const char *path, char separator, size_t random)
{
    char parent[PATH_MAX];
    const char *own = last_of(path);
    size_t length = strlen(own);
    DIR *folder = folder_of(path, parent, sizeof parent) ? opendir(parent) : NULL;
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, own, length) == 0 && entry->d_name[length] == separator &&
            strlen(entry->d_name) == length + 1 + random && is_left_over(dirfd(folder), entry->d_name)) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}
