/* handler.h - what the handlers of all routes begin with.
 *
 * A handler has the form that route.h asks for: void get_x(struct request *request, void *program).
 * It answers the request or lets it wait; either way the request is gone when it returns.
 * To add a route:
 *   1. write its handler in routes/get_x.c (or post_x.c) and declare it in get_x.h;
 *   2. let it begin with handler_begin, which counts the request and finds its settings and query
 *      (or with handler_conf, if it refuses some clients whatever they ask);
 *   3. add a row to the table in poll.c (reads) or send.c (writes), with the least role that may
 *      use it; handler_dispatch enforces it from moderator on, since a lower one depends on the
 *      room (caller_may_read);
 *   4. name it in the web servers' configurations and in www/API.md: tests/lint/run routes says
 *      where it is missing.
 * Threads: any.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include "chat/metrics.h"
#include "routes/caller.h"

struct conf;
struct err;
struct form;
struct request;
struct route;
struct site;

/* What a handler needs from the beginning. */
struct handler_input {
    const struct conf *conf; /* the settings, borrowed for the life of the site */
    /* of the query, borrowed until the request is answered or detached */
    const struct form *fields;
    struct caller caller; /* who asks */
};

/* Counts the request and finds its settings, borrowed for the life of the site. NULL: ERR_CONFIG or
 * ERR_EXPOSED, as site_conf says. For a handler that checks something before it reads the query. */
const struct conf *handler_conf(struct site *site, struct request *request, enum metrics_counter counter,
                                struct err *e);

/* The same, counts the request for the limits of its client (limiter.h), and finds the fields and
 * the caller. -1: as handler_conf; ERR_RATE; ERR_INPUT when the query can't be decoded; or as
 * caller_take. handler_end must follow in all cases. */
int handler_begin(struct handler_input *in, struct site *site, struct request *request, enum metrics_counter counter,
                  struct err *e);

void handler_end(struct handler_input *in);

/* For the function of a program that serve() calls: finds out who the client is (forwarded.h), adds
 * the CORS headers, refuses who may not use the route at all (route.h, need; and bad tokens on
 * every route), and calls the route's handler. conf: from site_conf; NULL when there are no
 * settings, which the handler then reports. Takes the request. */
void handler_dispatch(const struct route *routes, struct request *request, struct site *site, const struct conf *conf,
                      void *program);

/* From now on the answers of this process are counted among those of the site. Call it before there
 * are threads. */
void handler_count_answers(struct site *site);

#endif
