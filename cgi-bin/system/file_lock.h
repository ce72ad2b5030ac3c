/* file_lock.h - locks on whole files (flock) between threads and processes, and questions about
 * record locks (fcntl).
 *
 * A lock belongs to its descriptor, so threads exclude each other as processes do. No function
 * waits.
 * Threads: any.
 */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum file_lock { FILE_LOCK_GOT, FILE_LOCK_BUSY, FILE_LOCK_UNSUPPORTED };

/* Opens a lock file, or makes it with mode 0600. If root makes it, the owner of its folder gets it.
 * It holds no data and is never removed. Returns a descriptor, whose close() gives back its lock
 * too; -1 with ERR_READONLY, ERR_FULL or ERR_SYSTEM. */
int file_lock_open(const char *path, struct err *e);

enum file_lock file_lock_try(int fd);
void file_lock_release(int fd); /* can't fail */

/* BUSY: another descriptor has the lock. GOT: none has, nor has the caller afterwards. Several may
 * ask at once. */
enum file_lock file_lock_probe(int fd);

/* Does the file system of this file know record locks, which SQLite takes? Some network ones know
 * none. Must be asked of a file on which this process has no record locks: closing any descriptor
 * of a file drops the process's record locks on it. True where it can't be tried. */
bool file_lock_has_records(const char *path);

/* Has another process a record lock on some of these bytes? For the same reason only for a file
 * that this process has not open. False where the file can't be opened. */
bool file_lock_has_record_elsewhere(const char *path, int64_t start, int64_t length);

#endif
