/* warn.h - warnings that the log should have once, and not from each process that has a reason for
 * them.
 *
 * Under plain CGI each request is a process, and under mod_fcgid there are many. So the file
 * chat.warned in the data folder (mode 0600) holds a hash of the last warning; the file's time says
 * when that was. Where it can't be written, each process warns.
 * Threads and processes: any number.
 */
#ifndef WARN_H
#define WARN_H

#include <stdbool.h>
#include <stdint.h>

/* Should the caller write this warning (what: a hash of its text)? True when the last warning was
 * another one or is a day old; other callers get false from then on. folder: the data folder, which
 * may be missing. */
bool warn_is_due(const char *folder, uint64_t what);

#endif
