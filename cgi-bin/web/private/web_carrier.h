/* web_carrier.h - what a carrier gives to request.c, body.c, reply.c and detach.c.
 *
 * A carrier brings requests from the web server and takes answers back: web_fcgi.c by FastCGI,
 * web_cgi.c by plain CGI.
 * Threads: a request belongs to one thread at a time.
 * To add a carrier: define a struct whose first member is a struct request and allocate it with
 * ck_calloc; fill a struct web_carrier with its functions; give both to web_carrier_init, with the
 * request's CGI variables; let serve.c accept requests from it.
 */
#ifndef WEB_CARRIER_H
#define WEB_CARRIER_H

#include "base/address.h"
#include "base/buf.h"
#include "chat/form.h"
#include "web/fcgi_request.h"
#include "web/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WEB_CARRIER_LATE = -2,
    WEB_CARRIER_HEADERS_MAX = 16 * 1024, /* bytes of an answer's header lines */
};

struct web_carrier {
    /* Reads up to `size` bytes of the body as soon as some have come. Returns 0 at its end, -1 when
     * the peer broke off, WEB_CARRIER_LATE when nothing came until `deadline` (monotonic ms; a past
     * one means: don't wait). */
    ssize_t (*read)(struct request *request, char *to, size_t size, int64_t deadline);
    /* Writes all bytes; -1 when the peer has gone. */
    int (*write)(struct request *request, const char *bytes, size_t length);
    /* Ends the answer and frees the request. If the peer still sends a body, its bytes are read and
     * dropped for a moment: closing the connection over unread bytes could lose the answer. */
    void (*finish)(struct request *request);
    /* Frees the request but not its connection. NULL: this carrier can't detach requests. */
    struct fcgi_request (*detach)(struct request *request);
    /* The descriptor of the connection to the web server. NULL: there is none. */
    int (*connection)(const struct request *request);
    /* See request_log_here. NULL: log lines go to stderr. */
    void (*log_here)(struct request *request);
    bool body_has_end; /* read() notices the end of the body without a Content-Length */
};

struct request {
    const struct web_carrier *carrier;
    const char *const *environment;
    enum request_method method;
    char client[ADDRESS_TEXT]; /* "": REMOTE_ADDR itself */
    struct buf common;         /* header lines that every answer gets */
    struct form query;
    bool query_parsed;
    bool body_ended; /* all of the body has been read */
    size_t counted;  /* bytes of the budget that its body takes */
};

/* A carrier calls the first for a new request and the second when it frees one. */
void web_carrier_init(struct request *request, const struct web_carrier *carrier, const char *const *environment);
void web_carrier_fini(struct request *request);

#endif
