/* route.h - which handler a request is for.
 *
 * A program has a table of routes. The name is the first segment of PATH_INFO if there is one, else the last segment
 * of SCRIPT_NAME without its extension: /poll, /cgi-bin/poll, /chat/poll.fcgi and /cgi-bin/poll.cgi/poll are
 * all "poll", so a site's address scheme is the web server's business alone.
 */
#ifndef ROUTE_H
#define ROUTE_H

struct request;

struct route {
    const char *name;
    unsigned methods;                                 /* set of enum request_method; OPTIONS is always there */
    void (*handle)(struct request *x, void *context); /* takes x */
};

/* Takes x. Answers OPTIONS, 404 and 405 itself. The table ends with a NULL name. */
void route_dispatch(const struct route *routes, struct request *x, void *context);

#endif
