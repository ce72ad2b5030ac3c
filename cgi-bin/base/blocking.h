/* blocking.h - a thread says that it is about to wait for something slow.
 *
 * A thread that is about to wait for the disk, for a lock of another process or for the store calls
 * blocking_expected(). The module that shares the work among threads can then let another thread go
 * on with the other requests (blocking_on). A request whose handler doesn't call this must never
 * wait, because other requests may be handled only after it.
 * Not for waiting of microseconds: a mutex that protects memory, a system call that only asks the
 * kernel.
 *
 * To add a place that may block: call blocking_expected() right before it, and only if it is really
 * going to happen, since each call may wake up a thread. A thread may call it several times in one
 * request. Functions of site/ that borrow a store handle do it themselves. A lock that is kept
 * while its owner may wait is such a place too: try it first (system/apache_workers.c).
 *
 * Threads: blocking_expected any; blocking_on only before there are threads.
 */
#ifndef BLOCKING_H
#define BLOCKING_H

/* From now on blocking_expected() calls the hook, in the thread that is about to wait. NULL: it
 * does nothing, as before the first call. */
void blocking_on(void (*hook)(void));

/* This thread may wait for long now. */
void blocking_expected(void);

#endif
