/* poll_load.c - see poll_load.h; the layout of the file is in private/bell_file.h. */
#include "shared/poll_load.h"

#include "base/clock.h"
#include "shared/poll_interval.h"
#include "shared/private/bell_file.h"

enum { TOOK_SHARE = 16 }; /* the latest poll's share in the average is one of so many */

/* True the first time in a round for each client. */
static bool is_new(struct bell_header *h, uint16_t client)
{
    uint64_t bit = (uint64_t)1 << client % 64;
    return (atomic_fetch_or(&h->asked[client % BELL_ASKED / 64], bit) & bit) == 0;
}

static void begin_round(struct bell_header *h, uint16_t client)
{
    atomic_store(&h->work, 0);
    for (size_t i = 0; i < BELL_ASKED / 64; i++) {
        atomic_store(&h->asked[i], 0);
    }
    (void)is_new(h, client);
}

unsigned poll_load_next(struct bell *b, uint16_t client, uint64_t took_us, const struct poll_interval_rules *rules)
{
    struct poll_interval_rules now_rules = *rules;
    int64_t now = clock_mono_ms();
    uint64_t work = atomic_fetch_add(&b->header->work, took_us) + took_us;
    uint64_t round = atomic_load(&b->header->round);
    uint64_t next = 0;
    /* one of many clients behind a proxy, and nothing else tells how many there are */
    bool is_hidden = client == 0 && took_us == 0;
    bool counts = is_hidden || is_new(b->header, client);
    bool turns = false;
    do {
        turns = poll_interval_is_over(round, now);
        now_rules.load = turns ? poll_interval_load(round, now, work) : 0;
        next = poll_interval_next(round, now, counts || turns, &now_rules);
    } while (!atomic_compare_exchange_weak(&b->header->round, &round, next));
    if (turns) {
        begin_round(b->header, client);
    }
    return poll_interval_told(next);
}

unsigned poll_load_average(const struct bell *b)
{
    uint64_t took = atomic_load(&b->header->took);
    return took < UINT32_MAX ? (unsigned)took : UINT32_MAX;
}

unsigned poll_load_took(struct bell *b, uint64_t us)
{
    uint64_t took = atomic_load(&b->header->took);
    uint64_t next = took == 0 ? us : (took * (TOOK_SHARE - 1) + us) / TOOK_SHARE;
    /* if two processes record at once, one of them doesn't count */
    atomic_compare_exchange_strong(&b->header->took, &took, next);
    return poll_load_average(b);
}
