/* request.h - one HTTP request and its answer, whichever way it came: FastCGI or plain CGI.
 *
 * Accepting, handling and answering are three steps: a carrier (web_fcgi.h, web_cgi.h) makes an exchange, a handler looks at
 * it and at some time, from any thread, somebody answers it. Nothing here assumes that this happens
 * where or when the request was read.
 * Both carriers show the same thing: CGI variables (RFC 3875), a body, a place to write to.
 * Knows HTTP; knows no chat, no store.
 * Threads: an exchange belongs to one thread at a time.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "base/buf.h"
#include "web/fcgi_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct form;
struct request;

enum request_method {
    REQUEST_GET = 1,
    REQUEST_HEAD = 2,
    REQUEST_POST = 4,
    REQUEST_OPTIONS = 8,
    REQUEST_OTHER = 16
}; /* bits, for sets */

/* ---- the request; everything is borrowed until the exchange is answered ---- */

/* A CGI variable. NULL when it is missing or empty (nginx sends empty ones where others send none). */
const char *request_variable(const struct request *x, const char *name);
bool request_has_variable_like(const struct request *x, const char *prefix); /* some name begins so */
const char *const *request_environment(const struct request *x); /* all of them, NAME=VALUE, NULL at the end */

/* The address of who asks: REMOTE_ADDR, or whom a trusted proxy asks for (forwarded.h). NULL: nobody knows. */
const char *request_client(const struct request *x);
void request_trust_proxy(struct request *x, const char *client); /* it came by one, for that client; copied */
bool request_has_trusted_proxy(const struct request *x);

enum request_method request_method(const struct request *x);

/* Asked for by the path of a program itself, .../cgi-bin/poll.cgi/plain, and not by a short address: so a relative address in the answer
 * starts two folders further down. As the client wrote it, which is what his browser goes by. */
bool request_is_under_program(const struct request *x);

/* The fields of the query string. NULL with ERR_INPUT when it can't be decoded. */
const struct form *request_query(struct request *x, struct err *e);

/* format=<format> stands in the query. With format=text errors are plain text. */
bool request_wants(struct request *x, const char *format);
bool request_wants_text(struct request *x);

/* Reads the body to its end into *into (initialised; its limit is the greatest body). ERR_TOO_LARGE
 * past the limit: with a Content-Length before a byte is read. ERR_SLOW when it takes longer than
 * 20 s plus its length at 16 kB/s. ERR_CROWDED when too much is in work (budget.h). ERR_INPUT for
 * fewer bytes than announced and for a bad length. */
int body_read(struct request *x, struct buf *into, struct err *e);

/* ---- the answer ---- */

struct reply {
    int status;
    bool own_caching; /* Cache-Control was set; otherwise it is no-store */
    const char
        *policy;  /* Content-Security-Policy of a page to be shown; borrowed. NULL: it is data, for nobody's frame */
    bool endless; /* nobody knows the length of the body that GET would get: HEAD isn't told one */
    struct buf headers; /* whole lines; see reply_header */
    struct buf body;
};

void reply_init(struct reply *r, int status);
void reply_fini(struct reply *r);

/* Adds a header line. name and value are ours, never a client's bytes as they came: CK fails on a line break in them. */
void reply_header(struct reply *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for whatever answer this exchange gets, an error included (CORS needs that). */
void reply_common_header(struct request *x, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sends the reply and ends the exchange; x is gone afterwards. Takes x, not r. Adds the security headers, Content-Length,
 * no-store; sends no body to HEAD, nor with 204 and 304. A peer that has gone is no error. */
void reply_send(struct request *x, struct reply *r);

/* Fills *r (initialised) with a problem. Details of ERR_SYSTEM and ERR_CONFIG are logged, not told. epoch may be NULL. */
void reply_problem(struct reply *r, const struct err *e, bool as_text, const char *epoch);

/* The same without its body and type, for who makes another one of it. */
void reply_problem_head(struct reply *r, const struct err *e);

/* Answers with problem+json, or plain text if it was asked for. Takes x. Details of ERR_SYSTEM and ERR_CONFIG are logged.
 * headers (may be NULL): further header lines such as Allow. epoch (may be NULL) goes into the problem. */
void reply_send_problem(struct request *x, const struct err *e, const char *epoch, const struct buf *headers);

/* Calls count(context, status) for each answer of this process from now on, from whichever thread. Call before there are threads. */
void reply_counter(void (*count)(void *context, int status), void *context);
void reply_count(int status); /* for who answers without reply_send */

/* ---- holding: an answer later, from a thread that serves many ---- */

/* True: x can be held without a thread, as its carrier keeps a descriptor only (FastCGI). Reads the
 * rest of a body that comes with x; false if that takes longer than two seconds. */
bool detach_is_possible(struct request *x);

/* The descriptor of the connection to the web server, borrowed until x is answered or held. -1:
 * there is none (plain CGI). */
int detach_connection(const struct request *x);

/* Frees x but its connection, which is the caller's now. detach_is_possible must be true. Takes x. */
struct fcgi_request detach_request(struct request *x);

/* The header lines that this exchange's answer would get beside its own (CORS). Borrowed until it is answered or held. */
const char *detach_headers(const struct request *x);

/* Adds the reply as it goes to the web server: status, headers, body. common: of detach_headers. */
void reply_render(struct buf *out, const struct reply *r, const char *common);

/* The same for the beginning of a body that has no known end. */
void reply_render_opening(struct buf *out, const struct reply *r, const char *common);

#endif
