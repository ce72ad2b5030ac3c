/* places.c - see places.h. */
#include "places.h"

#include "peer.h"

#include <string.h>

enum { NOT_COUNTED = 0 };

void places_init(struct places *p, unsigned most, unsigned most_per_client)
{
    memset(p, 0, sizeof *p);
    p->most = most;
    p->most_per_client = most_per_client;
}

uint16_t places_counter(const char *address)
{
    if (address == NULL || peer_is_loopback(address)) {
        return NOT_COUNTED;
    }
    uint32_t hash = peer_hash(address);
    return (uint16_t)((hash ^ hash >> 16) % (PLACES_CLIENTS - 1) + 1);
}

void places_give_back(struct places *p, uint16_t counter)
{
    if (counter != NOT_COUNTED) {
        atomic_fetch_sub(&p->clients[counter], 1);
    }
    atomic_fetch_sub(&p->taken, 1);
}

bool places_take(struct places *p, uint16_t counter)
{
    bool fits = atomic_fetch_add(&p->taken, 1) < p->most;
    if (counter != NOT_COUNTED && atomic_fetch_add(&p->clients[counter], 1) >= p->most_per_client) {
        fits = false;
    }
    if (!fits) {
        places_give_back(p, counter);
    }
    return fits;
}

size_t places_taken(const struct places *p)
{
    return atomic_load(&p->taken);
}
