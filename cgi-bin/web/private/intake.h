/* intake.h - reads a FastCGI request record by record, before a library sees any of it.
 *
 * libfcgi reads with calls that block for as long as the peer likes, takes an interrupted read for
 * the end of the connection, and allocates what a length field of up to 2^31 asks for, which ends
 * the process (CVE-2025-23016). So this module reads the records and limits their size and time;
 * libfcgi gets the parameters of one well-formed request, and nothing else.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 3.4 (names and values), 5.1
 * (FCGI_BEGIN_REQUEST), 5.2 (FCGI_PARAMS), 5.3 (FCGI_STDIN). Records of other types are skipped,
 * and up to a megabyte of records of other requests on the same connection.
 * Threads: an intake belongs to one thread. While that waits for its peer, it is registered in
 * slow_senders.h, where another thread may cut the peer off.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct intake;

enum {
    INTAKE_PARAMS_MAX = 128 * 1024, /* bytes of all names and values; web servers let 8 to 64 KiB of headers pass */
    INTAKE_PAIRS_MAX = 1024,        /* pairs of a name and a value */
};

struct intake *intake_new(int connection); /* the connection stays the caller's; intake_free doesn't close it */
void intake_free(struct intake *in);       /* NULL is fine */

/* Reads the beginning and the parameters of one request, until `deadline` (monotonic ms). Adds them
 * to *head (unlimited) as whole records. -1: the peer broke off, was too slow, spoke no FastCGI,
 * asks for another role than that of a responder, or sent a wrong length. */
int intake_head(struct intake *in, int64_t deadline, struct buf *head);

/* Reads up to `size` bytes of the body as soon as some have come. Returns 0 at its end, -1 when the
 * peer broke off, INTAKE_LATE when nothing came until `deadline` (monotonic ms; a past one means:
 * don't wait). Call it after intake_head. */
enum { INTAKE_LATE = -2 };
ssize_t intake_body(struct intake *in, char *to, size_t size, int64_t deadline);

/* True when no more of this request will come: its body was read to the end, or the peer broke off.
 */
bool intake_is_over(const struct intake *in);

#endif
