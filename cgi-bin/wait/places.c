/* places.c - see places.h. */
#include "wait/private/places.h"

#include "base/random.h"
#include "web/peer.h"

#include <string.h>

enum { NOT_COUNTED = 0 };

void places_init(struct places *p, unsigned most, unsigned most_per_client)
{
    memset(p, 0, sizeof *p);
    random_fill(&p->seed, sizeof p->seed);
    places_limit(p, most, most_per_client);
}

void places_limit(struct places *p, unsigned most, unsigned most_per_client)
{
    atomic_store(&p->most, most);
    atomic_store(&p->most_per_client, most_per_client);
}

uint16_t places_counter(const struct places *p, const char *address)
{
    if (address == NULL || peer_is_loopback(address)) {
        return NOT_COUNTED;
    }
    return (uint16_t)(peer_hash(address, p->seed) % (PLACES_CLIENTS - 1) + 1);
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
    bool fits = atomic_fetch_add(&p->taken, 1) < atomic_load(&p->most);
    if (counter != NOT_COUNTED && atomic_fetch_add(&p->clients[counter], 1) >= atomic_load(&p->most_per_client)) {
        fits = false;
    }
    if (!fits) {
        places_give_back(p, counter);
    }
    return fits;
}

bool places_are_left(const struct places *p, uint16_t counter)
{
    return atomic_load(&p->taken) < atomic_load(&p->most) &&
           (counter == NOT_COUNTED || atomic_load(&p->clients[counter]) < atomic_load(&p->most_per_client));
}

size_t places_taken(const struct places *p)
{
    return atomic_load(&p->taken);
}
