/* wait_cgi.h - plain CGI: the process waits itself, with the one request that it has.
 *
 * The process sleeps on the bell, and is counted among the processes that wait (slots.h).
 * Threads: the process has one.
 */
#ifndef WAIT_CGI_H
#define WAIT_CGI_H

#include <stdbool.h>

struct conf;
struct request;
struct wait_cgi;
struct waiting;

/* Takes a slot for this process to wait in, for so many seconds at most. NULL: this isn't plain
 * CGI, no slot is free, or there is no bell. Look for news once more after this call. */
struct wait_cgi *wait_cgi_begin(struct waiting *w, const struct request *request, unsigned seconds,
                                const struct conf *conf);

/* Sleeps until there may be news, or the time is over. Returns at once for what rang since the last
 * call or wait_cgi_begin, and within half a second for a commit that didn't ring. False: look once
 * more and answer, because the process that started this one has gone (the server stops and waits
 * for it), or because the others ring another bell now. */
bool wait_cgi_sleep(struct wait_cgi *c, int timeout_ms);

/* Releases the slot and frees c. */
void wait_cgi_end(struct wait_cgi *c);

#endif
