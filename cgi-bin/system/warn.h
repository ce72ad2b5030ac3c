/* warn.h - warnings that the log should have once, not once from each process.
 *
 * Under plain CGI each request is a process, and under mod_fcgid there are many. So the file
 * chat.warned in the data folder (mode 0600) holds a hash of the last warning, and the file's time
 * says when it was written. If the file can't be written, each process warns.
 * Threads and processes: any number.
 */
#ifndef WARN_H
#define WARN_H

#include <stdbool.h>
#include <stdint.h>

/* Should the caller write this warning? what: a hash of its text. True if the last warning was
 * another one or is a day old; after that other callers get false. folder: the data folder, which
 * may be missing. */
bool warn_is_due(const char *folder, uint64_t what);

#endif
