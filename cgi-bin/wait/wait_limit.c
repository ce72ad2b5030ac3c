/* wait_limit.c - see wait_limit.h. */
#include "wait/private/wait_limit.h"

#include "base/random.h"
#include "web/client.h"

#include <string.h>

enum { NOT_COUNTED = 0 };

void wait_limit_init(struct wait_limit *l, unsigned most, unsigned most_per_client)
{
    memset(l, 0, sizeof *l);
    random_fill(&l->seed, sizeof l->seed);
    wait_limit_change(l, most, most_per_client);
}

void wait_limit_change(struct wait_limit *l, unsigned most, unsigned most_per_client)
{
    atomic_store(&l->most, most);
    atomic_store(&l->most_per_client, most_per_client);
}

uint16_t wait_limit_counter(const struct wait_limit *l, const char *address)
{
    if (address == NULL || client_is_loopback(address)) {
        return NOT_COUNTED;
    }
    return (uint16_t)(client_hash(address, l->seed) % (WAIT_LIMIT_CLIENTS - 1) + 1);
}

void wait_limit_give_back(struct wait_limit *l, uint16_t counter)
{
    if (counter != NOT_COUNTED) {
        atomic_fetch_sub(&l->clients[counter], 1);
    }
    atomic_fetch_sub(&l->taken, 1);
}

bool wait_limit_take(struct wait_limit *l, uint16_t counter)
{
    bool fits = atomic_fetch_add(&l->taken, 1) < atomic_load(&l->most);
    if (counter != NOT_COUNTED && atomic_fetch_add(&l->clients[counter], 1) >= atomic_load(&l->most_per_client)) {
        fits = false;
    }
    if (!fits) {
        wait_limit_give_back(l, counter);
    }
    return fits;
}

bool wait_limit_has_room(const struct wait_limit *l, uint16_t counter)
{
    return atomic_load(&l->taken) < atomic_load(&l->most) &&
           (counter == NOT_COUNTED || atomic_load(&l->clients[counter]) < atomic_load(&l->most_per_client));
}

size_t wait_limit_taken(const struct wait_limit *l)
{
    return atomic_load(&l->taken);
}
