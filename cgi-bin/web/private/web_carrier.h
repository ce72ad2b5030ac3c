/* web_carrier.h - what a carrier gives to request.c. Private to web*.c.
 *
 * A carrier's exchange begins with struct request and is allocated as a whole with ck_calloc.
 */
#ifndef WEB_CARRIER_H
#define WEB_CARRIER_H

#include "base/address.h"
#include "chat/form.h"
#include "web/request.h"

#include <sys/types.h>

enum { WEB_CARRIER_LATE = -2 };

struct web_carrier {
    /* Up to `size` bytes of the body, as soon as there are some; 0 at its end, -1 when the peer
     * broke off, WEB_CARRIER_LATE when nothing came until `deadline` (monotonic ms; one in the past:
     * without waiting). */
    ssize_t (*read)(struct request *x, char *to, size_t size, int64_t deadline);
    /* All bytes, or -1 when the peer has gone. */
    int (*write)(struct request *x, const char *bytes, size_t length);
    /* Flushes, ends the answer, frees the exchange. If the peer still sends a body, its bytes are
     * dropped for a moment: closing the connection over unread bytes could lose the answer. */
    void (*finish)(struct request *x);
    /* Frees the exchange but its connection. NULL: this carrier can't. */
    struct fcgi_request (*hold)(struct request *x);
    /* The descriptor of the connection to the web server. NULL: there is none. */
    int (*connection)(const struct request *x);
    bool body_has_end; /* read() finds the end without a Content-Length */
};

struct request {
    const struct web_carrier *carrier;
    const char *const *environment;
    char client[ADDRESS_TEXT]; /* "": REMOTE_ADDR itself */
    struct buf common;         /* header lines of every answer */
    struct form query;
    bool query_parsed;
    bool body_ended; /* all of the body has been read */
    size_t counted;  /* bytes of the budget that its body takes */
};

/* To be called by a carrier for a new exchange, and in its finish(). */
void web_carrier_init(struct request *x, const struct web_carrier *carrier, const char *const *environment);
void web_carrier_fini(struct request *x);

#endif
