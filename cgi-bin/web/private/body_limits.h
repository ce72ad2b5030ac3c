/* body_limits.h - how long a body may take and how much memory, for the modules that read or drop
 * one.
 *
 * Threads: any.
 */
#ifndef BODY_LIMITS_H
#define BODY_LIMITS_H

#include <stdint.h>

struct err;
struct request;

enum {
    /* A body may take BODY_LIMITS_MS plus its length divided by BODY_LIMITS_BYTES_PER_MS. Behind
     * Apache's mod_proxy_fcgi, behind Caddy and by plain CGI it arrives as slowly as the client
     * sends it. */
    BODY_LIMITS_MS = 20000,
    BODY_LIMITS_BYTES_PER_MS = 16,
    BODY_LIMITS_COPIES = 2, /* the body, which becomes the text, and the answer, which has it, too */
    /* An unwanted body is read for at most BODY_LIMITS_DRAIN_MS, so that the answer gets through.
     * Up to the size that web servers let pass it is read to its end. */
    BODY_LIMITS_DRAIN_MS = 2000,
    BODY_LIMITS_DRAIN_BYTES = 16 * 1024 * 1024,
};

/* *out: the announced Content-Length, or -1 when there is none. -1 with ERR_INPUT when it is no
 * number. */
int body_limits_announced(const struct request *request, int64_t *out, struct err *e);

#endif
