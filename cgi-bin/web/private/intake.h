/* intake.h - a FastCGI request as it comes in, record by record, before a library sees any of it.
 *
 * libfcgi reads with calls that block for as long as the peer likes, takes an interrupted read for
 * the end of the connection, and allocates what a length of up to 2^31 asks for, which ends the
 * process (CVE-2025-23016). So this module reads the records. It bounds them and their time;
 * libfcgi gets the parameters of one well formed request, and nothing else.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 3.4 (names and values), 5.1
 * (FCGI_BEGIN_REQUEST), 5.2 (FCGI_PARAMS), 5.3 (FCGI_STDIN). Records of other types, and those of
 * other requests on the same connection, are skipped: the latter up to a megabyte.
 * Threads: an intake belongs to one. While one waits for its peer it is entered in slow_senders.h, where
 * another thread may cut it.
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
    INTAKE_PARAMS_MAX = 128 * 1024, /* bytes of names and values; web servers take 8 to 64 KiB of headers */
    INTAKE_PAIRS_MAX = 1024,        /* pairs of a name and a value */
};

struct intake *intake_new(int connection); /* the connection stays the caller's, and is not closed here */
void intake_free(struct intake *in);       /* NULL is fine */

/* Reads the beginning and the parameters of one request, until `deadline` (monotonic ms). Adds them
 * to *head (unlimited) as whole records. -1: the peer broke off, was too slow, spoke no FastCGI,
 * wants another role than a responder, or a length is wrong. */
int intake_head(struct intake *in, int64_t deadline, struct buf *head);

/* Up to `size` bytes of the body, as soon as there are some. 0 at its end; -1 when the peer broke
 * off; INTAKE_LATE when nothing came until `deadline` (monotonic ms; one in the past: without
 * waiting). After intake_head. */
enum { INTAKE_LATE = -2 };
ssize_t intake_body(struct intake *in, char *to, size_t size, int64_t deadline);

/* Nothing of this request is to come any more: its body was read to the end, or the peer broke
 * off. */
bool intake_is_over(const struct intake *in);

#endif
