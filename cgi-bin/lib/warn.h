/* warn.h - what the owner should read in the log once, and not with each process that finds it.
 *
 * Under plain CGI each request is a process, under mod_fcgid there are many: so the file chat.warned in the data folder (mode 0600) says what
 * was warned of last, and its time says when. Where it can't be written each process warns.
 * Threads and processes: any number.
 */
#ifndef WARN_H
#define WARN_H

#include <stdbool.h>
#include <stdint.h>

/* Is it the caller's turn to warn of this (a hash of what is to be said)? True when nothing or something else was warned of last,
 * or a day has gone by; the others are told false from here on. folder: of the data; it may be missing. */
bool warn_is_due(const char *folder, uint64_t what);

#endif
