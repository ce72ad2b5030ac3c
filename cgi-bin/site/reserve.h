/* reserve.h - the part of the disk that the chat leaves to others (the setting max_store).
 *
 * A chat that takes the last byte of a host's quota takes the owner's mail along. So messages are
 * refused once the database has the size that max_store names, or with auto four fifths of what it
 * and the free space are together. Reading, deleting and acting go on. The disk of a PostgreSQL
 * database can't be seen from here: with auto there is no bound then.
 * Threads: any.
 */
#ifndef RESERVE_H
#define RESERVE_H

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct err;
struct reserve;
struct site;
struct store;

struct reserve *reserve_new(void);    /* never NULL */
void reserve_free(struct reserve *r); /* NULL is fine */

/* Bytes that the database may have, if it has `used` now and `available` are free. UINT64_MAX: no
 * bound. available: UINT64_MAX where the free space isn't known. */
uint64_t reserve_most(const struct conf *conf, uint64_t used, uint64_t available);

/* *used bytes are beyond the bound also without those that new messages can use, which are then
 * taken from it. */
bool reserve_is_full(struct store *store, uint64_t *used, uint64_t most);

/* May another message be stored? Looks at the disk once a second at most. -1 with ERR_FULL. An
 * error of the store is none here: the message's own commit will report it. */
int reserve_check(struct reserve *r, struct site *site, struct err *e);

#endif
