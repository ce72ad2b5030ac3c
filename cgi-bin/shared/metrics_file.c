/* metrics_file.c - see metrics_file.h.
 *
 * Layout of the file (all numbers in the host's byte order; the file never leaves its host): struct
 * page.
 */
#include "shared/metrics_file.h"

#include "base/ck.h"
#include "base/clock.h"
#include "shared/private/process.h"
#include "shared/shm.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LAYOUT = 3,
    SLOTS = 256, /* processes with gauges at once; gauges of further ones aren't counted */
    LINES = 32,  /* different lines of the log in a minute */
    LINE_AGAIN_MS = 60 * 1000,
};

#define MAGIC 0x796C6C6154414843ULL /* "CHATally" */

struct slot {
    _Atomic uint32_t pid; /* 0: free */
    uint32_t reserved;
    _Atomic int64_t gauge[METRICS_GAUGE__MAX];
};

struct spread {
    _Atomic uint64_t bucket[METRICS_BOUNDS + 1];
    _Atomic uint64_t sum;
};

/* A line of the log that was written. */
struct line {
    _Atomic uint64_t hash;     /* 0: free */
    _Atomic int64_t written;   /* monotonic ms */
    _Atomic uint64_t left_out; /* how often it was left out since then */
};

struct metrics_page {
    _Atomic uint64_t magic; /* set last when the file is made */
    uint32_t layout;
    uint32_t reserved;
    int64_t since;
    char boot[SHM_BOOT_SIZE]; /* process ids of another boot mean nothing */
    _Atomic uint64_t counter[METRICS_COUNTER__MAX];
    struct spread histogram[METRICS_HISTOGRAM__MAX];
    struct slot slots[SLOTS];
    struct line lines[LINES];
    _Atomic uint64_t lines_left_out; /* lines that had no room among them */
};

struct metrics_file {
    struct shm *map; /* NULL: private */
    struct metrics_page *page;
    struct slot *slot; /* of this process; NULL: all are taken */
};

/* Is a mapped file what a new one would be? */
static bool is_usable(const void *bytes, const void *first)
{
    const struct metrics_page *p = bytes;
    const struct metrics_page *ours = first;
    return atomic_load(&p->magic) == MAGIC && p->layout == ours->layout &&
           strncmp(p->boot, ours->boot, sizeof p->boot) == 0;
}

static void fill(struct metrics_page *p)
{
    p->layout = LAYOUT;
    p->since = clock_wall_ms();
    shm_boot(p->boot);
    atomic_store(&p->magic, MAGIC);
}

/* NULL when there is none. */
static struct shm *map_shared(const char *path)
{
    struct metrics_page page;
    const struct shm_new made = {.size = sizeof page, .first = &page, .length = sizeof page, .is_usable = is_usable};
    memset(&page, 0, sizeof page);
    fill(&page);
    return shm_map(path, &made, NULL);
}

/* ---- gauges ---- */

static struct slot *claim(struct metrics_page *p)
{
    uint32_t own = (uint32_t)getpid();
    for (size_t i = 0; i < SLOTS; i++) {
        uint32_t pid = atomic_load(&p->slots[i].pid);
        if ((pid == 0 || pid == own || process_is_gone(pid)) &&
            atomic_compare_exchange_strong(&p->slots[i].pid, &pid, own)) {
            for (size_t k = 0; k < METRICS_GAUGE__MAX; k++) {
                atomic_store(&p->slots[i].gauge[k], 0);
            }
            return &p->slots[i];
        }
    }
    return NULL;
}

struct metrics_file *metrics_file_open(const char *path)
{
    struct metrics_file *t = ck_calloc(1, sizeof *t);
    t->map = path != NULL ? map_shared(path) : NULL;
    if (t->map != NULL) {
        t->page = shm_bytes(t->map);
    } else {
        t->page = ck_calloc(1, sizeof *t->page);
        fill(t->page);
    }
    t->slot = claim(t->page);
    return t;
}

void metrics_file_close(struct metrics_file *t)
{
    if (t == NULL) {
        return;
    }
    if (t->slot != NULL) {
        atomic_store(&t->slot->pid, 0);
    }
    if (t->map != NULL) {
        shm_unmap(t->map);
    } else {
        free(t->page);
    }
    free(t);
}

/* ---- counting ---- */

void metrics_file_add(struct metrics_file *t, enum metrics_counter which, uint64_t n)
{
    if (t != NULL) {
        atomic_fetch_add_explicit(&t->page->counter[which], n, memory_order_relaxed);
    }
}

void metrics_file_observe(struct metrics_file *t, enum metrics_histogram which, uint64_t value, uint64_t times)
{
    if (t != NULL && times > 0) {
        struct spread *s = &t->page->histogram[which];
        atomic_fetch_add_explicit(&s->bucket[metrics_bucket(which, value)], times, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->sum, value * times, memory_order_relaxed);
    }
}

void metrics_file_gauge(struct metrics_file *t, enum metrics_gauge which, int change)
{
    if (t != NULL && t->slot != NULL) {
        atomic_fetch_add_explicit(&t->slot->gauge[which], change, memory_order_relaxed);
    }
}

/* ---- lines of the log ---- */

static struct line *line_of(struct metrics_page *p, uint64_t hash)
{
    for (size_t i = 0; i < LINES; i++) {
        if (atomic_load(&p->lines[i].hash) == hash) {
            return &p->lines[i];
        }
    }
    return NULL;
}

/* True for one of several processes that ask at the same time. */
static bool take_turn(struct line *l, int64_t now)
{
    int64_t before = atomic_load(&l->written);
    return (now < before || now - before >= LINE_AGAIN_MS) && atomic_compare_exchange_strong(&l->written, &before, now);
}

/* Takes an entry for a new line: a free one, or that of a line that was last written over a minute
 * ago. */
static bool take_place(struct metrics_page *p, uint64_t hash, int64_t now)
{
    for (size_t i = 0; i < LINES; i++) {
        uint64_t found = atomic_load(&p->lines[i].hash);
        if ((found == 0 && atomic_compare_exchange_strong(&p->lines[i].hash, &found, hash)) ||
            take_turn(&p->lines[i], now)) {
            atomic_store(&p->lines[i].hash, hash);
            atomic_store(&p->lines[i].written, now);
            atomic_store(&p->lines[i].left_out, 0);
            return true;
        }
    }
    return false;
}

bool metrics_file_line_is_due(struct metrics_file *t, uint64_t line, int64_t now, uint64_t *left_out)
{
    struct metrics_page *p = t->page;
    uint64_t hash = line != 0 ? line : 1;
    struct line *known = line_of(p, hash);
    if (known == NULL) {
        bool has_place = take_place(p, hash, now);
        *left_out = has_place ? atomic_exchange(&p->lines_left_out, 0) : 0;
        atomic_fetch_add(&p->lines_left_out, has_place ? 0 : 1);
        return has_place;
    }
    bool is_due = take_turn(known, now);
    *left_out = is_due ? atomic_exchange(&known->left_out, 0) : 0;
    atomic_fetch_add(&known->left_out, is_due ? 0 : 1);
    return is_due;
}

/* ---- reading ---- */

static void add_slot(const struct slot *s, struct metrics *out)
{
    for (size_t k = 0; k < METRICS_GAUGE__MAX; k++) {
        int64_t value = atomic_load(&s->gauge[k]);
        out->gauge[k] += value > 0 ? (uint64_t)value : 0;
    }
}

void metrics_file_read(struct metrics_file *t, struct metrics *out)
{
    *out = (struct metrics){0};
    for (size_t i = 0; i < METRICS_COUNTER__MAX; i++) {
        out->counter[i] = atomic_load(&t->page->counter[i]);
    }
    for (size_t i = 0; i < METRICS_HISTOGRAM__MAX; i++) {
        for (size_t k = 0; k <= METRICS_BOUNDS; k++) {
            out->histogram[i].bucket[k] = atomic_load(&t->page->histogram[i].bucket[k]);
        }
        out->histogram[i].sum = atomic_load(&t->page->histogram[i].sum);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        uint32_t pid = atomic_load(&t->page->slots[i].pid);
        if (pid != 0 && !process_is_gone(pid)) {
            add_slot(&t->page->slots[i], out);
        }
    }
}

int64_t metrics_file_since(const struct metrics_file *t)
{
    return t->page->since;
}

bool metrics_file_is_shared(const struct metrics_file *t)
{
    return t->map != NULL;
}

void metrics_file_add_all(struct metrics_file *t, struct metrics_file *from)
{
    struct metrics all;
    metrics_file_read(from, &all);
    for (size_t i = 0; i < METRICS_COUNTER__MAX; i++) {
        metrics_file_add(t, (enum metrics_counter)i, all.counter[i]);
    }
    for (size_t i = 0; i < METRICS_HISTOGRAM__MAX; i++) {
        for (size_t k = 0; k <= METRICS_BOUNDS; k++) {
            atomic_fetch_add(&t->page->histogram[i].bucket[k], all.histogram[i].bucket[k]);
        }
        atomic_fetch_add(&t->page->histogram[i].sum, all.histogram[i].sum);
    }
}

bool metrics_file_is_replaced(const struct metrics_file *t)
{
    return t->map != NULL && shm_is_replaced(t->map);
}

void metrics_file_move_gauges(struct metrics_file *to, struct metrics_file *from)
{
    for (size_t k = 0; from->slot != NULL && k < METRICS_GAUGE__MAX; k++) {
        /* these are lowered in the file in which they were raised */
        if (k != METRICS_QUEUED && k != METRICS_HEARING && k != METRICS_DEAF && k != METRICS_REPLICA_AWAY) {
            metrics_file_gauge(to, (enum metrics_gauge)k, (int)atomic_exchange(&from->slot->gauge[k], 0));
        }
    }
}
