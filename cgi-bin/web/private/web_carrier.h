/* web_carrier.h - what a carrier gives to request.c, body.c, reply.c and detach.c.
 *
 * A carrier brings requests from the web server and takes answers back: web_fcgi.c by FastCGI,
 * web_cgi.c by plain CGI.
 * Threads: a request belongs to one thread at a time.
 * To add a carrier: define a struct whose first member is a struct request and allocate it with
 * ck_calloc; fill a struct web_carrier with its functions; give both to web_carrier_init, with the
 * request's CGI variables; let serve.c get requests from it, as it does from arrivals.h and
 * web_cgi.h.
 */
#ifndef WEB_CARRIER_H
#define WEB_CARRIER_H

#include "base/address.h"
#include "base/buf.h"
#include "chat/form.h"
#include "web/fcgi_request.h"
#include "web/private/variables.h"
#include "web/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WEB_CARRIER_LATE = -2,
    WEB_CARRIER_HEADERS_MAX = 16 * 1024, /* bytes of an answer's header lines */
};

/* Why a carrier gives a request to its handler. */
enum web_carrier_body {
    WEB_CARRIER_TO_READ, /* the body is still to be read (read) */
    WEB_CARRIER_WHOLE,   /* all of the body is there */
    WEB_CARRIER_TOO_LARGE,
    WEB_CARRIER_SLOW,
    WEB_CARRIER_CROWDED, /* too many bytes are in work in this process */
    WEB_CARRIER_BROKEN,  /* the peer broke off */
};

struct web_carrier {
    /* Reads up to `size` bytes of the body as soon as some have come. Returns 0 at its end, -1 when
     * the peer broke off, WEB_CARRIER_LATE when nothing came until `deadline` (monotonic ms; a past
     * one means: don't wait). NULL: the carrier collects the body (struct request, body). */
    ssize_t (*read)(struct request *request, char *to, size_t size, int64_t deadline);
    /* Writes the answer: its head, then its body. Takes the bytes of both. */
    void (*write)(struct request *request, struct buf *head, struct buf *body);
    /* Ends the answer and frees the request. If the peer still sends a body, its bytes are read and
     * dropped for a moment: closing the connection over unread bytes could lose the answer. */
    void (*finish)(struct request *request);
    /* Frees the request but not its connection. NULL: this carrier can't detach requests. */
    struct fcgi_request (*detach)(struct request *request);
    /* The descriptor of the connection to the web server. NULL: there is none. */
    int (*connection)(const struct request *request);
    /* Writes a line to the web server's error log. NULL: stderr goes there. */
    void (*log)(struct request *request, const char *line);
};

/* A handler asks for some 20 variables, of which most are absent. */
enum { WEB_CARRIER_BUCKETS = 64 };

struct request {
    const struct web_carrier *carrier;
    struct variable *variables; /* owned; what they point to is the carrier's */
    size_t variable_count;
    uint32_t buckets[WEB_CARRIER_BUCKETS]; /* index + 1 of the first variable of each; 0: none */
    char **settings;                       /* of request_settings; NULL: not asked for yet, or none */
    bool settings_sought;
    enum request_method method;
    char client[ADDRESS_TEXT]; /* "": REMOTE_ADDR itself */
    struct buf common;         /* header lines that every answer gets */
    struct form query;
    bool query_parsed;
    bool body_ended; /* nothing more of the request will come */
    enum web_carrier_body body_state;
    struct buf body; /* what the carrier has collected */
    size_t counted;  /* bytes of the budget that its body takes */
};

/* A carrier calls the first for a new request, which is all zeros, and the second when it frees
 * one. Takes `variables`, an array on the heap. */
void web_carrier_init(struct request *request, const struct web_carrier *carrier, struct variable *variables,
                      size_t count);
void web_carrier_fini(struct request *request);

/* An array of variables, which the caller frees, from NAME=VALUE with NULL at the end. It borrows
 * their texts. */
struct variable *web_carrier_variables(const char *const *environment, size_t *count);

#endif
