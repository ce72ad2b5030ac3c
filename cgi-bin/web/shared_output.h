/* shared_output.h - one output for many held requests: framed once, shared, freed when the last one has written it.
 *
 * Web servers number all their requests 1, so nearly always the same bytes do for everyone; another number gets its own.
 * Bytes that somebody keeps because a peer doesn't take them are counted, once however many keep them, so that there can be a limit.
 * Threads: an output belongs to one; shared bytes may be kept and released by any.
 */
#ifndef SHARED_OUTPUT_H
#define SHARED_OUTPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Framed bytes. */
struct shared_bytes {
    atomic_size_t users;
    bool counted; /* among those that are kept */
    size_t length;
    char bytes[];
};

struct shared_output {
    const struct buf *plain;     /* what is told; borrowed until shared_output_fini */
    bool last;                   /* the request is over with it */
    struct shared_bytes *framed; /* private, as is the next one; begin with NULL */
    uint16_t id;
};

/* Borrowed until the next call or shared_output_fini, unless it is kept. */
struct shared_bytes *shared_output_framed(struct shared_output *p, uint16_t id);
void shared_output_fini(struct shared_output *p);

struct shared_bytes *shared_bytes_new(const char *bytes,
                                      size_t length); /* a copy; not kept by anyone, freed by shared_bytes_release */
struct shared_bytes *shared_bytes_keep(struct shared_bytes *b); /* b is not shared yet, or kept already */
void shared_bytes_release(struct shared_bytes *b);              /* NULL is fine */

/* More than that isn't kept for slow peers: a caller that exceeds it gives one of them up. About
 * what a page of the greatest size needs, several times over; less where the address space is
 * limited (budget.h). */
enum { SHARED_BYTES_MOST = 64 * 1024 * 1024 };

bool shared_bytes_are_too_many(void); /* this process keeps more than that now */

#endif
