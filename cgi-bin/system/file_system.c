/* file_system.c - see file_system.h. */
#include "system/file_system.h"

#include "base/err.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/private/make_error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIAL_BYTES = 64 * 1024,
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
    /* FUSE: sshfs, GlusterFS and the like; local ones suffer no harm from a rollback journal */
    0x65735546, 0x5346414f, /* AFS */
    0x6b414653,             /* AFS of the kernel */
    0x73757245,             /* Coda */
    0x564c,                 /* NCP */
    0x00c36400,             /* Ceph */
    0x0bd00bd0,             /* Lustre */
    0x47504653,             /* GPFS */
    0x01161970,             /* GFS2 */
    0x7461636f,             /* OCFS2 */
    0x20030528,             /* OrangeFS */
    0x19830326,             /* BeeGFS */
    0xaad7aaea,             /* PanFS */
    0xbeefdead,             /* SNFS */
    0x786f4256,             /* VirtualBox shared folder */
    0xbacbacbc,             /* VMware shared folder */
    0x7c7c6673,             /* Parallels shared folder */
};

bool file_system_kind_is_network(unsigned long f_type)
{
    for (size_t i = 0; i < sizeof network_kinds / sizeof network_kinds[0]; i++) {
        if (network_kinds[i] == f_type) {
            return true;
        }
    }
    return false;
}

bool file_system_is_network(const char *path)
{
    struct statfs found;
    /* f_type is signed on some machines: cut to the 32 bits that the numbers have. */
    return statfs(path, &found) == 0 && file_system_kind_is_network((unsigned long)found.f_type & 0xffffffffUL);
}

bool file_system_free(const char *path, uint64_t *bytes)
{
    struct statvfs found;
    /* some network file systems don't say */
    if (statvfs(path, &found) != 0 || found.f_blocks == 0) {
        return false;
    }
    *bytes = (uint64_t)found.f_bavail * (uint64_t)found.f_frsize;
    return true;
}

bool file_system_is_writable(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        return false;
    }
    return faccessat(AT_FDCWD, path, S_ISDIR(found.st_mode) ? W_OK | X_OK : W_OK, AT_EACCESS) == 0;
}

/* ---- a trial of writing ---- */

/* Bytes of the file after a trial that worked; 0 after one that failed, all after one that was
 * killed. */
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

int file_system_try_write(const char *folder, unsigned max_age_s, struct err *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/chat.trial", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return make_error("write to", folder, e);
    }
    int fd = file_lock_open(path, e);
    if (fd < 0) {
        return -1;
    }
    if (!file_is_own(fd, path)) {
        close(fd);
        /* a link to something else, or another user's file: nothing is written there */
        errno = EPERM;
        return make_error("write to", path, e);
    }
    for (int tries = 0; tries < TRIAL_TRIES && file_lock_try(fd) == FILE_LOCK_BUSY; tries++) {
        const struct timespec pause = {.tv_nsec = TRIAL_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    int result = has_worked(fd, max_age_s) || write_trial(fd) ? 0 : make_error("write to", folder, e);
    close(fd);
    return result;
}
