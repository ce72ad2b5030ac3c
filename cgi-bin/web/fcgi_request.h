/* fcgi_request.h - a FastCGI request that waits for its answer without a thread, a buffer or a line of libfcgi.
 *
 * What is left of it is a connection and the request's number on it. The answer is written as whole FastCGI records, so that one
 * buffer, made once, answers everyone who waits for the same.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 5.3 (FCGI_STDOUT), 5.5 (FCGI_END_REQUEST).
 * Threads: any; a held request belongs to one at a time.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct fcgi_request {
    int connection; /* owned: close() ends it */
    uint16_t id;
    /* The peer may still send a part of the request: closing would reset the connection, and the
     * answer could be lost. */
    bool unread;
};

/* Adds `length` bytes of output for request `id`. */
void fcgi_request_output(struct buf *out, uint16_t id, const char *bytes, size_t length);

/* Adds the end of the output and of the request. */
void fcgi_request_end(struct buf *out, uint16_t id);

/* Writes what can be written without waiting. Returns how many bytes that was, 0 when none could be just now, -1 when the peer
 * has gone. */
long fcgi_request_write(const struct fcgi_request *h, const char *bytes, size_t length);

/* Drops input that has come, without waiting. Returns how many bytes that were, 0 for none, -1 when
 * the peer has gone or sends no more. */
long fcgi_request_drop_input(const struct fcgi_request *h);

/* How much of what was written the peer has not read yet, in bytes of the kernel's own count: good for seeing whether it becomes
 * less. A socket may become writable only after a third of its buffer was read (Unix ones), which a slow peer needs a minute for. */
int fcgi_request_unread(const struct fcgi_request *h);

#endif
