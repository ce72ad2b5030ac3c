/* replica_backend.h - the functions of store_replica.h in a store's table. */
#ifndef REPLICA_BACKEND_H
#define REPLICA_BACKEND_H

#include "store/store_replica.h"

struct replica_backend {
    bool (*ask)(struct store *s, const char *const *names, struct store_room *found, size_t count, bool newest);
    bool (*begin)(struct store *s, const char *const *names, const struct store_room *found, size_t count);
    enum store_replica_state (*state)(const struct store *s);
    enum store_replica_state (*try_now)(struct store *s);
};

#endif
