/* look.h - looks for news for the requests that wait, and sends them what it finds.
 *
 * A poll gets one answer, which ends its wait. A stream is sent events and then asks the next
 * question, the one of its new position.
 * Threads: the park's own.
 */
#ifndef LOOK_H
#define LOOK_H

struct question;
struct waiter;
struct waiters;

/* After a ring: looks for news for every question except the marked ones. Those have their own
 * turn; their streams catch up, may be many and slow to read, and must not delay the others. */
void look_at_all(struct waiters *all);

/* Looks for news for marked questions, for some milliseconds. */
void look_at_marked(struct waiters *all);

/* Looks for news for one question. It and its waiters may be gone afterwards. */
void look_at(struct waiters *all, struct question *question);

/* Serves the waiters that are due: answers polls whose time is over, sends streams a heartbeat or
 * ends them. */
void look_at_due(struct waiters *all);

/* Answers one poll whose time is over, or serves a stream that is due. w may be gone afterwards. */
void look_at_waiter(struct waiters *all, struct waiter *w);

/* The program stops: answers all polls with what there is now, and ends all streams where they are.
 * Their clients go on from there. */
void look_and_end_all(struct waiters *all);

#endif
