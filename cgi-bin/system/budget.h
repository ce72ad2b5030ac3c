/* budget.h - how much memory the requests of this process have in work at one moment, and whether
 * the system gives more.
 *
 * Large things are counted: texts that were read, answers made of them, bodies that come in. A
 * request of 100 bytes can ask for a megabyte, and hundreds of such requests can come at once. When
 * the budget is used up, a request gets less or is told to come again. Small requests aren't
 * counted and go on.
 * Where the host limits the address space (RLIMIT_AS, `ulimit -v`), the budget is a part of what
 * that leaves. Requests are refused before memory is out, because a failed allocation ends the
 * process (ck.h), and all waiting requests with it.
 * Threads: any; budget_init before there are others.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BUDGET_BYTES = 32 * 1024 * 1024, /* in work at once, in a process without a limit */
    BUDGET_SMALL = 64 * 1024,        /* what needs no more isn't counted */
};

/* To be called once, at the start. Bounds the allocator's arenas, makes it give large blocks back
 * at once, and reads the limit. */
void budget_init(void);

/* Takes that many bytes of the budget. False: they aren't left, and nothing is taken. held: bytes
 * that the caller has taken before. When nothing else is taken the call always succeeds, so that
 * one request of the greatest size gets through whatever the settings are. */
bool budget_take(size_t bytes, size_t held);
void budget_give_back(size_t bytes); /* as many as were taken, in one call or several */

/* `most`, or where the address space is limited at most a part of what it had left at the start. */
size_t budget_part(size_t most);

/* The system still gives memory for a request and its thread. True where there is no limit. */
bool budget_has_room(void);

/* Gives free memory back to the system when much was in work and nothing is now. To be called about
 * once a second, by a thread that has time. */
void budget_trim(void);

#endif
