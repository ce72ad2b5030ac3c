/* budget.h - memory: how much of it this process has in work at one moment, and that it can get more.
 *
 * What is large is counted: texts that were read, answers that are made of them, bodies that come in. A request of 100 bytes can ask
 * for a megabyte, and hundreds of such requests can come at once: those for which nothing is left get less, or are told to come
 * again, while small requests go on and aren't counted.
 * Where the host limits the address space (RLIMIT_AS, `ulimit -v`), the budget is a part of what that leaves, and requests are
 * refused before memory is out, as that would end the process and all who wait in it (ck.h).
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

/* Once, at the start: bounds the allocator's arenas, has it give large blocks back at once, and looks for the limit. */
void budget_init(void);

/* False: that much isn't left, and nothing is taken. The caller has taken `held` bytes before: where that is all there is, more is
 * never too much, so that one of the greatest size gets through whatever the settings are. */
bool budget_take(size_t bytes, size_t held);
void budget_give_back(size_t bytes);

/* `most`, or where the address space is limited at most a part of what it had left at the start. */
size_t budget_part(size_t most);

/* The system still gives memory for a request and its thread. True where there is no limit. */
bool budget_has_room(void);

/* Gives free memory back to the system where much was in work, and nothing is now. To be called every second, by a thread that has
 * time. */
void budget_trim(void);

#endif
