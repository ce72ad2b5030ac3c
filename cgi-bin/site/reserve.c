/* reserve.c - see reserve.h. */
#include "site/reserve.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "site/site.h"
#include "site/store_options.h"
#include "store/store_upkeep.h"
#include "system/conf.h"
#include "system/file_system.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { LOOK_MS = 1000 };

struct reserve {
    _Atomic int64_t next_look; /* monotonic ms */
    atomic_bool is_full;       /* at the last look */
};

struct reserve *reserve_new(void)
{
    return ck_calloc(1, sizeof(struct reserve));
}

void reserve_free(struct reserve *r)
{
    free(r);
}

uint64_t reserve_most(const struct conf *conf, uint64_t used, uint64_t available)
{
    if (conf->max_store != CONF_AUTO) {
        return conf->max_store;
    }
    bool is_known = available != UINT64_MAX && store_options_of(conf).address == NULL;
    return is_known ? (used + available) / 5 * 4 : UINT64_MAX;
}

bool reserve_is_full(struct store *store, uint64_t *used, uint64_t most)
{
    uint64_t unused = 0;
    if (*used >= most && store_unused(store, &unused, NULL) == 0) {
        *used -= unused < *used ? unused : *used;
    }
    return *used >= most;
}

static bool look(struct site *site, bool otherwise)
{
    const struct conf *conf = site_loaded_conf(site);
    uint64_t used = 0;
    uint64_t available = UINT64_MAX;
    struct store *store = site_borrow(site, NULL);
    bool is_full = otherwise;
    if (store != NULL) {
        if (store_size(store, &used, NULL) == 0) {
            (void)file_system_free(conf->data, &available);
            is_full = reserve_is_full(store, &used, reserve_most(conf, used, available));
        }
        (void)site_return(site, store);
    }
    return is_full;
}

int reserve_check(struct reserve *r, struct site *site, struct err *e)
{
    int64_t now = clock_mono_ms();
    int64_t due = atomic_load(&r->next_look);
    if (now >= due && atomic_compare_exchange_strong(&r->next_look, &due, now + LOOK_MS)) {
        atomic_store(&r->is_full, look(site, atomic_load(&r->is_full)));
    }
    if (!atomic_load(&r->is_full)) {
        return 0;
    }
    return err_set(e, ERR_FULL,
                   "The messages of this chat have taken the room that is set aside for them (max_store), so no "
                   "message can be sent. Reading and deleting go on.");
}
