/* web_fcgi.h - FastCGI through libfcgi: the only file that knows that library, and hides its
 * habits.
 *
 * libfcgi would accept connections by itself, install signal handlers, wait two seconds in close,
 * and read a silent peer's request without end. So this module accepts the connection and reads
 * from it (intake.h); libfcgi decodes the parameters and writes the error stream. The connection is
 * closed when its request is answered, even if the peer asked to keep it (FCGI_KEEP_CONN): servers
 * then open a new one.
 * Threads: all functions may be called from any thread.
 */
#ifndef WEB_FCGI_H
#define WEB_FCGI_H

#include <stdbool.h>

struct err;
struct request;

/* True when descriptor 0 is a listening socket: the program was started for FastCGI. */
bool web_fcgi_is(void);

/* Prepares the library and the listening socket. Call it once, before there are threads. -1 with
 * ERR_SYSTEM. */
int web_fcgi_init(struct err *e);

/* Refuses further connections, if the listening socket belongs to this process alone, as that of
 * each mod_fcgid process does. What is in the backlog can still be accepted. mod_fcgid then asks
 * another process or starts one; a connection that is left in the backlog of a process that ends
 * would be an error 500 for a visitor. A socket that may be shared stays as it is. */
void web_fcgi_refuse(void);

/* Waits for the next connection and returns its descriptor. After `stop_fd` has become readable it
 * takes what is in the backlog, then returns -1. The caller must see to it that only one thread is
 * in here at a time: others would wake up for nothing. */
int web_fcgi_accept(int stop_fd);

/* Returns the next connection that is already there, without waiting; -1 when there is none or no
 * room for it now. One thread at a time, as above. */
int web_fcgi_accept_more(void);

/* Reads a request's parameters from the connection. Takes the connection. NULL when the peer broke
 * off, was silent for too long or spoke no FastCGI; the connection is closed then. */
struct request *web_fcgi_read(int connection);

#endif
