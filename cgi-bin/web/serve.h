/* serve.h - the life of a program: one request by CGI, or many by FastCGI until it is told to stop.
 *
 * FastCGI: one thread takes the requests that have come as a whole (arrivals.h) and handles them. A
 * handler that is about to block says so (blocking.h). If it does for long, another thread goes on
 * with the next requests (crew.h). The main thread receives all signals, so that none interrupts a
 * write. TERM, USR1, INT and HUP stop the program: it still accepts what is in the backlog (under
 * mod_fcgid nothing new comes there: web_fcgi_refuse) and finishes the requests in work. After at
 * most 1.5 s the process ends in any case. A request that was not finished then gets no answer, and
 * nothing of it was acknowledged as stored. The program also stops when its own file has been
 * replaced or its settings have changed: a web server that identifies programs by inode would
 * otherwise keep processes of the old version beside the new ones for hours. And it stops when
 * is_surplus says that it is one process too many.
 * CGI: signals keep their default, which ends the process at once; the store rolls back.
 * Threads: serve() is for the main thread, before there are others.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct request;

struct serve {
    /* takes the request; called from many threads */
    void (*handle)(struct request *request, void *context);
    /* The longest body that the handler of this request reads; 0: none. Called before the body is
     * there. Must not take long: no other request is read meanwhile. FastCGI only. */
    size_t (*body_limit)(struct request *request, void *context);
    /* Called when the program stops: answers the requests that wait without a thread. May be
     * NULL. */
    void (*stop)(void *context);
    /* Called after stop, when no more requests are handled: answers those that are with other
     * threads still. May be NULL. */
    void (*drain)(void *context);
    /* Asked every second by the main thread; true stops the program. May be NULL. */
    bool (*is_surplus)(void *context);
    void *context;
    unsigned threads; /* most threads that handle requests (FastCGI) */
};

/* True when the process was started for FastCGI. Call before serve(). */
bool serve_is_fastcgi(void);

/* Becomes true when the process must end; waits that may take long watch it. */
const atomic_bool *serve_stopping(void);

/* Returns the exit status: 0 when told to stop, 1 when it could not start (logged). */
int serve(const struct serve *s);

#endif
