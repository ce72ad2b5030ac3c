/* waiting.h - whether a request is held, how, and at whose cost.
 *
 * Three kinds of carrier, recognised while running:
 *   - a FastCGI process that gets many requests at once (lighttpd, nginx): a waiting one costs some 100 bytes and a descriptor
 *   - the same behind Apache's mod_proxy_fcgi: it costs one of Apache's workers besides
 *   - a process that gets one request at a time (mod_fcgid) or only one at all (plain CGI): it costs the process
 * mod_fcgid can't be told by anything it says. So where the server is none of those that are known to send many, a process counts
 * as one of the last kind until a second request arrives while one is waiting, which mod_fcgid never lets happen.
 * Where a wait costs a process, places are counted over the whole site, in the bell's file.
 * Threads: any.
 */
#ifndef WAITING_H
#define WAITING_H

#include "system/conf.h"
#include "wait/news.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct allowance;
struct query;
struct reply;
struct site;
struct waiting;
struct request;

struct waiting *waiting_new(struct site *site, bool fastcgi, const struct news *news); /* never NULL */

/* Only where nothing was ever taken (plain CGI): a park ends with its process. NULL is fine. */
void waiting_free(struct waiting *w);

/* A request has come to this process; conf: NULL if the settings are wrong. The first one starts who watches for news. */
void waiting_arrived(struct waiting *w, const struct request *x, const struct conf *conf);

/* FastCGI, to be asked every second by one thread: this process is one more than the site needs, and idle, so it shall leave. Where
 * a request takes a process a burst of them makes many, which mod_fcgid keeps for minutes or for ever; on a host with a limit they
 * would be missing for those who send. */
bool waiting_is_surplus(struct waiting *w);

/* Somebody in this process watches for commits that ring nowhere, so what the bell knows may be trusted. */
bool waiting_is_watched(const struct waiting *w);

/* FastCGI: takes x, whose query q (without `now`) has nothing new, and holds it. q->wait may become
 * less. False: x can't be held, for whatever reason. */
bool waiting_take(struct waiting *w, struct request *x, struct query *q, const struct conf *conf);

/* Each request costs a process: under plain CGI, or if the last request did (mod_fcgid). */
bool waiting_costs_a_process(const struct waiting *w);

/* Whether what is written to x gets to the client when it is written, as far as can be told from here. Not by plain CGI, where it
 * would but costs a process for minutes; not by mod_fcgid, which keeps back 64 KiB. */
bool waiting_can_stream(const struct waiting *w, struct request *x);

/* Takes x, sends it opening and then what is newer than q (q->stream). false: there is no place; x is as before. */
bool waiting_stream(struct waiting *w, struct request *x, const struct query *q, const struct reply *opening,
                    const struct conf *conf);

/* Plain CGI: a place for this process to wait in. -1: none is free, or nobody could ring. Then, with the token: sleeps until
 * something may be new or the time is up; returns at once for what rang since begin or the last sleep, and within half a second for what
 * was written without a ring. false: whoever started this process has gone, so the server stops and waits for it, or the others ring
 * elsewhere by now: look once more and answer. */
int waiting_begin(struct waiting *w, const struct request *x, unsigned seconds, const struct conf *conf);
bool waiting_sleep(struct waiting *w, int timeout_ms);
void waiting_end(struct waiting *w, int token);

/* Whether one who is answered now, and asks at once again, may hope to be held. */
bool waiting_has_place(struct waiting *w, const struct request *x, const struct conf *conf);

/* Fills *out with how many requests may wait behind the server that x comes from, and why. */
void waiting_allowance(const struct waiting *w, const struct request *x, const struct conf *conf,
                       struct allowance *out);

/* In how many seconds a client should ask again that wanted to wait and was not held. It is
 * conf->poll_after, or more when all such clients together would ask too often: more often than
 * poll_rate, or, where one process answers many, so often that the web server would run short of
 * connections. */
unsigned waiting_poll_after(struct waiting *w, const struct request *x, const struct conf *conf);

/* Answers all who are held. */
void waiting_stop(struct waiting *w);

#endif
