/* parcel.h - one output for many held requests: framed once, shared, freed when the last one has written it.
 *
 * Web servers number all their requests 1, so nearly always the same bytes do for everyone; another number gets its own.
 * Threads: one.
 */
#ifndef PARCEL_H
#define PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Framed bytes. */
struct blob {
    size_t users;
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

struct blob *blob_keep(struct blob *b);
void blob_release(struct blob *b); /* NULL is fine */

#endif
