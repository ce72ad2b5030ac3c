/* fcgi_request.h - a FastCGI request that is answered without a thread or a buffer.
 *
 * Nothing is left of such a request but its connection and its number on that connection. Its
 * answer is a struct fcgi_output, which many requests that ask for the same thing may share.
 * Threads: any; a request belongs to one thread at a time.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fcgi_request {
    int connection; /* owned: close() ends it */
    uint16_t id;
    /* The peer may still be sending its request: closing would reset the connection, and the peer
     * could lose the answer. */
    bool still_sends;
};

enum { FCGI_REQUEST_LINE_MAX = 4096 }; /* what is longer is cut off */

/* Writes a line to the web server's error log. False: it wasn't written, or only a part of it,
 * which makes the answer unreadable. */
bool fcgi_request_log(const struct fcgi_request *r, const char *line);

/* Reads input without waiting, and drops it. Returns the number of bytes, 0 for none, -1 when the
 * peer has gone or sends no more. */
long fcgi_request_drop_input(const struct fcgi_request *r);

/* How much of the output the peer has not read yet, in bytes as the kernel counts them: good for
 * seeing whether it becomes less. "Writable" tells less: a Unix socket may become writable only
 * when a third of its buffer was read, for which a slow peer needs a minute. */
int fcgi_request_unread(const struct fcgi_request *r);

#endif
