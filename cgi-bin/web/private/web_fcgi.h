/* web_fcgi.h - requests that come by FastCGI, and the socket that they come to.
 *
 * The connection is closed when its request is answered, even if the peer asked to keep it
 * (FCGI_KEEP_CONN): servers then open a new one. The program reads and writes the records itself
 * (fcgi_reader.h, fcgi_request.h). libfcgi would block on a slow peer, take a thread for each
 * connection, and allocate what a length field of up to 2^31 asks for, which ends the process
 * (CVE-2025-23016). It would also cost more than all the rest of a short request: a poll with
 * nothing new costs less here than a program that answers a constant through libfcgi (tests/bench).
 * Threads: all functions may be called from any thread.
 */
#ifndef WEB_FCGI_H
#define WEB_FCGI_H

#include "web/private/web_carrier.h"

#include <stdbool.h>

struct err;
struct fcgi_reader;
struct request;

enum { WEB_FCGI_LISTENING = 0 }; /* descriptor, by the FastCGI specification, section 2.2 */

/* True when descriptor 0 is a listening socket: the program was started for FastCGI. */
bool web_fcgi_is(void);

/* Prepares the listening socket. Call it once, before there are threads. -1 with ERR_SYSTEM. */
int web_fcgi_init(struct err *e);

/* Refuses further connections, if the listening socket belongs to this process alone, as that of
 * each mod_fcgid process does. What is in the backlog can still be accepted. mod_fcgid then asks
 * another process or starts one; a connection that is left in the backlog of a process that ends
 * would be an error 500 for a visitor. False: the socket may be shared, and stays as it is. */
bool web_fcgi_refuse(void);

/* The next connection, without waiting; -1 with errno: EAGAIN when there is none, another one when
 * the system gives none. */
int web_fcgi_accept(void);

/* A request whose parameters are complete (r is at stage FCGI_READER_BODY or later). Takes the
 * parameters out of r. NULL: they are malformed. The connection stays the caller's until
 * web_fcgi_give. */
struct request *web_fcgi_new(int connection, struct fcgi_reader *r);

/* Frees a request that was never given to a handler. */
void web_fcgi_drop(struct request *request);

/* Makes the request ready for its handler: its body is what r has, in this state; its connection
 * belongs to it from here. */
void web_fcgi_give(struct request *request, struct fcgi_reader *r, enum web_carrier_body state);

#endif
