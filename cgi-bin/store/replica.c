/* replica.c - see store_replica.h. Hands each call to the store's table. */
#include "store/private/store_backend.h"

bool store_replica_ask(struct store *s, const char *const *names, struct store_room *found, size_t count, bool newest)
{
    const struct replica_backend *replica = s->backend->replica;
    return replica != NULL && replica->ask(s, names, found, count, newest);
}

bool store_replica_begin(struct store *s, const char *const *names, const struct store_room *found, size_t count)
{
    return s->backend->replica->begin(s, names, found, count);
}

enum store_replica_state store_replica_state(const struct store *s)
{
    const struct replica_backend *replica = s->backend->replica;
    return replica != NULL ? replica->state(s) : STORE_REPLICA_NONE;
}

enum store_replica_state store_replica_try(struct store *s)
{
    const struct replica_backend *replica = s->backend->replica;
    return replica != NULL ? replica->try_now(s) : STORE_REPLICA_NONE;
}
