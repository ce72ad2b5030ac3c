/* records.h - a FastCGI answer whose bytes are made once, for the null programs.
 *
 * Standard output in records of at most 65528 bytes, its end, and the end of the request, for the
 * request number 1: a web server that doesn't share connections between requests uses no other.
 */
#ifndef BENCH_RECORDS_H
#define BENCH_RECORDS_H

#include <stddef.h>
#include <string.h>

enum { RECORD_MOST = 65528, RECORD_HEADER = 8, RECORDS_END = 24 };

/* The bytes that records_make() needs for a text of this length. */
#define RECORDS_SIZE(length) ((length) + ((length) / RECORD_MOST + 1) * RECORD_HEADER + RECORDS_END)

/* Writes the answer to out; returns its length. */
static inline size_t records_make(unsigned char *out, const char *text, size_t length)
{
    static const unsigned char end[RECORDS_END] = {1, 6, 0, 1, 0, 0, 0, 0, 1, 3, 0, 1, 0, 8, 0, 0};
    size_t at = 0;
    while (length > 0) {
        size_t part = length < RECORD_MOST ? length : RECORD_MOST;
        const unsigned char header[RECORD_HEADER] = {
            1, 6, 0, 1, (unsigned char)(part >> 8), (unsigned char)(part & 255)};
        memcpy(out + at, header, sizeof header);
        memcpy(out + at + sizeof header, text, part);
        at += sizeof header + part;
        text += part;
        length -= part;
    }
    memcpy(out + at, end, sizeof end);
    return at + sizeof end;
}

#endif
