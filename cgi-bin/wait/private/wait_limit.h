/* wait_limit.h - how many may wait at once, in all and of one address.
 *
 * Addresses (of IPv6: networks, client.h) are counted by a hash with a secret: rarely two of them
 * share a count, which then only makes their limit smaller, and no client can bring that about for
 * another one. 256 KiB, whatever comes.
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
    uint64_t seed; /* random, so that no client can choose an address that shares a count with another client's */
    atomic_uint most;
    atomic_uint most_per_client;
    atomic_size_t taken;
    atomic_uint clients[WAIT_LIMIT_CLIENTS];
};

void wait_limit_init(struct wait_limit *p, unsigned most, unsigned most_per_client);

/* Other limits from now on; places that are taken stay so. */
void wait_limit_limit(struct wait_limit *p, unsigned most, unsigned most_per_client);

/* The counter of an address. Addresses of this machine, and none, have no counter of their own: they mean a proxy, behind which
 * are all clients. */
uint16_t wait_limit_counter(const struct wait_limit *p, const char *address);

bool wait_limit_take(struct wait_limit *p, uint16_t counter);           /* false: there is none */
bool wait_limit_are_left(const struct wait_limit *p, uint16_t counter); /* just now */
void wait_limit_give_back(struct wait_limit *p, uint16_t counter);
size_t wait_limit_taken(const struct wait_limit *p);

#endif
