/* shared_output.h - one output for many waiting requests, put into FastCGI records once.
 *
 * A record carries the number of its request. Web servers give all their requests the number 1, so
 * the same records nearly always serve every request; another number gets records of its own.
 * Threads: an output belongs to one thread; its bytes may be kept by others (shared_bytes.h).
 */
#ifndef SHARED_OUTPUT_H
#define SHARED_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct shared_bytes;

/* Initialised by its first two members; the others begin with 0. */
struct shared_output {
    const struct buf *plain;     /* the output without records; borrowed until shared_output_fini */
    bool last;                   /* the end of the request follows it */
    struct shared_bytes *framed; /* private: the records of the latest call */
    uint16_t id;                 /* private: the number of the request that they are for */
};

/* The records for request `id`. Borrowed until the next call or shared_output_fini, unless the
 * caller keeps them. */
struct shared_bytes *shared_output_framed(struct shared_output *p, uint16_t id);
void shared_output_fini(struct shared_output *p);

#endif
