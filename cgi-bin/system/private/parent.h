/* parent.h - the folder that a file or folder stands in.
 *
 * Threads: any.
 */
#ifndef PARENT_H
#define PARENT_H

#include <stdbool.h>
#include <stddef.h>

/* The part of a path behind its last slash; borrowed from path. */
const char *parent_last_part(const char *path);

/* Writes the path of the folder that holds path's last part. False: it is too long for out. */
bool parent_of(const char *path, char *out, size_t size);

/* Opens that folder with O_PATH. -1 with errno. */
int parent_open(const char *path);

/* The names in that folder survive power loss. 0, or -1 with errno. */
int parent_sync(const char *path);
int parent_sync_open(int folder); /* the same for an open folder */

/* Gives a file that root made to the owner of its folder. folder: a descriptor of any kind. path:
 * for the log. A failure is logged. */
void parent_give_to_owner(int folder, int fd, const char *path);

#endif
