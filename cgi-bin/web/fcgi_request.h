/* fcgi_request.h - a FastCGI request that is answered without a thread or a buffer.
 *
 * Nothing is left of such a request but its connection and its number on that connection. Its
 * answer is written as whole FastCGI records, so one buffer, made once, answers all requests that
 * ask for the same thing.
 * Format: FastCGI specification 1.0, sections 3.3 (records), 5.3 (FCGI_STDOUT), 5.5
 * (FCGI_END_REQUEST).
 * Threads: any; a request belongs to one thread at a time.
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
    /* The peer may still be sending its request: closing would reset the connection, and the peer
     * could lose the answer. */
    bool unread;
};

/* Adds `length` bytes of output for request `id`. */
void fcgi_request_output(struct buf *out, uint16_t id, const char *bytes, size_t length);

/* Adds a line for the web server's error log, at most 64 kB. */
void fcgi_request_error(struct buf *out, uint16_t id, const char *line);

/* Adds the end of the output and of the request. */
void fcgi_request_end(struct buf *out, uint16_t id);

/* Writes as much as is possible without waiting. Returns the number of bytes, 0 when no byte could
 * be written now, -1 when the peer has gone. */
long fcgi_request_write(const struct fcgi_request *r, const char *bytes, size_t length);

/* Reads input without waiting, and drops it. Returns the number of bytes, 0 for none, -1 when the
 * peer has gone or sends no more. */
long fcgi_request_drop_input(const struct fcgi_request *r);

/* How much of the output the peer has not read yet, in bytes as the kernel counts them: good for
 * seeing whether it becomes less. "Writable" tells less: a Unix socket may become writable only
 * when a third of its buffer was read, for which a slow peer needs a minute. */
int fcgi_request_unread(const struct fcgi_request *r);

#endif
