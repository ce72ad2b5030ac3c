/* get_stream.h - GET /stream: messages as they are stored, in an answer without an end.
 *
 * As server-sent events, or with format=ndjson or text as lines for scripts. It sends something at
 * once, so that a client notices if a server on the way holds the answer back. It ends after
 * max_stream seconds, and the client continues where it was. Refused with a problem (503) where an
 * answer can't flow (plain CGI, mod_fcgid) and when too many requests wait.
 * Threads: get_stream from any; the others from that of park.c.
 */
#ifndef GET_STREAM_H
#define GET_STREAM_H

#include "wait/news.h"

struct request;

void get_stream(struct request *request, void *program); /* a handler of route.h */

/* See `events` and `heartbeat` in news.h. */
enum news_found get_stream_events(void *program, struct query *q, struct buf *out);
void get_stream_heartbeat(void *program, const struct query *q, struct buf *out);

#endif
