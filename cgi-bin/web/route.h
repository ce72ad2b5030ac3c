/* route.h - which handler a request is for.
 *
 * A program has a table of routes. A request's route is the first segment of PATH_INFO if there is
 * one, else the last segment of SCRIPT_NAME without its extension: /poll, /cgi-bin/poll,
 * /chat/poll.fcgi and /cgi-bin/poll.cgi/poll all name "poll". So the programs need not know under
 * which addresses the web server offers them. A row whose name begins with a slash is below the
 * program's own name: "/act" in send.c is /send/act. Every configuration passes on such addresses
 * already. A row without a handler reserves a name. It is
 * answered with 404. The web servers' configurations pass such requests to the program already, so
 * that a later version that has the route needs no new configuration.
 * Threads: any.
 * To add a route: see routes/handler.h.
 */
#ifndef ROUTE_H
#define ROUTE_H

struct request;

struct route {
    const char *name;
    unsigned methods;                                       /* set of enum request_method; OPTIONS is always allowed */
    void (*handle)(struct request *request, void *context); /* takes the request; NULL: the name is reserved */
};

/* Calls the handler of the request's route. Takes the request. Answers OPTIONS, 404 and 405 itself.
 * The table ends with a NULL name. */
void route_dispatch(const struct route *routes, struct request *request, void *context);

#endif
