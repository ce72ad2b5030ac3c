/* serve.h - the life of a program: one request by CGI, or many by FastCGI until it is told to stop.
 *
 * FastCGI: worker threads take turns in accepting, then read, handle and answer on their own. The main thread takes
 * all signals, so that none interrupts a write. TERM, USR1, INT and HUP stop: what is in the backlog is still
 * taken (under mod_fcgid nothing comes into it any more: web_fcgi_refuse), what is in work is finished, and after
 * at most 1.5 s the process is gone in any case (a request that was not finished then has no answer and has stored
 * nothing that was acknowledged).
 * The program also stops by itself when its own file has been replaced: a web server that goes by inode would
 * otherwise keep processes of the old version beside the new ones for hours. And when it says of itself that it is one process too many.
 * CGI: signals keep their default, which ends the process at once; the store rolls back.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdatomic.h>
#include <stdbool.h>

struct request;

struct serve {
    void (*handle)(struct request *x, void *context); /* takes x; called from many threads */
    void (*stop)(void *context); /* may be NULL; answers requests that wait without a thread, when the program stops */
    bool (*is_surplus)(void *context); /* may be NULL; asked every second by the main thread: true stops the program */
    void *context;
    unsigned threads; /* for FastCGI */
};

/* How the process was started. Call before serve(). */
bool serve_is_fastcgi(void);

/* True from the moment the process shall end; waits that could be long watch it. */
const atomic_bool *serve_stopping(void);

/* Returns the exit status: 0 when told to stop, 1 when it could not start (logged). */
int serve(const struct serve *s);

#endif
