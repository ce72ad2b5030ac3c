/* surplus.h - is this process one more than the site needs?
 *
 * Where a request takes a process, a burst of requests makes many processes. mod_fcgid keeps them
 * for minutes or for ever, and on a host with a limit of processes there may be none left for a
 * send. So each process enters itself in the bell's file while it lives, and an idle one leaves
 * when there are more than are needed (process_slots.h).
 * Threads: any; surplus_is_here from one thread.
 */
#ifndef SURPLUS_H
#define SURPLUS_H

#include <stdatomic.h>
#include <stdbool.h>

struct wait_slots;

struct surplus {
    const struct wait_slots *slots; /* borrowed */
    atomic_int token;               /* of slots_join; -1: not entered */
};

void surplus_init(struct surplus *s, const struct wait_slots *slots);

/* A request came that has this process to itself: enters the process, unless it is entered. */
void surplus_enter(struct surplus *s);

/* To be asked about once a second, which keeps the entry. True: the process is not needed, is no
 * longer counted and is to end. is_waiting: a request waits in it. */
bool surplus_is_here(struct surplus *s, bool is_waiting);

#endif
