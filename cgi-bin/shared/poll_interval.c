/* poll_interval.c - see poll_interval.h. */
#include "shared/poll_interval.h"

enum { TICK_MS = 64, COUNT_MAX = 0xFFFF, SECOND_US = 1000000 };

static uint32_t told_of(uint64_t round)
{
    return (uint32_t)(round & 0xFF);
}

static uint64_t passed_ms(uint64_t round, int64_t now_ms)
{
    uint32_t now = (uint32_t)(now_ms / TICK_MS);
    return (uint64_t)(uint32_t)(now - (uint32_t)(round >> 32)) * TICK_MS;
}

bool poll_interval_is_over(uint64_t round, int64_t now_ms)
{
    return round == 0 || passed_ms(round, now_ms) >= (uint64_t)told_of(round) * 1000;
}

static uint32_t smaller(uint64_t a, uint32_t b)
{
    return a < b ? (uint32_t)a : b;
}

static uint32_t needed(uint64_t clients, const struct poll_interval_rules *rules)
{
    uint64_t seconds = (clients + rules->rate - 1) / rules->rate;
    return seconds < rules->least ? rules->least : smaller(seconds, rules->most);
}

/* The seconds with which the last round's load would have been 100, if clients do as they are told.
 * 0: the load was less. */
static uint32_t eased(uint32_t told, const struct poll_interval_rules *rules)
{
    uint64_t seconds = ((uint64_t)told * rules->load + 99) / 100;
    return rules->load <= 100 ? 0 : smaller(seconds, smaller(rules->most, POLL_INTERVAL_LOAD_MOST));
}

unsigned poll_interval_load(uint64_t round, int64_t now_ms, uint64_t took_us)
{
    uint64_t passed = passed_ms(round, now_ms);
    uint64_t load = round == 0 || passed == 0 ? 0 : took_us / 10 / passed;
    return load < UINT32_MAX / 256 ? (unsigned)load : UINT32_MAX / 256;
}

static uint64_t clients_of(uint64_t round, int64_t now_ms)
{
    uint64_t passed = passed_ms(round, now_ms);
    uint32_t before = (uint32_t)(round >> 8 & 0xFF);
    uint32_t told = told_of(round);
    return round == 0 || passed == 0
               ? 0
               : (uint64_t)poll_interval_count(round) * (before > told ? before : told) * 1000 / passed;
}

uint64_t poll_interval_next(uint64_t round, int64_t now_ms, bool counts, const struct poll_interval_rules *rules)
{
    uint32_t began = (uint32_t)(round >> 32);
    uint32_t count = poll_interval_count(round);
    uint32_t before = (uint32_t)(round >> 8 & 0xFF);
    uint32_t told = told_of(round);
    if (poll_interval_is_over(round, now_ms)) {
        uint32_t by_load = eased(told, rules);
        before = told;
        told = needed(clients_of(round, now_ms), rules);
        told = by_load > told ? by_load : told;
        began = (uint32_t)(now_ms / TICK_MS);
        count = 0;
    }
    count += counts && count < COUNT_MAX;
    uint32_t more = needed(count, rules);
    told = more > told ? more : told;
    return (uint64_t)began << 32 | (uint64_t)count << 16 | before << 8 | told;
}

unsigned poll_interval_told(uint64_t round)
{
    return told_of(round);
}

unsigned poll_interval_count(uint64_t round)
{
    return (unsigned)(round >> 16 & COUNT_MAX);
}

unsigned poll_interval_rate(unsigned took_us, unsigned most)
{
    unsigned rate = took_us > 0 ? SECOND_US / took_us : most;
    return rate < 1 ? 1 : rate < most ? rate : most;
}
