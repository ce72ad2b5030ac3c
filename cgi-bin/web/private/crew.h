/* crew.h - threads of which one leads: it takes the requests as they come and handles them itself.
 *
 * Most requests never wait for anything, so one thread handles them all, one after the other, and
 * no other thread is woken. When the leader is about to block (blocking.h: it reads the store,
 * say), it passes the lead on to a thread that sleeps, or to a new one, and joins the others when
 * its request is done. So there are only as many threads as were blocked at once, and one more. A
 * thread that was of no use for ten seconds ends, as some hosts count threads as processes. When no
 * further thread can lead, the leader blocks all the same, and what comes meanwhile waits until one
 * of the threads is done with its request. The pattern is known as leader and followers (Schmidt et
 * al., Pattern-Oriented Software Architecture, volume 2).
 * Threads: crew_start for one thread, once in a process.
 */
#ifndef CREW_H
#define CREW_H

struct request;

struct crew_options {
    /* Waits for the next request; called by the leader alone, which keeps the lead meanwhile. NULL:
     * there are no more, and all threads end. */
    struct request *(*next)(void *context);
    /* Takes the request. */
    void (*handle)(struct request *request, void *context);
    /* The leader is about to block, and no other thread can lead yet. Called by the leader. */
    void (*leave_alone)(void *context);
    void (*ended)(void *context); /* called by the last thread at its end */
    void *context;
    unsigned most; /* threads */
};

/* Starts the first thread, and makes blocking_expected() pass the lead on. -1: the system gives no
 * thread (errno). */
int crew_start(const struct crew_options *options);

#endif
