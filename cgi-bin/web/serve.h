/* serve.h - the life of a program: one request by CGI, or many by FastCGI until it is told to stop.
 *
 * FastCGI: worker threads take turns in accepting a connection, then read, handle and answer its
 * request on their own. The main thread receives all signals, so that none interrupts a write.
 * TERM, USR1, INT and HUP stop the program: it still accepts what is in the backlog (under
 * mod_fcgid nothing new comes there: web_fcgi_refuse) and finishes the requests in work. After at
 * most 1.5 s the process ends in any case. A request that was not finished then gets no answer, and
 * nothing of it was acknowledged as stored.
 * The program also stops when its own file has been replaced or its settings have changed: a web
 * server that identifies programs by inode would otherwise keep processes of the old version beside
 * the new ones for hours. And it stops when is_surplus says that it is one process too many.
 * CGI: signals keep their default, which ends the process at once; the store rolls back.
 * Threads: serve() is for the main thread, before there are others.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdatomic.h>
#include <stdbool.h>

struct request;

struct serve {
    void (*handle)(struct request *request, void *context); /* takes the request; called from many threads */
    /* Called when the program stops: answers the requests that wait without a thread. May be
     * NULL. */
    void (*stop)(void *context);
    /* Asked every second by the main thread; true stops the program. May be NULL. */
    bool (*is_surplus)(void *context);
    void *context;
    unsigned threads; /* most worker threads (FastCGI) */
};

/* True when the process was started for FastCGI. Call before serve(). */
bool serve_is_fastcgi(void);

/* Becomes true when the process must end; waits that may take long watch it. */
const atomic_bool *serve_stopping(void);

/* Returns the exit status: 0 when told to stop, 1 when it could not start (logged). */
int serve(const struct serve *s);

#endif
