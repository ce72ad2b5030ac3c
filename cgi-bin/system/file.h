/* file.h - what a file is: its size, its identity, its owner.
 *
 * Not for contents, names (file_name.h) and locks (file_lock.h).
 * Threads: any.
 */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stdint.h>

bool file_exists(const char *path);   /* false for a dangling symbolic link */
uint64_t file_size(const char *path); /* in bytes; 0 if there is none */

/* A number that changes when the file is replaced or written to; 0 if there is none. */
uint64_t file_stamp(const char *path);

/* A number made of device and inode: two files have the same one with a chance of 2^-63. 0 if there
 * is none. */
uint64_t file_number(const char *path);
/* the same for an open file, to see whether it is still the one at its path */
uint64_t file_number_open(int fd);

/* When the file was made, in ns of some clock; 0 where file system or kernel don't tell. A copy has
 * another time. */
uint64_t file_birth(const char *path);

/* For a file that this process has just made. Sets mode 0600 whatever the umask was. A file that
 * root made is given to the owner of its folder, whose programs will have to open it. If something
 * else stands at the path (a link, a file with two names, a file of another user), it is left
 * alone. A failure is logged. */
void file_make_private(const char *path);

/* May the open file at path be written over? True for a regular file with one name that belongs to
 * this user, to root or to the owner of its folder. So no other user has put it there, and no link
 * leads to a file elsewhere. */
bool file_is_own(int fd, const char *path);

#endif
