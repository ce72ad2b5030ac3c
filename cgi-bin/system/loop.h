/* loop.h - wait for many descriptors at once: the one owner of epoll.
 *
 * A tag stands for a descriptor; what it points to is the caller's. A descriptor that is closed leaves the loop by itself.
 * Threads: loop_wake from any; everything else from the one thread that runs the loop, except loop_add.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;

enum { LOOP_HANGUP = 1, LOOP_WRITABLE = 2, LOOP_WOKEN = 4 };

struct loop_event {
    void *tag; /* NULL for LOOP_WOKEN */
    unsigned what;
};

struct loop *loop_new(struct err *e); /* NULL on error */
void loop_free(struct loop *l);       /* NULL is fine; watched descriptors stay open */

/* Tells when the peer hangs up or sends something it shouldn't (both LOOP_HANGUP). -1 with ERR_SYSTEM. */
int loop_add(struct loop *l, int fd, void *tag, struct err *e);
/* Tells as well when the descriptor can be written; off again with false. */
void loop_want_write(struct loop *l, int fd, void *tag, bool want);
void loop_remove(struct loop *l, int fd); /* for one that lives on elsewhere; closing one does it by itself */

/* Makes the running or next loop_wait return with LOOP_WOKEN. Many calls may become one. */
void loop_wake(struct loop *l);

/* Up to `max` events; 0 when timeout_ms (-1: none) is over. Interruptions don't end it early. */
size_t loop_wait(struct loop *l, int timeout_ms, struct loop_event *events, size_t max);

#endif
