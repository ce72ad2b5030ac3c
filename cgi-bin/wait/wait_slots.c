/* wait_slots.c - see wait_slots.h. */
#include "wait/private/wait_slots.h"

#include "base/blocking.h"
#include "base/random.h"
#include "shared/bell.h"
#include "shared/site_key.h"
#include "shared/slots.h"
#include "site/site.h"
#include "system/allowance.h"
#include "system/apache_workers.h"
#include "wait/private/process_slots.h"
#include "web/client.h"
#include "web/detach.h"
#include "web/request.h"

#include <stdlib.h>

enum {
    WORKER_TOKENS = 1 << 16, /* tokens from here on are of apache_workers.h; smaller ones are of slots.h */
};

void wait_slots_init(struct wait_slots *s, struct site *site, bool fastcgi)
{
    *s = (struct wait_slots){.site = site, .workers = apache_workers_new()};
    server_kind_init(&s->server, fastcgi);
}

void wait_slots_fini(struct wait_slots *s)
{
    apache_workers_free(s->workers);
}

/* ---- workers of Apache ---- */

/* The number of Apache's workers, and not a setting, says how many such requests may wait. */
static bool counts_workers(const struct wait_slots *s, const struct request *request, const struct conf *conf)
{
    return conf->max_waiting_apache == CONF_AUTO && server_kind_cost(&s->server, request) == ALLOWANCE_WORKERS;
}

void wait_slots_allowance(const struct wait_slots *s, const struct request *request, const struct conf *conf,
                          struct allowance *out)
{
    bool counts = counts_workers(s, request, conf);
    unsigned workers = counts ? apache_workers_seen(s->workers, detach_connection(request)) : 0;
    allowance_find(out, server_kind_cost(&s->server, request), conf, workers);
}

bool wait_slots_take_worker(struct wait_slots *s, const struct request *request, const struct conf *conf, int *token)
{
    *token = -1;
    if (!counts_workers(s, request, conf)) {
        return true;
    }
    int taken = apache_workers_take(s->workers, detach_connection(request));
    *token = taken >= 0 ? taken + WORKER_TOKENS : -1;
    return taken >= 0;
}

/* ---- processes ---- */

/* Addresses are hashed with the site's key, so that no client can find an address that has the
 * number of another client's. */
static uint64_t load_seed(struct wait_slots *s, const struct conf *conf)
{
    struct site_key site_key;
    char name[SITE_KEY_NAME_SIZE];
    uint64_t none = 0;
    uint64_t seed = 0;
    blocking_expected();
    if (site_key_load(&site_key, conf->data, NULL) == 0) {
        site_key_name(&site_key, "places", "", name);
        name[16] = '\0';
        seed = strtoull(name, NULL, 16);
    } else {
        random_fill(&seed, sizeof seed); /* other processes have other numbers for the same client then */
    }
    return atomic_compare_exchange_strong(&s->seed, &none, seed) ? seed : none; /* another thread was faster */
}

uint16_t wait_slots_client(struct wait_slots *s, const struct request *request, const struct conf *conf)
{
    const char *address = request_client(request);
    if (address == NULL || client_is_loopback(address)) {
        return 0;
    }
    uint64_t seed = atomic_load(&s->seed);
    return (uint16_t)(client_hash(address, seed != 0 ? seed : load_seed(s, conf)) % UINT16_MAX + 1);
}

static struct process_slots_request request_of(struct wait_slots *s, const struct request *request,
                                               const struct conf *conf, struct allowance *allowed)
{
    allowance_find(allowed, ALLOWANCE_PROCESSES, conf, 0);
    return (struct process_slots_request){
        .conf = conf, .allowed = allowed, .client = wait_slots_client(s, request, conf), .stays = s->server.fastcgi};
}

int wait_slots_take_process(struct wait_slots *s, struct bell *bell, const struct request *request, unsigned *seconds,
                            const struct conf *conf)
{
    struct allowance allowed;
    const struct process_slots_request r = request_of(s, request, conf, &allowed);
    return process_slots_take(bell, &r, seconds);
}

/* ---- both ---- */

bool wait_slots_take(struct wait_slots *s, const struct request *request, unsigned *seconds, const struct conf *conf,
                     int *token)
{
    if (server_kind_cost(&s->server, request) != ALLOWANCE_PROCESSES) {
        return wait_slots_take_worker(s, request, conf, token);
    }
    struct bell *bell = site_bell(s->site);
    *token = bell != NULL ? wait_slots_take_process(s, bell, request, seconds, conf) : -1;
    return *token >= 0;
}

bool wait_slots_are_free(struct wait_slots *s, const struct request *request, const struct conf *conf)
{
    struct allowance allowed;
    if (server_kind_cost(&s->server, request) != ALLOWANCE_PROCESSES) {
        return true;
    }
    const struct bell *bell = site_bell(s->site);
    const struct process_slots_request r = request_of(s, request, conf, &allowed);
    return bell != NULL && process_slots_are_free(bell, &r);
}

void wait_slots_release(struct wait_slots *s, int token)
{
    if (token >= WORKER_TOKENS) {
        apache_workers_give_back(s->workers, token - WORKER_TOKENS);
        return;
    }
    struct bell *bell = token >= 0 ? site_bell(s->site) : NULL;
    if (bell != NULL) {
        slots_release(bell, token);
    }
}
