/* parcel.h - one output for many held requests: framed once, shared, freed when the last one has written it.
 *
 * Web servers number all their requests 1, so nearly always the same bytes do for everyone; another number gets its own.
 * Bytes that somebody keeps because a peer doesn't take them are counted, once however many keep them, so that there can be a limit.
 * Threads: a parcel belongs to one; blobs may be kept and released by any.
 */
#ifndef PARCEL_H
#define PARCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Framed bytes. */
struct blob {
    atomic_size_t users;
    bool counted; /* among those that are kept */
    size_t length;
    char bytes[];
};

struct parcel {
    const struct buf *plain; /* what is told; borrowed until parcel_fini */
    bool last;               /* the request is over with it */
    struct blob *framed;     /* private, as is the next one; begin with NULL */
    uint16_t id;
};

/* Borrowed until the next call or parcel_fini, unless it is kept. */
struct blob *parcel_framed(struct parcel *p, uint16_t id);
void parcel_fini(struct parcel *p);

struct blob *blob_new(const char *bytes, size_t length); /* a copy; not kept by anyone, freed by blob_release */
struct blob *blob_keep(struct blob *b);                  /* b is not shared yet, or kept already */
void blob_release(struct blob *b);                       /* NULL is fine */

/* More than that isn't kept for slow peers: a caller that exceeds it gives one of them up. About
 * what a page of the greatest size needs, several times over; less where the address space is
 * limited (budget.h). */
enum { BLOBS_MOST_BYTES = 64 * 1024 * 1024 };

bool blobs_are_too_many(void); /* this process keeps more than that now */

#endif
