/* wait_limit.h - how many requests may wait at once, in all and from one address.
 *
 * Addresses (of IPv6: networks, client.h) are counted by a hash with a secret. Two addresses rarely
 * share a count. If they do, they only get less together, and no client can choose an address that
 * shares another client's count. The counts take 256 KiB, however many addresses come.
 * Threads: any.
 */
#ifndef WAIT_LIMIT_H
#define WAIT_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WAIT_LIMIT_CLIENTS = 65536 };

struct wait_limit {
    uint64_t seed; /* the secret of the hash, random */
    atomic_uint most;
    atomic_uint most_per_client;
    atomic_size_t taken;
    atomic_uint clients[WAIT_LIMIT_CLIENTS];
};

void wait_limit_init(struct wait_limit *l, unsigned most, unsigned most_per_client);

/* Changes the limits; requests that wait already stay. */
void wait_limit_change(struct wait_limit *l, unsigned most, unsigned most_per_client);

/* The counter of an address. An address of this machine means a proxy, behind which all clients
 * are; such an address and NULL (unknown) are counted in the total only. */
uint16_t wait_limit_counter(const struct wait_limit *l, const char *address);

/* Counts one more request. False: a limit is reached, and nothing is counted. */
bool wait_limit_take(struct wait_limit *l, uint16_t counter);

/* Would wait_limit_take succeed now? */
bool wait_limit_has_room(const struct wait_limit *l, uint16_t counter);
void wait_limit_give_back(struct wait_limit *l, uint16_t counter);
size_t wait_limit_taken(const struct wait_limit *l);

#endif
