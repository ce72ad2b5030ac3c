/* poll_after.h - when should a client ask again whose request can't wait?
 *
 * Threads: any.
 */
#ifndef POLL_AFTER_H
#define POLL_AFTER_H

struct conf;
struct request;
struct waiting;

/* In how many seconds the client of the request should ask again. It is the setting poll_after, or
 * more when all such clients together would ask too often: more often than the setting poll_rate,
 * or, where one process answers many requests, so often that the web server would run short of
 * connections. */
unsigned poll_after_seconds(struct waiting *w, const struct request *request, const struct conf *conf);

#endif
