/* waiting.h - lets requests wait for news, where and as long as there is room for them.
 *
 * What a waiting request keeps busy depends on how requests come to the process (server_kind.h),
 * and so does how many may wait: a share of the web server's connections or workers (allowance.h),
 * or a few processes (process_slots.h). A request that finds no room is answered at once, and its
 * client is told when to ask again (poll_after.h).
 * FastCGI: the request is detached from its thread and waits in a park (park.h). Plain CGI: the
 * process waits itself (wait_cgi.h).
 * Threads: any.
 */
#ifndef WAITING_H
#define WAITING_H

#include "wait/news.h"

#include <stdbool.h>

struct allowance;
struct conf;
struct query;
struct reply;
struct request;
struct site;
struct waiting;

/* never NULL */
struct waiting *waiting_new(struct site *site, bool fastcgi, const struct news *news);

/* Only where no request ever waited in a park (plain CGI): a park ends with its process. NULL is
 * fine. */
void waiting_free(struct waiting *w);

/* A request has come to this process. conf: NULL if the settings are wrong. The first call of a
 * FastCGI process starts the thread that watches for news. */
void waiting_arrived(struct waiting *w, const struct request *request, const struct conf *conf);

/* FastCGI, to be asked about once a second by one thread: this process is one more than the site
 * needs, and idle, so it shall end (surplus.h). */
bool waiting_is_surplus(struct waiting *w);

/* Each request costs a process: plain CGI, or mod_fcgid as far as the last request told. */
bool waiting_costs_a_process(const struct waiting *w);

/* Fills *out with how many requests may wait behind the server that request comes from, and why. */
void waiting_allowance(const struct waiting *w, const struct request *request, const struct conf *conf,
                       struct allowance *out);

/* A poll like request, sent now, would find room to wait. */
bool waiting_has_room(struct waiting *w, const struct request *request, const struct conf *conf);

/* FastCGI: takes request, a poll whose query q (without `now`) has nothing new, and lets it wait.
 * q->wait may become less. False: request stays the caller's, as it can't wait, or as there is no
 * room. */
bool waiting_take(struct waiting *w, struct request *request, struct query *q, const struct conf *conf);

/* Output for request reaches the client when it is written, as far as can be told from here. Not by
 * plain CGI, where a stream would cost a process for minutes, nor by mod_fcgid, which keeps back 64
 * KiB. */
bool waiting_can_stream(const struct waiting *w, struct request *request);

/* Takes request, a stream: sends it `opening` and then what is newer than q (q->stream), for so
 * many seconds. False: there is no room; request stays the caller's. */
bool waiting_stream(struct waiting *w, struct request *request, const struct query *q, const struct reply *opening,
                    unsigned seconds, const struct conf *conf);

/* Answers all requests that wait; from here on no request can wait. */
void waiting_stop(struct waiting *w);

#endif
