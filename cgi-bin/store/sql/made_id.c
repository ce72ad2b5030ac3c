/* made_id.c - see made_id.h. */
#include "store/sql/made_id.h"

#include "base/random.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { DOT = RANDOM_ID_SIZE - 1 };

void sql_made_id_set(struct chat_draft *d, uint64_t seq)
{
    random_id(d->id);
    snprintf(d->id + DOT, sizeof d->id - DOT, ".%llu", (unsigned long long)seq);
    d->id_is_made = true;
}

uint64_t sql_made_id_seq(const char *id)
{
    uint64_t seq = 0;
    const char *dot = strchr(id, '.');
    return dot == id + DOT && str_u64(dot + 1, 1, CHAT_SEQ_MAX, &seq) == 0 ? seq : 0;
}
