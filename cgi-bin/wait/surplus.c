/* surplus.c - see surplus.h. */
#include "wait/private/surplus.h"

#include "shared/slots.h"
#include "site/site.h"
#include "wait/private/process_slots.h"
#include "wait/private/wait_slots.h"

#include <stddef.h>

enum {
    ENTRY_S = 15, /* how long an entry lasts if it isn't renewed */
    IDLE_US = 3000000,
};

void surplus_init(struct surplus *s, const struct wait_slots *slots)
{
    s->slots = slots;
    atomic_init(&s->token, -1);
}

void surplus_enter(struct surplus *s)
{
    if (atomic_load(&s->token) < 0) {
        struct bell *bell = site_bell(s->slots->site);
        atomic_store(&s->token, bell != NULL ? slots_join(bell, ENTRY_S) : -1);
    }
}

bool surplus_is_here(struct surplus *s, bool is_waiting)
{
    const struct server_kind *server = &s->slots->server;
    int token = atomic_load(&s->token);
    struct bell *bell = token >= 0 ? site_bell(s->slots->site) : NULL;
    if (bell == NULL) {
        return false; /* the number of processes is unknown, and all stay */
    }
    if (!slots_stay(bell, token, ENTRY_S)) {
        atomic_store(&s->token, -1); /* the next request enters it again */
        return false;
    }
    bool is_idle = server_kind_costs_process(server) && !is_waiting && server_kind_busy_us(server) >= IDLE_US;
    if (!is_idle || !process_slots_leave(bell, token, site_loaded_conf(s->slots->site))) {
        return false;
    }
    atomic_store(&s->token, -1);
    return true;
}
