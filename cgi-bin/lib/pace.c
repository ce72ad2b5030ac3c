/* pace.c - see pace.h. */
#include "pace.h"

enum { TICK_MS = 64, COUNT_MAX = 0xFFFF };

uint64_t pace_next(uint64_t round, int64_t now_ms, unsigned least, unsigned most, unsigned rate)
{
    uint32_t now = (uint32_t)(now_ms / TICK_MS);
    uint32_t began = (uint32_t)(round >> 32);
    uint32_t count = (uint32_t)(round >> 16 & COUNT_MAX);
    uint32_t before = (uint32_t)(round >> 8 & 0xFF);
    uint32_t told = (uint32_t)(round & 0xFF);
    uint64_t passed_ms = (uint64_t)(uint32_t)(now - began) * TICK_MS;
    if (round == 0 || passed_ms >= (uint64_t)told * 1000) {
        uint64_t clients = round == 0 ? 0 : (uint64_t)count * (before > told ? before : told) * 1000 / passed_ms;
        uint64_t needed = (clients + rate - 1) / rate;
        before = told;
        told = needed < least ? least : needed < most ? (uint32_t)needed : most;
        began = now;
        count = 0;
    }
    count += count < COUNT_MAX;
    return (uint64_t)began << 32 | (uint64_t)count << 16 | before << 8 | told;
}

unsigned pace_told(uint64_t round)
{
    return (unsigned)(round & 0xFF);
}
