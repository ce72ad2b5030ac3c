/* bell.h - tells other processes of the site that something was committed.
 *
 * A bell is one mapped file beside the database, for all processes of the site. It has a counter
 * that every ring raises. A process sleeps on the counter as a futex. A futex waits on one word
 * only and a waiting process watches many rooms, so it wakes for every ring and compares the heads
 * of its rooms, which costs no system call. The same file holds
 *   - what the database said last of each room: room_heads.h, which also says who rings;
 *   - slots for requests that keep a process busy while they wait, and the processes there are:
 *     slots.h;
 *   - how many clients ask on a timer, and how long polls take: poll_load.h;
 *   - the number of the rules: who may do what (site/rules.h).
 *
 * To wait: take bell_seen() BEFORE looking at the heads or asking the database, and call
 * bell_wait() with it only if there was nothing new. So no ring between looking and sleeping is
 * missed. A ring may come without news; news never comes without a ring, except from a writer that
 * could not open the bell (site/positions.h looks for those).
 *
 * A file of another boot, epoch, size or layout is replaced by a new one.
 * Threads and processes: any function may be called from any. Not for network file systems (shm.h).
 */
#ifndef BELL_H
#define BELL_H

#include <stdbool.h>
#include <stdint.h>

struct bell;
struct err;

/* Opens the bell at path, or makes it. epoch: of the database, up to 22 characters; a file with
 * another epoch is replaced. NULL on error. */
struct bell *bell_open(const char *path, const char *epoch, struct err *e);

/* Opens the bell as it is, with whatever epoch it has. NULL if there is no usable one; nothing is
 * made. */
struct bell *bell_open_as_it_is(const char *path);
void bell_close(struct bell *b); /* NULL is fine */

/* Removes the file. For a writer that can't open the bell: processes that have it mapped notice
 * (bell_is_replaced). */
void bell_abolish(const char *path);

bool bell_is_replaced(const struct bell *b);  /* another file has the path now, or none */
const char *bell_epoch(const struct bell *b); /* borrowed until close */

/* The counter now. */
uint32_t bell_seen(const struct bell *b);

/* Sleeps until the counter differs from seen: returns 1. Returns 0 after timeout_ms. */
int bell_wait(struct bell *b, uint32_t seen, int timeout_ms);

enum { BELL_RULES_FLAGS = 2 };

/* Which rules the database has: their number, and below it BELL_RULES_FLAGS bits of site/rules.c.
 * 0: not known, as in a new file. */
uint64_t bell_rules(const struct bell *b);
/* Sets them, unless another process has changed them from `found` meanwhile. */
void bell_swap_rules(struct bell *b, uint64_t found, uint64_t rules);
/* The rules have this number now, or a higher one: a lower number becomes it, with its bits 0.
 * False: the number wasn't known, and isn't now, since this one may be outdated already. */
bool bell_raise_rules(struct bell *b, uint64_t number);

/* When the latest commit rang, in microseconds of the monotonic clock; 0 if none has since the file
 * was made. */
int64_t bell_committed_at(const struct bell *b);

#endif
