/* fcgi_output.h - what a request is answered with, written as FastCGI records without a copy.
 *
 * An answer may have megabytes, and many requests may get the same one. So its bytes stay where
 * they were rendered, and the headers of the records between them are made while they are written.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 5.3 (FCGI_STDOUT), 5.5
 * (FCGI_END_REQUEST).
 * Threads: any, as long as no thread changes the output.
 */
#ifndef FCGI_OUTPUT_H
#define FCGI_OUTPUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct fcgi_request;

struct fcgi_output {
    struct buf head;
    struct buf body; /* follows the head */
    bool is_last;    /* the end of the request follows the body */
};

void fcgi_output_init(struct fcgi_output *o, bool is_last); /* takes no memory */
void fcgi_output_fini(struct fcgi_output *o);

/* Bytes of all its records. */
size_t fcgi_output_size(const struct fcgi_output *o);

/* Writes its records but for the first `from` bytes, as much as is possible without waiting.
 * Returns the number of bytes, 0 when no byte could be written now, -1 when the peer has gone. */
long fcgi_output_write(const struct fcgi_output *o, const struct fcgi_request *r, size_t from);

#endif
