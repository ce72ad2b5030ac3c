/* file_system.h - what kind of file system a path lies on, and whether it can be written to.
 *
 * Error texts name no path, except those of ERR_CONFIG, which strangers never see; log lines do.
 * Threads: any. Processes: any number on one folder.
 */
#ifndef FILE_SYSTEM_H
#define FILE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* True if other machines may use the file system at the same time, or a program serves it (FUSE):
 * processes on it can't share memory. False for a path that can't be looked at; opening it will
 * tell why. */
bool file_system_is_network(const char *path);
bool file_system_kind_is_network(unsigned long f_type); /* the same for the f_type of statfs(2) */

/* Bytes that are free for this user at path; a quota may allow less. False: unknown. */
bool file_system_free(const char *path, uint64_t *bytes);

/* May a file be written, or files be made in a folder, by permissions and mount? */
bool file_system_is_writable(const char *path);

/* Writes 64 KiB to the file chat.trial of the folder and frees them again. That finds quotas, for
 * which there is no other question. A trial that worked counts for max_age_s seconds, also for
 * other processes; of several calls at once one tries. -1: ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int file_system_try_write(const char *folder, unsigned max_age_s, struct err *e);

#endif
