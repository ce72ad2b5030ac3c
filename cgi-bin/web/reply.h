/* reply.h - the answer to a request: status, headers, body; and answers that tell of an error.
 *
 * A handler fills a struct reply and sends it, which ends the request. An answer that is written to
 * many requests later (detach.h) is rendered into a buffer instead.
 * Threads: a reply belongs to one thread; reply_count may be called from any.
 */
#ifndef REPLY_H
#define REPLY_H

#include "base/buf.h"

#include <stdbool.h>

struct err;
struct request;

struct reply {
    int status;
    bool own_caching;   /* Cache-Control was set; otherwise "no-store" is sent */
    const char *policy; /* Content-Security-Policy of a page that is shown; borrowed. NULL: the answer is data, which
                           no frame may show */
    /* the length of the body that GET would get is unknown, so HEAD gets no Content-Length */
    bool endless;
    struct buf headers; /* whole lines; see reply_header */
    struct buf body;
};

void reply_init(struct reply *r, int status);
void reply_fini(struct reply *r);

/* Adds a header line. The program must have made or checked name and value: CK fails on a line
 * break in them. */
void reply_header(struct reply *r, const char *name, const char *value);
/* The same with a value that printf makes. */
void reply_headerf(struct reply *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for every answer that this request may get, errors included (CORS needs that). */
void reply_common_header(struct request *request, const char *name, const char *value);

/* Sends the reply and ends the request. Takes the request and the bytes of the body; r stays the
 * caller's. Adds the security headers, Content-Length and, unless own_caching, no-store. Sends no
 * body to HEAD, nor with 204 and 304. A peer that has gone is no error. */
void reply_send(struct request *request, struct reply *r);

/* Fills *r (initialised) with the problem: status, headers, body. epoch may be NULL. The texts of
 * ERR_SYSTEM and ERR_CONFIG are logged and not sent. */
void reply_problem(struct reply *r, const struct err *e, bool as_text, const char *epoch);

/* The same without Content-Type and body, for a caller that writes a page instead. */
void reply_problem_head(struct reply *r, const struct err *e);

/* Answers with the problem, as JSON or as plain text if the query asks for text. Takes the request.
 * headers (may be NULL): further header lines such as Allow. epoch may be NULL. */
void reply_send_problem(struct request *request, const struct err *e, const char *epoch, const struct buf *headers);

/* From now on count(context, status) is called for each answer of this process, from any thread.
 * Call it before there are threads. */
void reply_counter(void (*count)(void *context, int status), void *context);

/* Counts an answer that isn't sent by reply_send. */
void reply_count(int status);

/* Adds status and headers to *head, in the form that goes to the web server, and moves the body to
 * *body, which is empty. common: the lines of detach_headers. */
void reply_render(struct buf *head, struct buf *body, struct reply *r, const char *common);

/* Adds status, headers and the beginning of a body whose length is unknown. */
void reply_render_opening(struct buf *out, const struct reply *r, const char *common);

#endif
