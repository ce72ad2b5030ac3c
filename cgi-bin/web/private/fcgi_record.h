/* fcgi_record.h - the header of a FastCGI record (FastCGI specification 1.0, section 3.3).
 *
 * Pure. Threads: any.
 */
#ifndef FCGI_RECORD_H
#define FCGI_RECORD_H

#include <stddef.h>
#include <string.h>

enum {
    FCGI_RECORD_VERSION = 1,
    FCGI_RECORD_HEADER_BYTES = 8,
    /* below 65,536, and a multiple of 8: records need no padding */
    FCGI_RECORD_CONTENT_MAX = 65528,
    /* types of a program's records */
    FCGI_RECORD_END = 3,
    FCGI_RECORD_STDOUT = 6,
    FCGI_RECORD_STDERR = 7,
};

/* Writes the header of a record with `length` bytes of content, at most FCGI_RECORD_CONTENT_MAX. */
static inline void fcgi_record_header(unsigned char *to, unsigned type, unsigned id, size_t length)
{
    const unsigned char header[FCGI_RECORD_HEADER_BYTES] = {
        FCGI_RECORD_VERSION,         (unsigned char)type,          (unsigned char)(id >> 8),
        (unsigned char)(id & 0xFFU), (unsigned char)(length >> 8), (unsigned char)(length & 0xFFU)};
    memcpy(to, header, sizeof header);
}

#endif
