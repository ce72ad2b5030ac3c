/* disk.h - folders and file systems: where the program stands, what a folder lies on, who may look into it, file locks.
 *
 * Not for the contents of any file but the ones named here. Texts of errors name no path, but for ERR_CONFIG's, which
 * strangers never see; log lines do.
 * Threads: any. Processes: any number on one folder.
 */
#ifndef DISK_H
#define DISK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* File of the running program, absolute, symbolic links resolved; " (deleted)" may follow it when it was replaced. False where
 * neither /proc says it nor the kernel has kept the name it was started by, or it doesn't fit; out is then "". */
bool disk_program_path(char *out, size_t size);

/* Folder of the running program (of the archive: the one above programs/), absolute, symbolic links resolved, also after its file was replaced.
 * -1 (ERR_SYSTEM) where it can't be known or the path is too long; out is then "". */
int disk_program_folder(char *out, size_t size, struct err *e);

/* Other machines may have it open at the same time, or it is handed through by a program (FUSE): no shared memory between
 * those that use it. False for what can't be looked at: opening it will say why. */
bool disk_is_network(const char *path);
bool disk_kind_is_network(unsigned long f_type); /* the same for statfs's f_type */

uint64_t disk_size(const char *path); /* bytes of a file; 0 when there is none */
bool disk_room(const char *path,
               uint64_t *bytes); /* free for this user where path lies; quotas may allow less. False: unknown */
uint64_t
disk_stamp(const char *path); /* another number when the file is another one or was written to; 0: there is none */
/* A number of the file, of device and inode: another file has another one, but by a chance of 2^-63. 0: there is none. */
uint64_t disk_file(const char *path);
uint64_t disk_file_open(int fd); /* the same for an open file, to see whether it is still the one at its path */
/* When the file was made, in ns of some clock; 0 where the file system or the kernel doesn't say. A
 * copy has another time. */
uint64_t disk_birth(const char *path);
bool disk_exists(const char *path); /* something is there; a dangling symbolic link isn't */
bool disk_is_writable(
    const char *path); /* a file can be written, in a folder files can be made: by rights and by mount */

/* What an errno of a call that makes or writes something means: ERR_READONLY, ERR_FULL, ERR_ABSENT (of the folder), ERR_CONFLICT (it is there
 * already), or ERR_SYSTEM. */
enum err_code disk_error_of(int number);

/* Makes the folder with mode 0700 whatever the umask is, if it is missing; its parent must exist. A folder that is made,
 * and one that is found empty, gets a .htaccess that lets Apache serve nothing of it; a folder with other things in
 * it is left alone, as it may be one that is meant to be served. Durable when it returns 0. Any number of processes
 * may call it at once. -1: ERR_CONFIG (no parent, not a folder), ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int disk_folder_make(const char *path, struct err *e);

/* Writes 64 KiB to the file chat.trial of the folder and frees them again: that finds quotas, which
 * can't be asked for. A trial that worked counts for max_age_s seconds, also for other processes;
 * of several calls at once one tries. -1: ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int disk_try_write(const char *folder, unsigned max_age_s, struct err *e);

/* A lock file: made if missing, mode 0600, and when root makes it, its folder's owner's. Holds no data, is never removed.
 * Returns a descriptor (close it to give everything back), or -1 with ERR_READONLY, ERR_FULL or ERR_SYSTEM. */
int disk_lock_open(const char *path, struct err *e);

enum disk_lock { DISK_LOCK_GOT, DISK_LOCK_HELD, DISK_LOCK_UNSUPPORTED };

/* Never waits. Locks belong to the descriptor, so threads exclude each other as processes do. */
enum disk_lock disk_lock_try(int fd);
void disk_lock_release(int fd); /* can't fail */
/* HELD: somebody has the lock. GOT: nobody has, nor has the caller afterwards; several may ask at once. */
enum disk_lock disk_lock_probe(int fd);

/* The file system of this file knows record locks (fcntl), which SQLite takes; some network ones know none. Tried with a file that
 * nobody locks in this way: who closes any descriptor of a file loses his record locks on it. True where it can't be tried. */
bool disk_has_record_locks(const char *path);

/* Another process has a record lock (fcntl) on some of these bytes. Only for a file that this
 * process hasn't open: the look would drop the process's own record locks on it. False where the
 * file can't be opened. */
bool disk_is_locked_elsewhere(const char *path, int64_t start, int64_t length);

/* Removes what makers that were killed have left: files beside path whose names are its own, this
 * character, and `random` further characters (an owner's copies have other names). A maker holds
 * the lock (disk_lock_try) on its file from the first byte on; a locked file is left alone, and an
 * empty one for a minute. */
void disk_sweep(const char *path, char separator, size_t random);

/* A file gets another name; -1 with errno, EEXIST when that is taken (on a file system that can't tell in one step, when it was just before). */
int disk_rename_new(const char *from, const char *to);
/* The same for one that nobody minds having two names for a moment, also where only links can tell in one step. The name under which
 * it was `made` is gone in any case. */
int disk_put_new(const char *made, const char *path);

/* The name of a file that was made, renamed or removed survives power loss. 0, or -1 with errno. */
int disk_sync_name(const char *path);

/* For a file that this process has just made. Sets mode 0600, whatever the umask was. A file that
 * root made is given to the owner of its folder, whose programs will have to open it. If something
 * else stands at the path (a link, a file with two names, a file of another user), it is left
 * alone. A failure is logged. */
void disk_make_private(const char *path);

/* May the open file at path be written over? True for a regular file with one name that belongs to
 * this user, to root or to the owner of its folder. So it isn't a file that another user has put
 * there, nor a file elsewhere that a link leads to. */
bool disk_is_own(int fd, const char *path);

#endif
