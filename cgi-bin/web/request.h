/* request.h - one HTTP request, whichever way it came: by FastCGI or by plain CGI.
 *
 * Receiving, handling and answering are three steps. A carrier (web_fcgi.c, web_cgi.c) makes the
 * request, a handler looks at it, and sooner or later some thread answers it (reply.h), perhaps
 * another one than the thread that read it (detach.h).
 * Both carriers show the same: CGI variables (RFC 3875), a body (body.h), a place to write to.
 * By FastCGI a request is handled only when it has come as a whole, or when it is certain that it
 * never will (private/arrivals.h): no function here waits for a FastCGI peer.
 * What the functions return is borrowed until the request is answered or detached.
 * Knows HTTP; knows neither the chat nor the store.
 * Threads: a request belongs to one thread at a time.
 * To add a carrier (SCGI, say): see private/web_carrier.h.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

struct err;
struct form;
struct request;

/* Bits, so that a number can hold a set of methods. */
enum request_method { REQUEST_GET = 1, REQUEST_HEAD = 2, REQUEST_POST = 4, REQUEST_OPTIONS = 8, REQUEST_OTHER = 16 };

/* A CGI variable. NULL when it is missing or empty: nginx sets empty variables where other servers
 * set none. */
const char *request_variable(const struct request *request, const char *name);

/* True when there is a variable whose name begins with `prefix`. */
bool request_has_variable_like(const struct request *request, const char *prefix);

/* The settings among the variables (POLLCHAT_...) as NAME=VALUE, in the order in which the server
 * sends them, with NULL at the end. */
const char *const *request_settings(struct request *request);

/* How many variables have this name; *value is that of the last one, unchanged if there is none. */
unsigned request_count_variables(const struct request *request, const char *name, const char **value);

/* The client's address: what a trusted proxy says (forwarded.h), else REMOTE_ADDR. NULL when the
 * web server told none. */
const char *request_client(const struct request *request);

/* Records that a trusted proxy sent the request for this client; copies the address. */
void request_trust_proxy(struct request *request, const char *client);
bool request_has_trusted_proxy(const struct request *request);

enum request_method request_method(const struct request *request);

/* True when the client's URL names the program itself (.../cgi-bin/poll.cgi/plain), false when it
 * is a short address (/chat/plain). Relative addresses in the answer must go up two more folders in
 * the first case. Looks at the URL as the client wrote it, as the browser resolves against that. */
bool request_is_under_program(const struct request *request);

/* The fields of the query string. NULL with ERR_INPUT when it can't be decoded. */
const struct form *request_query(struct request *request, struct err *e);

/* True when the query has format=<format>. With format=text, errors are plain text too. */
bool request_wants(struct request *request, const char *format);
bool request_wants_text(struct request *request);

/* From now on this thread's log lines go to the web server's error log by way of this request,
 * until it is answered or detached, or until the next call. NULL: to stderr. A thread that gives a
 * request to another thread calls it with NULL before. */
void request_log_here(struct request *request);

#endif
