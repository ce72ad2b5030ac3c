/* slots.c - see slots.h; the layout of the file is in private/bell_file.h. */
#include "shared/slots.h"

#include "base/clock.h"
#include "shared/poll_interval.h"
#include "shared/private/bell_file.h"

#include <unistd.h>

enum { SHOWN_S = 3600 }; /* how long the greatest number of processes at once is remembered */

static_assert((int)SLOTS_PROCESSES == (int)BELL_PROCESSES, "all entries are used");

/* ---- slots for requests ---- */

/* Only the first `most` slots exist, so there is nothing to count, and processes compete only for a
 * single slot. */
static int take(_Atomic uint64_t *slots, unsigned most, unsigned seconds)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    for (unsigned i = 0; i < most; i++) {
        uint64_t hold = atomic_load(&slots[i]);
        if (bell_file_mark_is_over(hold, now_s) &&
            atomic_compare_exchange_strong(&slots[i], &hold, bell_file_own_mark(seconds))) {
            return (int)i;
        }
    }
    return -1;
}

static void give_back(_Atomic uint64_t *slot)
{
    uint64_t hold = atomic_load(slot);
    if (hold >> 32 == (uint32_t)getpid()) {
        atomic_compare_exchange_strong(slot, &hold, 0);
    }
}

static unsigned count_taken(const _Atomic uint64_t *slots, unsigned most)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    unsigned found = 0;
    for (unsigned i = 0; i < most; i++) {
        found += !bell_file_mark_is_over(atomic_load(&slots[i]), now_s);
    }
    return found;
}

static unsigned count_of_client(const struct bell *b, uint16_t client)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    unsigned found = 0;
    for (unsigned i = 0; i < BELL_HOLDS && client != 0; i++) {
        found += atomic_load(&b->header->hold_clients[i]) == client &&
                 !bell_file_mark_is_over(atomic_load(&b->header->holds[i]), now_s);
    }
    return found;
}

/* The slot is taken first and counted then: two requests at once may both count one too many, but
 * never one too few. */
int slots_take(struct bell *b, const struct slots_request *w, unsigned seconds)
{
    int token = take(b->header->holds, w->most < BELL_HOLDS ? w->most : BELL_HOLDS, seconds);
    if (token >= 0) {
        atomic_store(&b->header->hold_clients[token], w->client);
        if (count_of_client(b, w->client) > w->most_per_client) {
            slots_release(b, token);
            return -1;
        }
    }
    return token;
}

bool slots_are_free(const struct bell *b, const struct slots_request *w)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    bool found = false;
    for (unsigned i = 0; i < w->most && i < BELL_HOLDS && !found; i++) {
        found = bell_file_mark_is_over(atomic_load(&b->header->holds[i]), now_s);
    }
    return found && (w->client == 0 || count_of_client(b, w->client) < w->most_per_client);
}

void slots_release(struct bell *b, int token)
{
    if (token >= 0) {
        give_back(&b->header->holds[token]);
    }
}

/* ---- processes ---- */

int slots_join(struct bell *b, unsigned seconds)
{
    return take(b->header->kept, SLOTS_PROCESSES, seconds);
}

bool slots_stay(struct bell *b, int token, unsigned seconds)
{
    uint64_t hold = atomic_load(&b->header->kept[token]);
    return hold >> 32 == (uint32_t)getpid() &&
           atomic_compare_exchange_strong(&b->header->kept[token], &hold, bell_file_own_mark(seconds));
}

bool slots_leave(struct bell *b, int token, unsigned pause_ms)
{
    uint64_t now = (uint64_t)clock_mono_ms();
    uint64_t left = atomic_load(&b->header->left);
    if (now - left < pause_ms || !atomic_compare_exchange_strong(&b->header->left, &left, now)) {
        return false;
    }
    give_back(&b->header->kept[token]);
    return true;
}

struct slots_count slots_count(const struct bell *b)
{
    uint64_t sender = atomic_load(&b->header->sender);
    return (struct slots_count){.there = count_taken(b->header->kept, SLOTS_PROCESSES),
                                .holding = count_taken(b->header->holds, BELL_HOLDS),
                                .turned_away = poll_interval_count(atomic_load(&b->header->round)),
                                .has_sender = !bell_file_mark_is_over(sender, (uint64_t)clock_mono_ms() / 1000)};
}

unsigned slots_show(struct bell *b, unsigned there)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    uint64_t shown = atomic_load(&b->header->shown);
    while (there > (shown & 0xFFFF) || now_s - (shown >> 16) > SHOWN_S) {
        if (atomic_compare_exchange_weak(&b->header->shown, &shown, now_s << 16 | (there & 0xFFFF))) {
            return there;
        }
    }
    return (unsigned)(shown & 0xFFFF);
}

unsigned slots_shown(const struct bell *b)
{
    return (unsigned)(atomic_load(&b->header->shown) & 0xFFFF);
}

bool slots_try(struct bell *b, unsigned there, unsigned seconds, unsigned pause, unsigned pause_most)
{
    uint64_t now = (uint64_t)clock_mono_ms();
    uint64_t trial = atomic_load(&b->header->trial);
    uint64_t last = trial >> 8 & 0xFF;
    bool is_vain = (trial & 0xFF) >= there && poll_interval_count(atomic_load(&b->header->round)) > 1;
    uint64_t next = !is_vain ? pause : last * 2 > pause_most ? pause_most : last * 2 < pause ? pause : last * 2;
    uint64_t until = now + ((uint64_t)seconds + next) * 1000;
    return now >= trial >> 16 &&
           atomic_compare_exchange_strong(&b->header->trial, &trial, until << 16 | (next & 0xFF) << 8 | (there & 0xFF));
}
