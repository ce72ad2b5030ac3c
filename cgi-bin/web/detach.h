/* detach.h - a request leaves its thread and is answered later, by a thread that serves many.
 *
 * Of a detached request nothing is left but the connection to the web server and the request's
 * number (fcgi_request.h): no thread, no variables, no body. So copy what the answer needs before.
 * Threads: a request belongs to one thread at a time.
 */
#ifndef DETACH_H
#define DETACH_H

#include "web/fcgi_request.h"

#include <stdbool.h>

struct request;

/* True when the request can wait without a thread, as its carrier keeps only a descriptor for it
 * (FastCGI). False while the peer still sends a body. */
bool detach_is_possible(const struct request *request);

/* The descriptor of the connection to the web server, borrowed until the request is answered or
 * detached. -1 when there is none (plain CGI). */
int detach_connection(const struct request *request);

/* The header lines that every answer to this request gets (reply_common_header). Borrowed until the
 * request is answered or detached. */
const char *detach_headers(const struct request *request);

/* Frees the request but not its connection, which belongs to the caller from here. Takes the
 * request. detach_is_possible must have returned true. */
struct fcgi_request detach_request(struct request *request);

#endif
