/* web_cgi.h - plain CGI (RFC 3875): one request by environment, standard input and standard output.
 *
 * Threads: the process has one request, which belongs to one thread at a time.
 */
#ifndef WEB_CGI_H
#define WEB_CGI_H

struct request;

/* The request that this process was started for. Never NULL. Call it once. */
struct request *web_cgi_new(void);

#endif
