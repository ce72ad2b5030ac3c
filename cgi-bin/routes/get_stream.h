/* get_stream.h - GET /stream: messages as they come, in an answer without an end.
 *
 * As server-sent events, or with format=ndjson or text as lines for scripts. It begins with a sign of life at once, so
 * that a client notices when something on the way holds it back; it ends by itself after max_stream seconds, and the client
 * goes on where it was. Refused with a problem (503) where it can't flow (plain CGI, mod_fcgid) and when too many wait.
 * Threads: get_stream from any; the others from park's.
 */
#ifndef GET_STREAM_H
#define GET_STREAM_H

#include "wait/news.h"

struct request;

void get_stream(struct request *x, void *program); /* a handler of route.h */

/* See news.h, events and heartbeat. */
enum news_found get_stream_events(void *program, struct query *q, struct buf *out);
void get_stream_heartbeat(void *program, const struct query *q, struct buf *out);

#endif
