/* get_poll.h - GET /poll: one answer, at once or when there is news.
 *
 * Threads: get_poll from any; get_poll_render from that of park.c.
 */
#ifndef GET_POLL_H
#define GET_POLL_H

#include <stdbool.h>

struct query;
struct request;
struct reply;

void get_poll(struct request *request, void *program); /* a handler of route.h */

/* The answer to a poll that waits, as things are now. See `render` in news.h. */
int get_poll_render(void *program, const struct query *q, bool final, struct reply *r);

#endif
