/* fresh.h - a file while it is being made: under a name of its own, locked, then renamed.
 *
 * Its maker holds a flock on it. So the next maker recognises what a killed process left, and takes
 * it over. Processes: any.
 */
#ifndef SQLITE_FRESH_H
#define SQLITE_FRESH_H

#include "store/sqlite/private/path.h"

#include <stdbool.h>

struct err;

struct sqlite_fresh {
    char path[PATH_SIZE];
    int fd; /* -1: none */
};

/* Empty, mode 0600. -1: ERR_BUSY while another process makes it, ERR_ABSENT (no such folder),
 * ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int sqlite_fresh_open(struct sqlite_fresh *f, const char *path, struct err *e);
/* Renames it to `as` and syncs the folder; replace: also when a file has that name. -1: the file is
 * under neither name; ERR_CONFLICT when the name is taken. */
int sqlite_fresh_keep(struct sqlite_fresh *f, const char *as, bool replace, struct err *e);
/* Closes it, and removes it if it still has its first name. */
void sqlite_fresh_end(struct sqlite_fresh *f);
/* Closes and removes it, unless it was kept. Fine after any of the above. */
void sqlite_fresh_drop(struct sqlite_fresh *f);
/* Sets e from errno, for a file that is being made, and logs it. Always -1. */
int sqlite_fresh_fail(const char *what, const char *path, struct err *e);

#endif
