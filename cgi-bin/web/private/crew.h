/* crew.h - threads of which one leads: it takes the requests as they come and handles them itself.
 *
 * Most requests never wait for anything, so one thread handles them all, one after the other, and
 * no other thread is woken. A leader that is about to block says so (blocking.h: it reads the
 * store, say). Mostly it doesn't block, as what it reads is in memory, and goes on leading. If it
 * hasn't come back after a millisecond, a thread that stands by takes the lead, and the old leader
 * joins the others when its request is done. Where requests come faster than one thread handles
 * them, the lead is taken at once. So there are only as many threads as were blocked at once, and
 * one more. A thread that was of no use for some seconds ends, as some hosts count threads as
 * processes. When no further thread can stand by, the leader blocks all the same, and what comes
 * meanwhile waits until one of the threads is done with its request.
 * The pattern is known as leader and followers (Schmidt et al., Pattern-Oriented Software
 * Architecture, volume 2). The monitor of Go's scheduler also waits before it passes the work of a
 * thread on that is in a system call.
 * Threads: crew_start for one thread, once in a process.
 */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>

struct err;
struct request;

struct crew_options {
    /* Waits for the next request; called by the leader alone, which keeps the lead meanwhile. NULL:
     * there are no more, and all threads end. */
    struct request *(*next)(void *context);
    /* Takes the request. */
    void (*handle)(struct request *request, void *context);
    /* Requests have come for long without a pause. Called by the leader. */
    bool (*is_pressed)(void *context);
    /* The leader is about to block, and no other thread can stand by. Called by the leader. */
    void (*leave_alone)(void *context);
    void (*ended)(void *context); /* called by the last thread at its end */
    void *context;
    unsigned most;  /* threads */
    int useless_ms; /* after this time without work a thread ends */
};

/* Starts the first thread, and listens to blocking_expected(). -1: the system gives no thread or
 * timer (ERR_SYSTEM). */
int crew_start(const struct crew_options *options, struct err *e);

#endif
