/* limits.c - see limits.h.
 *
 * Layout of the file (all numbers in the host's byte order; the file never leaves its host): struct
 * limits_page. A cell is tag << 40 | time; 0: never used. A time counts sixteenths of a millisecond
 * since 2026 and wraps after 795 days, so times are compared by their difference: what lies ahead
 * by more than DEBT_MAX is a debt of long ago, or no debt at all.
 */
#include "shared/limits.h"

#include "base/ck.h"
#include "shared/shm.h"
#include "shared/site_key.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAYOUT = 1,
    WAYS = 8, /* cells of a set: one cache line */
    DEBT_SETS = 16384,
    SEEN_SETS = 8192,
    TICKS_PER_MS = 16,
    SEEN_DAYS = 30,
    TIME_BITS = 40,
};

#define MAGIC 0x74696D6C54414843ULL /* "CHATlimt" */
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define TICKS_PER_S (UINT64_C(1000) * TICKS_PER_MS)
#define SEEN_TICKS ((uint64_t)SEEN_DAYS * 86400 * TICKS_PER_S)
#define DEBT_MAX (SEEN_TICKS + 86400 * TICKS_PER_S)
#define BEGIN_MS INT64_C(1767225600000) /* 2026-01-01 */

struct set {
    _Atomic uint64_t cells[WAYS];
};

struct limits_page {
    _Atomic uint64_t magic;
    uint32_t layout;
    uint32_t reserved[13];
    struct set debts[DEBT_SETS];
    struct set seen[SEEN_SETS];
};

static_assert(sizeof(struct set) == 64 && offsetof(struct limits_page, debts) == 64, "a set is a cache line");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomics work between processes");

struct limits {
    struct shm *map; /* NULL: private */
    struct limits_page *page;
    struct site_key_hash hash;
};

/* ---- the file ---- */

static bool is_usable(const void *bytes, const void *first)
{
    const struct limits_page *p = bytes;
    (void)first;
    return atomic_load(&p->magic) == MAGIC && p->layout == LAYOUT;
}

static struct shm *map_shared(const char *path)
{
    const struct {
        uint64_t magic;
        uint32_t layout;
        uint32_t reserved;
    } first = {.magic = MAGIC, .layout = LAYOUT};
    const struct shm_new made = {
        .size = sizeof(struct limits_page), .first = &first, .length = sizeof first, .is_usable = is_usable};
    return shm_map(path, &made, NULL);
}

struct limits *limits_open(const char *path, const struct site_key_hash *hash)
{
    struct limits *l = ck_calloc(1, sizeof *l);
    l->hash = *hash;
    l->map = path != NULL ? map_shared(path) : NULL;
    l->page = l->map != NULL ? shm_bytes(l->map) : ck_calloc(1, sizeof *l->page);
    return l;
}

void limits_close(struct limits *l)
{
    if (l == NULL) {
        return;
    }
    if (l->map != NULL) {
        shm_unmap(l->map);
    } else {
        free(l->page);
    }
    free(l);
}

bool limits_are_shared(const struct limits *l)
{
    return l->map != NULL;
}

bool limits_are_replaced(const struct limits *l)
{
    return l->map != NULL && shm_is_replaced(l->map);
}

/* ---- cells ---- */

uint64_t limits_who(const struct limits *l, unsigned kind, const void *bytes, size_t length)
{
    unsigned char all[64 + sizeof kind];
    CK(length <= sizeof all - sizeof kind);
    memcpy(all, &kind, sizeof kind);
    memcpy(all + sizeof kind, bytes, length);
    return site_key_hash(&l->hash, all, sizeof kind + length);
}

static uint64_t ticks_of(int64_t now_ms)
{
    return (uint64_t)(now_ms - BEGIN_MS) * TICKS_PER_MS & TIME_MASK;
}

static uint64_t tag_of(uint64_t who)
{
    return who >> TIME_BITS;
}

/* How far the cell's time lies ahead; 0 if it has passed, or if it can't be right. */
static uint64_t ahead(uint64_t cell, uint64_t now)
{
    uint64_t difference = ((cell & TIME_MASK) - now) & TIME_MASK;
    return cell == 0 || difference > DEBT_MAX ? 0 : difference;
}

/* A cell that was found: where it is and what it was. */
struct found {
    _Atomic uint64_t *at;
    uint64_t was;
    bool is_own; /* false: the cell that has least to lose, for a new one */
};

static struct found find(struct set *set, uint64_t tag, uint64_t now)
{
    struct found f = {.at = NULL};
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t cell = atomic_load_explicit(&set->cells[i], memory_order_relaxed);
        if (cell != 0 && tag_of(cell) == tag) {
            return (struct found){.at = &set->cells[i], .was = cell, .is_own = true};
        }
        uint64_t debt = ahead(cell, now);
        if (debt < least) {
            least = debt;
            f.at = &set->cells[i];
            f.was = cell;
        }
    }
    return f;
}

static struct found find_debt(const struct limits *l, uint64_t who, uint64_t now)
{
    return find(&l->page->debts[who % DEBT_SETS], tag_of(who), now);
}

/* False: another process was faster, so the set has to be looked at again. */
static bool put(const struct found *f, uint64_t who, uint64_t time)
{
    uint64_t was = f->was;
    return atomic_compare_exchange_strong_explicit(f->at, &was, tag_of(who) << TIME_BITS | (time & TIME_MASK),
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* ---- debts ---- */

/* The time that pays off `amount` of what the rate allows, rounded up. */
static uint64_t time_of(const struct limits_rate *rate, uint64_t amount)
{
    const uint64_t most = DEBT_MAX / TICKS_PER_S;
    uint64_t whole = amount / rate->amount;
    if (rate->seconds == 0 || whole > most / rate->seconds) {
        return rate->seconds == 0 ? 0 : DEBT_MAX;
    }
    uint64_t part = amount % rate->amount * rate->seconds; /* below 2^50: an amount has 38 bits */
    return whole * rate->seconds * TICKS_PER_S + (part * TICKS_PER_S + rate->amount - 1) / rate->amount;
}

/* What a cell means for its rate, in ticks. */
struct account {
    uint64_t burst;
    uint64_t cost;
    uint64_t debt;
};

static struct account account_of(const struct limits_cell *c, const struct found *f, uint64_t now)
{
    struct account a = {.burst = time_of(&c->rate, c->rate.burst), .cost = time_of(&c->rate, c->cost)};
    a.cost = a.cost < a.burst ? a.cost : a.burst;
    a.debt = f->is_own ? ahead(f->was, now) : 0;
    a.debt = a.debt < a.burst ? a.debt : a.burst;
    return a;
}

/* How long until the cost fits, in ticks; 0: now. */
static uint64_t wait_of(const struct account *a)
{
    return a->debt + a->cost > a->burst ? a->debt + a->cost - a->burst : 0;
}

/* A debt above the burst is lowered to it, or it would not shrink for as long as the clock was put
 * back. */
static void lower(const struct limits_cell *c, const struct found *f, const struct account *a, uint64_t now)
{
    if (f->is_own && ahead(f->was, now) > a->burst) {
        (void)put(f, c->who, now + a->burst);
    }
}

/* 0, or the ticks to wait. */
static uint64_t look(const struct limits *l, const struct limits_cell *c, uint64_t now)
{
    if (c->rate.amount == 0) {
        return 0;
    }
    struct found f = find_debt(l, c->who, now);
    const struct account a = account_of(c, &f, now);
    uint64_t wait = wait_of(&a);
    if (wait > 0) {
        lower(c, &f, &a, now);
    }
    return wait;
}

static uint64_t take(struct limits *l, const struct limits_cell *c, uint64_t now)
{
    while (c->rate.amount != 0) {
        struct found f = find_debt(l, c->who, now);
        const struct account a = account_of(c, &f, now);
        uint64_t wait = wait_of(&a);
        if (wait > 0) {
            lower(c, &f, &a, now);
            return wait;
        }
        if (put(&f, c->who, now + a.debt + a.cost)) {
            return 0;
        }
    }
    return 0;
}

static void note(struct limits_refusal *refusal, size_t cell, uint64_t ticks)
{
    unsigned wait_s = (unsigned)((ticks + TICKS_PER_S - 1) / TICKS_PER_S);
    if (wait_s > refusal->wait_s) {
        refusal->cell = cell;
        refusal->wait_s = wait_s;
    }
}

int limits_look(const struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms,
                struct limits_refusal *refusal)
{
    uint64_t now = ticks_of(now_ms);
    *refusal = (struct limits_refusal){.wait_s = 0};
    for (size_t i = 0; i < count; i++) {
        note(refusal, i, look(l, &cells[i], now));
    }
    return refusal->wait_s == 0 ? 0 : -1;
}

int limits_take(struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms,
                struct limits_refusal *refusal)
{
    uint64_t now = ticks_of(now_ms);
    *refusal = (struct limits_refusal){.wait_s = 0};
    for (size_t i = 0; i < count && refusal->wait_s == 0; i++) {
        note(refusal, i, take(l, &cells[i], now));
        if (refusal->wait_s != 0) {
            limits_give_back(l, cells, i, now_ms);
        }
    }
    if (refusal->wait_s == 0) {
        return 0;
    }
    struct limits_refusal all;
    if (limits_look(l, cells, count, now_ms, &all) != 0) { /* a later cell may have to wait longer */
        *refusal = all;
    }
    return -1;
}

static void give_back(struct limits *l, const struct limits_cell *c, uint64_t now)
{
    while (c->rate.amount != 0) {
        struct found f = find_debt(l, c->who, now);
        const struct account a = account_of(c, &f, now);
        if (!f.is_own || put(&f, c->who, now + (a.debt > a.cost ? a.debt - a.cost : 0))) {
            return;
        }
    }
}

void limits_give_back(struct limits *l, const struct limits_cell *cells, size_t count, int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        give_back(l, &cells[i], ticks_of(now_ms));
    }
}

/* ---- who was seen ---- */

static struct found find_seen(const struct limits *l, uint64_t who, uint64_t now)
{
    return find(&l->page->seen[who % SEEN_SETS], tag_of(who), now);
}

/* A cell's time is 30 days after it was first seen; after that it is as free as one never used. */
int64_t limits_known_ms(const struct limits *l, uint64_t who, int64_t now_ms)
{
    uint64_t now = ticks_of(now_ms);
    struct found f = find_seen(l, who, now);
    uint64_t left = f.is_own ? ahead(f.was, now) : 0;
    return left == 0 ? -1 : left < SEEN_TICKS ? (int64_t)((SEEN_TICKS - left) / TICKS_PER_MS) : 0;
}

void limits_remember(struct limits *l, uint64_t who, int64_t now_ms)
{
    uint64_t now = ticks_of(now_ms);
    struct found f;
    do {
        f = find_seen(l, who, now);
    } while (!(f.is_own && ahead(f.was, now) > 0) && !put(&f, who, now + SEEN_TICKS));
}
