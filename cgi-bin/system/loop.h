/* loop.h - waiting for many descriptors at once: the one owner of epoll.
 *
 * A tag stands for a descriptor; what it points to is the caller's. A descriptor leaves the loop
 * when it is closed.
 * Threads: loop_wake and loop_add from any thread; everything else from one thread at a time, which
 * runs the loop.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;

enum { LOOP_INPUT = 1, LOOP_WRITABLE = 2, LOOP_WOKEN = 4 };

struct loop_event {
    void *tag; /* NULL for LOOP_WOKEN */
    unsigned what;
};

struct loop *loop_new(struct err *e); /* NULL on error */
void loop_free(struct loop *l);       /* NULL is fine; watched descriptors stay open */

/* Watches a descriptor: loop_wait reports LOOP_INPUT, again and again, while there is something to
 * read, a connection to accept, or the peer's hang-up. -1 with ERR_SYSTEM. */
int loop_add(struct loop *l, int fd, void *tag, struct err *e);
/* Also reports when the descriptor can be written to; false switches that off. */
void loop_want_write(struct loop *l, int fd, void *tag, bool want);
/* for a descriptor that stays open elsewhere; a closed one leaves by itself */
void loop_remove(struct loop *l, int fd);

/* Makes the running or next loop_wait return with LOOP_WOKEN. Many calls may become one. */
void loop_wake(struct loop *l);

/* Waits for events and returns up to `max` of them; 0 when timeout_ms (-1: none) is over. Signals
 * don't end the wait early. */
size_t loop_wait(struct loop *l, int timeout_ms, struct loop_event *events, size_t max);

#endif
