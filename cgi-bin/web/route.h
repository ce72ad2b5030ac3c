/* route.h - which handler a request is for.
 *
 * A program has a table of routes. A request's route is the first segment of PATH_INFO if there is
 * one, else the last segment of SCRIPT_NAME without its extension: /poll, /cgi-bin/poll,
 * /chat/poll.fcgi and /cgi-bin/poll.cgi/poll all name "poll". So the programs need not know under
 * which addresses the web server offers them. A row whose name begins with a slash is below the
 * program's own name: "/act" in send.c is /send/act. Every configuration passes on such addresses
 * already. A row without a handler reserves a name, which is answered with 404. The web servers'
 * configurations pass such requests to the program already, so that a later version that has the
 * route needs no new configuration.
 * Threads: any.
 * To add a route: see routes/handler.h.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "chat/chat.h"

struct err;
struct request;

struct route {
    const char *name;
    /* set of enum request_method; OPTIONS is always allowed */
    unsigned methods;
    /* The least role for which the route does anything. Which role a room asks for, and a single
     * act of /act, the handler decides. */
    enum chat_role need;
    /* takes the request; NULL: the name is reserved */
    void (*handle)(struct request *request, void *context);
};

/* Asks whether a client may use a route: 0, or -1 with the reason, which the client gets. */
struct route_gate {
    int (*allow)(void *context, struct request *request, const struct route *route, struct err *e);
    void *context;
};

/* Calls the handler of the request's route if the gate allows it. Takes the request. Answers
 * OPTIONS, 404 and 405 itself. The table ends with a NULL name. gate: NULL allows all. */
void route_dispatch(const struct route *routes, struct request *request, const struct route_gate *gate, void *context);

#endif
