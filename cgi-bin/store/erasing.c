/* erasing.c - see store_erase.h and store_retain.h. Hands each call to the store's table. */
#include "store/private/store_backend.h"

int store_erase_message(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    *event = 0;
    return s->backend->erase.erase_message(s, room, seq, event, e);
}

int store_erase_show(struct store *s, const char *room, uint64_t seq, bool shown, uint64_t *event, struct err *e)
{
    *event = 0;
    return s->backend->erase.erase_show(s, room, seq, shown, event, e);
}

int store_erase_hide_reported(struct store *s, const char *room, uint64_t seq, uint64_t *event, struct err *e)
{
    *event = 0;
    return s->backend->erase.erase_hide_reported(s, room, seq, event, e);
}

int store_erase_recent(struct store *s, const struct store_erase_recent *what, uint64_t *count, struct err *e)
{
    *count = 0;
    return s->backend->erase.erase_recent(s, what, count, e);
}

int store_erase_networks(struct store *s, const struct store_erase_recent *what, struct store_erase_networks *out,
                         struct err *e)
{
    out->count = 0;
    return s->backend->erase.erase_networks(s, what, out, e);
}

int store_erase_person(struct store *s, const struct store_whom *whom, struct err *e)
{
    return s->backend->erase.erase_person(s, whom, e);
}

int store_erase_step(struct store *s, struct store_changes *changes, uint64_t *count, bool *left, struct err *e)
{
    *count = 0;
    *left = false;
    return s->backend->erase.erase_step(s, changes, count, left, e);
}

bool store_retain_is_due(struct store *s, const struct store_terms_kept *terms, int64_t now_ms)
{
    return s->backend->erase.retain_is_due(s, terms, now_ms);
}

int store_retain_step(struct store *s, const struct store_terms_kept *terms, int64_t now_ms,
                      struct store_changes *changes, struct err *e)
{
    return s->backend->erase.retain_step(s, terms, now_ms, changes, e);
}
