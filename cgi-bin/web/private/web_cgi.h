/* web_cgi.h - plain CGI (RFC 3875): one request by environment, standard input and output. */
#ifndef WEB_CGI_H
#define WEB_CGI_H

struct request;

/* The request this process was started for. Never NULL. Call once. */
struct request *web_cgi_new(void);

#endif
