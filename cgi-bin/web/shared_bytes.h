/* shared_bytes.h - an output to be written that several connections may keep at the same time;
 * freed when the last one releases them.
 *
 * Bytes that are kept because a peer doesn't take them are counted, once however many connections
 * keep them, so that there can be a limit for the whole process (budget.h).
 * Threads: any; see shared_bytes_keep.
 */
#ifndef SHARED_BYTES_H
#define SHARED_BYTES_H

#include "web/fcgi_output.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct shared_bytes {
    atomic_size_t users;
    bool counted; /* among the bytes that are kept for slow peers */
    struct fcgi_output output;
    size_t size; /* bytes of its records */
};

/* Takes the bytes of the output, which is empty then. The caller is the first user; it ends its use
 * by shared_bytes_release. */
struct shared_bytes *shared_bytes_new(struct fcgi_output *output);

/* Adds a user, for a peer that doesn't take the bytes, and returns b. The first call for b comes
 * from the thread that made b, before another thread knows b. */
struct shared_bytes *shared_bytes_keep(struct shared_bytes *b);

/* Ends one use. NULL is fine. */
void shared_bytes_release(struct shared_bytes *b);

#endif
