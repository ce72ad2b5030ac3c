/* fcgi_record.h - the header of a FastCGI record (FastCGI specification 1.0, section 3.3).
 *
 * Pure. Threads: any.
 */
#ifndef FCGI_RECORD_H
#define FCGI_RECORD_H

#include "base/buf.h"

#include <stddef.h>

enum {
    FCGI_RECORD_VERSION = 1,
    FCGI_RECORD_HEADER_BYTES = 8,
    /* below 65,536, and a multiple of 8: records need no padding */
    FCGI_RECORD_CONTENT_MAX = 65528,
};

/* Adds the header of a record with `length` bytes of content, at most FCGI_RECORD_CONTENT_MAX. */
static inline void fcgi_record_header(struct buf *out, unsigned type, unsigned id, size_t length)
{
    const unsigned char header[FCGI_RECORD_HEADER_BYTES] = {
        FCGI_RECORD_VERSION,         (unsigned char)type,          (unsigned char)(id >> 8),
        (unsigned char)(id & 0xFFU), (unsigned char)(length >> 8), (unsigned char)(length & 0xFFU)};
    buf_add(out, header, sizeof header);
}

#endif
