/* places.h - how many may wait at once, in all and of one address.
 *
 * Addresses (of IPv6: networks, peer.h) are counted by a hash with a secret: rarely two of them
 * share a count, which then only makes their limit smaller, and no client can bring that about for
 * another one. 256 KiB, whatever comes.
 * Threads: any.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACES_CLIENTS = 65536 };

struct places {
    uint64_t seed; /* random, so that no client can choose an address that shares a count with another client's */
    atomic_uint most;
    atomic_uint most_per_client;
    atomic_size_t taken;
    atomic_uint clients[PLACES_CLIENTS];
};

void places_init(struct places *p, unsigned most, unsigned most_per_client);

/* Other limits from now on; places that are taken stay so. */
void places_limit(struct places *p, unsigned most, unsigned most_per_client);

/* The counter of an address. Addresses of this machine, and none, have no counter of their own: they mean a proxy, behind which
 * are all clients. */
uint16_t places_counter(const struct places *p, const char *address);

bool places_take(struct places *p, uint16_t counter);           /* false: there is none */
bool places_are_left(const struct places *p, uint16_t counter); /* just now */
void places_give_back(struct places *p, uint16_t counter);
size_t places_taken(const struct places *p);

#endif
