/* wait_limit.c - see wait_limit.h. */
#include "wait/private/wait_limit.h"

#include "base/random.h"
#include "web/client.h"

#include <string.h>

enum { NOT_COUNTED = 0 };

void wait_limit_init(struct wait_limit *p, unsigned most, unsigned most_per_client)
{
    memset(p, 0, sizeof *p);
    random_fill(&p->seed, sizeof p->seed);
    wait_limit_limit(p, most, most_per_client);
}

void wait_limit_limit(struct wait_limit *p, unsigned most, unsigned most_per_client)
{
    atomic_store(&p->most, most);
    atomic_store(&p->most_per_client, most_per_client);
}

uint16_t wait_limit_counter(const struct wait_limit *p, const char *address)
{
    if (address == NULL || client_is_loopback(address)) {
        return NOT_COUNTED;
    }
    return (uint16_t)(client_hash(address, p->seed) % (WAIT_LIMIT_CLIENTS - 1) + 1);
}

void wait_limit_give_back(struct wait_limit *p, uint16_t counter)
{
    if (counter != NOT_COUNTED) {
        atomic_fetch_sub(&p->clients[counter], 1);
    }
    atomic_fetch_sub(&p->taken, 1);
}

bool wait_limit_take(struct wait_limit *p, uint16_t counter)
{
    bool fits = atomic_fetch_add(&p->taken, 1) < atomic_load(&p->most);
    if (counter != NOT_COUNTED && atomic_fetch_add(&p->clients[counter], 1) >= atomic_load(&p->most_per_client)) {
        fits = false;
    }
    if (!fits) {
        wait_limit_give_back(p, counter);
    }
    return fits;
}

bool wait_limit_are_left(const struct wait_limit *p, uint16_t counter)
{
    return atomic_load(&p->taken) < atomic_load(&p->most) &&
           (counter == NOT_COUNTED || atomic_load(&p->clients[counter]) < atomic_load(&p->most_per_client));
}

size_t wait_limit_taken(const struct wait_limit *p)
{
    return atomic_load(&p->taken);
}
