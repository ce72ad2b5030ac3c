/* budget.h - bounds the memory that the requests in work use together, and tells whether the system
 * gives more.
 *
 * Large things are counted: texts that were read, answers made of them, bodies of requests. A
 * request of 100 bytes can ask for a megabyte, and hundreds of such requests can come at once. When
 * the budget is used up, a request gets less, or its client is told to try again. Small requests
 * aren't counted and go on. What slow peers haven't taken of their answers is counted apart. From
 * BUDGET_KEPT_MANY on, no large request begins, and BUDGET_KEPT_MOST is never exceeded for long. So
 * a crowd that asks for more than its web server takes is told to try again, rather than cut off in
 * the middle of an answer. Where the host limits the address space (RLIMIT_AS, `ulimit -v`), the
 * budget is a part of what that leaves. Requests are refused before memory is out, because a failed
 * allocation ends the process (ck.h), and all waiting requests with it.
 * Threads: any; budget_init before there are others.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BUDGET_BYTES = 32 * 1024 * 1024, /* in a process without a limit */
    BUDGET_SMALL = 64 * 1024,        /* what needs at most so much isn't counted (arrivals.h: unless many come) */
    BUDGET_KEPT_MANY = 60 * 1024 * 1024,
    /* more by the half of BUDGET_BYTES: answers that the budget let begin, without their texts */
    BUDGET_KEPT_MOST = 76 * 1024 * 1024,
};

/* Call it once, at the start. Bounds the allocator's arenas, makes it give large blocks back to the
 * system at once, and reads the limit. */
void budget_init(void);

/* Takes so many bytes of the budget. False: there aren't so many left, or much is kept for slow
 * peers (budget_keeps_many), and nothing is taken. own: bytes that the caller has taken already. If
 * nothing else is taken, so many are always left: one request of the greatest size gets through
 * whatever the settings are. */
bool budget_take(size_t bytes, size_t own);
void budget_give_back(size_t bytes); /* as many as were taken, in one call or several */

/* Bytes that are kept for a peer that doesn't take them, and that are kept no more. */
void budget_keep(size_t bytes);
void budget_keep_no_more(size_t bytes);
bool budget_keeps_many(void);     /* more than BUDGET_KEPT_MANY */
bool budget_keeps_too_many(void); /* more than BUDGET_KEPT_MOST */

/* `most`; where the address space is limited, at most a quarter of what was left of it at the
 * start. */
size_t budget_part(size_t most);

/* The system still gives memory for a request and its thread. True where there is no limit. */
bool budget_has_room(void);

/* Gives free memory back to the system when much was in work and nothing is now. Call it about once
 * a second, from a thread that may take its time. */
void budget_trim(void);

#endif
