/* web_fcgi.h - FastCGI through libfcgi: the one place that knows that library, and hides its
 * habits.
 *
 * libfcgi would accept by itself, install signal handlers, wait two seconds in close, and read a
 * silent peer's request without end. Here the connection is accepted and read by us (intake.h),
 * libfcgi decodes the parameters and writes the error stream, and the connection is closed when its
 * request is answered, whatever the peer asked for (FCGI_KEEP_CONN): servers open a new one then.
 * Threads: all functions may be called from any thread.
 */
#ifndef WEB_FCGI_H
#define WEB_FCGI_H

#include <stdbool.h>

struct err;
struct request;

/* Descriptor 0 is a listening socket: the program was started for FastCGI. */
bool web_fcgi_is(void);

/* Readies the library and the listening socket. Call once, before threads. -1 with ERR_SYSTEM. */
int web_fcgi_init(struct err *e);

/* Where the socket is this process's alone, as each process of mod_fcgid has one: it takes no more from now on; what is in the
 * backlog can still be accepted. Who comes then is refused at once, and mod_fcgid asks another process or starts one, while a
 * connection that stands in the backlog of a process that ends is an error 500 to a visitor. Any socket that isn't plainly its
 * own stays as it is. */
void web_fcgi_refuse(void);

/* Next connection's descriptor. Waits for one; after `stop_fd` has become readable it takes what is in the
 * backlog and then returns -1. Only one thread at a time (the caller's lock): others would wake for nothing. */
int web_fcgi_accept(int stop_fd);

/* One more that is there already, without waiting; -1: there is none, or no room for it now. The caller's lock, as above. */
int web_fcgi_accept_more(void);

/* Reads a request's parameters from the connection, which it takes. NULL when the peer broke off, was silent for
 * too long or spoke no FastCGI; the connection is closed then. */
struct request *web_fcgi_read(int connection);

#endif
