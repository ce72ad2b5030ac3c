/* web.h - one HTTP request and its answer, whichever way it came: FastCGI or plain CGI.
 *
 * Accepting, handling and answering are three steps: a carrier (web_fcgi.h, web_cgi.h) makes an exchange, a handler looks at
 * it and at some time, from any thread, somebody answers it. Nothing here assumes that this happens
 * where or when the request was read.
 * Both carriers show the same thing: CGI variables (RFC 3875), a body, a place to write to.
 * Knows HTTP; knows no chat, no store.
 * Threads: an exchange belongs to one thread at a time.
 */
#ifndef WEB_H
#define WEB_H

#include "base/buf.h"
#include "web/fcgi_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct form;
struct web_exchange;

enum web_method { WEB_GET = 1, WEB_HEAD = 2, WEB_POST = 4, WEB_OPTIONS = 8, WEB_OTHER = 16 }; /* bits, for sets */

/* ---- the request; everything is borrowed until the exchange is answered ---- */

/* A CGI variable. NULL when it is missing or empty (nginx sends empty ones where others send none). */
const char *web_variable(const struct web_exchange *x, const char *name);
bool web_has_variable_like(const struct web_exchange *x, const char *prefix); /* some name begins so */
const char *const *web_environment(const struct web_exchange *x); /* all of them, NAME=VALUE, NULL at the end */

/* The address of who asks: REMOTE_ADDR, or whom a trusted proxy asks for (forwarded.h). NULL: nobody knows. */
const char *web_client(const struct web_exchange *x);
void web_trust_proxy(struct web_exchange *x, const char *client); /* it came by one, for that client; copied */
bool web_has_trusted_proxy(const struct web_exchange *x);

enum web_method web_method(const struct web_exchange *x);

/* Asked for by the path of a program itself, .../cgi-bin/poll.cgi/plain, and not by a short address: so a relative address in the answer
 * starts two folders further down. As the client wrote it, which is what his browser goes by. */
bool web_is_under_program(const struct web_exchange *x);

/* The fields of the query string. NULL with ERR_INPUT when it can't be decoded. */
const struct form *web_query(struct web_exchange *x, struct err *e);

/* format=<format> stands in the query. With format=text errors are plain text. */
bool web_wants(struct web_exchange *x, const char *format);
bool web_wants_text(struct web_exchange *x);

/* Reads the body to its end into *into (initialised; its limit is the greatest body). ERR_TOO_LARGE
 * past the limit: with a Content-Length before a byte is read. ERR_SLOW when it takes longer than
 * 20 s plus its length at 16 kB/s. ERR_CROWDED when too much is in work (budget.h). ERR_INPUT for
 * fewer bytes than announced and for a bad length. */
int web_read_body(struct web_exchange *x, struct buf *into, struct err *e);

/* ---- the answer ---- */

struct web_reply {
    int status;
    bool own_caching; /* Cache-Control was set; otherwise it is no-store */
    const char
        *policy;  /* Content-Security-Policy of a page to be shown; borrowed. NULL: it is data, for nobody's frame */
    bool endless; /* nobody knows the length of the body that GET would get: HEAD isn't told one */
    struct buf headers; /* whole lines; see web_header */
    struct buf body;
};

void web_reply_init(struct web_reply *r, int status);
void web_reply_fini(struct web_reply *r);

/* Adds a header line. name and value are ours, never a client's bytes as they came: CK fails on a line break in them. */
void web_header(struct web_reply *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for whatever answer this exchange gets, an error included (CORS needs that). */
void web_common_header(struct web_exchange *x, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sends the reply and ends the exchange; x is gone afterwards. Takes x, not r. Adds the security headers, Content-Length,
 * no-store; sends no body to HEAD, nor with 204 and 304. A peer that has gone is no error. */
void web_answer(struct web_exchange *x, struct web_reply *r);

/* Fills *r (initialised) with a problem. Details of ERR_SYSTEM and ERR_CONFIG are logged, not told. epoch may be NULL. */
void web_problem(struct web_reply *r, const struct err *e, bool as_text, const char *epoch);

/* The same without its body and type, for who makes another one of it. */
void web_problem_head(struct web_reply *r, const struct err *e);

/* Answers with problem+json, or plain text if it was asked for. Takes x. Details of ERR_SYSTEM and ERR_CONFIG are logged.
 * headers (may be NULL): further header lines such as Allow. epoch (may be NULL) goes into the problem. */
void web_answer_problem(struct web_exchange *x, const struct err *e, const char *epoch, const struct buf *headers);

/* Calls count(context, status) for each answer of this process from now on, from whichever thread. Call before there are threads. */
void web_count_answers(void (*count)(void *context, int status), void *context);
void web_answered(int status); /* for who answers without web_answer */

/* ---- holding: an answer later, from a thread that serves many ---- */

/* True: x can be held without a thread, as its carrier keeps a descriptor only (FastCGI). Reads the
 * rest of a body that comes with x; false if that takes longer than two seconds. */
bool web_can_be_held(struct web_exchange *x);

/* The descriptor of the connection to the web server, borrowed until x is answered or held. -1:
 * there is none (plain CGI). */
int web_connection(const struct web_exchange *x);

/* Frees x but its connection, which is the caller's now. web_can_be_held must be true. Takes x. */
struct fcgi_request web_hold(struct web_exchange *x);

/* The header lines that this exchange's answer would get beside its own (CORS). Borrowed until it is answered or held. */
const char *web_common_headers(const struct web_exchange *x);

/* Adds the reply as it goes to the web server: status, headers, body. common: of web_common_headers. */
void web_render(struct buf *out, const struct web_reply *r, const char *common);

/* The same for the beginning of a body that has no known end. */
void web_render_opening(struct buf *out, const struct web_reply *r, const char *common);

#endif
