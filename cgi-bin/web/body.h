/* body.h - the body of a request, within limits of size, time and memory.
 *
 * By FastCGI it has been collected before the request's handler was called (arrivals.h), so that
 * no thread waits for a slow client; by plain CGI it is read now.
 * Threads: a request belongs to one thread at a time.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>

struct buf;
struct err;
struct request;

/* Reads the body to its end into *into, which is empty; its limit is the longest
 * body that is allowed. On -1:
 *   ERR_TOO_LARGE  the body is longer than the limit; with a Content-Length this is known before a
 *                  byte is read
 *   ERR_SLOW       it took longer than 20 s plus its length at 16 kB/s
 *   ERR_CROWDED    too many bytes are in work in this process (budget.h)
 *   ERR_INPUT      fewer bytes came than announced, or Content-Length is no number */
int body_read(struct request *request, struct buf *into, struct err *e);

/* Plain CGI: reads and drops what is left of the body, for at most two seconds, so that the client,
 * which may still be sending, gets the answer. A request by FastCGI is left as it is: there
 * answer_writer.h does the same without a thread. */
void body_skip(struct request *request);

#endif
