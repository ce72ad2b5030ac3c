/* bell.c - see bell.h.
 *
 * Layout of the file (all numbers in the host's byte order; the file never leaves its host):
 *   struct header, padded to HEADER_BYTES
 *   BELL_ROOMS times struct slot, open addressing by a hash of the room's name
 * A slot is claimed once and never freed before the file is made anew.
 */
#include "shared/bell.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "shared/poll_interval.h"
#include "shared/shm.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    LAYOUT = 3,
    SECONDS = 255,
    LONG_S = 10, /* twice as long as a writer waits for others by default */
    WRITERS = 64,
    HOLDS = 256,
    HEADER_BYTES = 4096,
    ASKED = 4096,    /* marks of clients; some of thousands share one, which makes the count a little low */
    SENDER_S = 3600, /* how long a process counts as there after it wrote, while it lives */
    SHOWN_S = 3600,  /* how long the greatest number of processes at once is remembered */
    TOOK_SHARE = 16, /* the latest poll makes this part of the average */
    ROOM_BYTES = 72,
    PROBES = 32, /* slots looked at for a room; the table is meant to be sparse */
    LOOK_FOR_DEAD_MS = 200,
    ABSENT = 256,
};

#define MAGIC 0x6C6C656254414843ULL /* "CHATbell" */

enum { SLOT_FREE = 0, SLOT_CLAIMED = 1, SLOT_READY = 2 };

/* `known` and its generation change together: a head of an older generation is forgotten. 16 bits of generation wrap after
 * 65,536 commits without a ring and deaths of writers, within one boot; a head that nobody tells of in all that time would be known again. */
struct slot {
    _Atomic uint32_t state;
    uint32_t reserved;
    _Atomic uint64_t known; /* generation << 48 | head; head < 2^48 */
    _Atomic uint64_t oldest;
    char room[ROOM_BYTES];
    uint64_t padding[4];
};

struct header {
    uint64_t magic;
    uint32_t layout;
    uint32_t rooms;
    char boot[SHM_BOOT_SIZE];
    char epoch[24];
    _Atomic uint32_t ready;      /* 1: all else is there */
    _Atomic uint32_t rings;      /* the futex word */
    _Atomic uint32_t generation; /* heads of another one are forgotten */
    uint32_t reserved;
    _Atomic uint64_t stamp;            /* of the files that the known heads belong to */
    _Atomic int64_t committed_at;      /* monotonic us: by the last writer, before it rang */
    _Atomic uint32_t writers[WRITERS]; /* process ids; 0: free */
    _Atomic uint64_t holds[HOLDS];     /* process id << 32 | second of the monotonic clock at which it ends; 0: free */
    /* Behind all else, so that 0 is what older programs left there: */
    _Atomic uint64_t round;               /* see bell_poll_interval */
    _Atomic uint64_t kept[BELL_KEPT];     /* as holds: processes that are there */
    _Atomic uint16_t hold_clients[HOLDS]; /* client of each of holds; 0: unknown */
    _Atomic uint64_t asked[ASKED / 64];   /* a bit for each client that asked in this round */
    _Atomic uint64_t sender;              /* as holds: the process that wrote last */
    _Atomic uint64_t left;                /* monotonic ms at which a process last left as one too many */
    /* bell_try: monotonic ms of the next trial << 16 | seconds of pause before it << 8 | processes at the last one */
    _Atomic uint64_t trial;
    _Atomic uint64_t shown;                 /* bell_show: monotonic second << 16 | processes */
    _Atomic uint64_t took;                  /* bell_took: average, us */
    _Atomic uint64_t work;                  /* us that polls of this round took together */
    _Atomic uint8_t writing_since[WRITERS]; /* second_of(); 0: unknown, the program is an older one */
};

#define FILE_BYTES (HEADER_BYTES + BELL_ROOMS * sizeof(struct slot))

static_assert(sizeof(struct slot) == 128, "a slot is two cache lines");
static_assert(sizeof(struct header) <= HEADER_BYTES, "the header fits");
static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "atomics work between processes");

/* A room that the database, read in this generation, didn't have. */
struct absent {
    uint64_t moment;
    char room[ROOM_BYTES];
};

struct bell {
    struct shm *map;
    struct header *header;
    struct slot *slots;
    _Atomic int64_t looked_for_dead;
    pthread_mutex_t lock;         /* of the next one */
    struct absent absent[ABSENT]; /* by hash, the latest one of each */
};

/* ---- the file ---- */

static void fill_header(struct header *h, const char *boot, const char *epoch)
{
    memset(h, 0, sizeof *h);
    h->magic = MAGIC;
    h->layout = LAYOUT;
    h->rooms = BELL_ROOMS;
    memcpy(h->boot, boot, sizeof h->boot);
    snprintf(h->epoch, sizeof h->epoch, "%s", epoch);
    atomic_store(&h->generation, 1);
    atomic_store(&h->ready, 1);
}

static bool is_usable(const struct header *h, const char *boot, const char *epoch)
{
    return atomic_load_explicit(&h->ready, memory_order_acquire) == 1 && h->magic == MAGIC && h->layout == LAYOUT &&
           h->rooms == BELL_ROOMS && strncmp(h->boot, boot, sizeof h->boot) == 0 &&
           strncmp(h->epoch, epoch, sizeof h->epoch) == 0;
}

/* Maps the file; one that isn't ours (another boot, epoch, layout) gives way to a new one. */
static struct shm *map_ours(const char *path, const char *epoch, struct err *e)
{
    char boot[SHM_BOOT_SIZE];
    struct header header;
    const struct shm_new made = {.size = FILE_BYTES, .first = &header, .length = sizeof header};
    shm_boot(boot);
    fill_header(&header, boot, epoch);
    for (int round = 0; round < 8; round++) {
        struct shm *map = shm_map(path, &made, e);
        if (map == NULL || is_usable(shm_bytes(map), boot, epoch)) {
            return map;
        }
        int renewed = shm_renew(map, &made, e);
        shm_unmap(map);
        if (renewed != 0) {
            return NULL;
        }
    }
    err_set(e, ERR_SYSTEM, "The file for wake-ups can't be readied.");
    return NULL;
}

static struct bell *make_bell(struct shm *map)
{
    struct bell *b = ck_calloc(1, sizeof *b);
    b->map = map;
    b->header = shm_bytes(map);
    b->slots = (struct slot *)((char *)shm_bytes(map) + HEADER_BYTES);
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

struct bell *bell_open(const char *path, const char *epoch, struct err *e)
{
    struct shm *map = map_ours(path, epoch, e);
    if (map == NULL) {
        return NULL;
    }
    return make_bell(map);
}

struct bell *bell_open_as_it_is(const char *path)
{
    char boot[SHM_BOOT_SIZE];
    struct shm *map = shm_map_there(path, FILE_BYTES);
    shm_boot(boot);
    if (map != NULL && !is_usable(shm_bytes(map), boot, ((const struct header *)shm_bytes(map))->epoch)) {
        shm_unmap(map);
        map = NULL;
    }
    return map != NULL ? make_bell(map) : NULL;
}

void bell_close(struct bell *b)
{
    if (b != NULL) {
        shm_unmap(b->map);
        pthread_mutex_destroy(&b->lock);
        free(b);
    }
}

const char *bell_epoch(const struct bell *b)
{
    return b->header->epoch;
}

bool bell_is_replaced(const struct bell *b)
{
    return shm_is_replaced(b->map);
}

/* ---- rooms ---- */

static uint32_t hash_of(const char *room)
{
    uint32_t hash = 2166136261U; /* FNV-1a, 32 bits (Fowler, Noll, Vo) */
    for (; *room != '\0'; room++) {
        hash = (hash ^ (unsigned char)*room) * 16777619U;
    }
    return hash;
}

/* The room's slot; with `make`, a free one is claimed for it. NULL: none. *unsure: there may be one in a moment, as a slot is being
 * named just now (or its namer died over it); otherwise the table is full around there, and stays so. */
static struct slot *find(struct bell *b, const char *room, bool make, bool *unsure)
{
    *unsure = false;
    uint32_t hash = hash_of(room);
    for (uint32_t i = 0; i < PROBES;) {
        struct slot *s = &b->slots[(hash + i) % BELL_ROOMS];
        uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);
        if (state == SLOT_READY && strncmp(s->room, room, ROOM_BYTES) == 0) {
            return s;
        }
        if (state == SLOT_FREE && !make) {
            return NULL;
        }
        if (state == SLOT_FREE && atomic_compare_exchange_strong(&s->state, &state, SLOT_CLAIMED)) {
            snprintf(s->room, ROOM_BYTES, "%s", room);
            atomic_store_explicit(&s->state, SLOT_READY, memory_order_release);
            return s;
        }
        if (state == SLOT_CLAIMED) {
            *unsure = true;
            return NULL;
        }
        if (state == SLOT_READY && strncmp(s->room, room, ROOM_BYTES) == 0) {
            return s; /* somebody was quicker to claim it, for the same room */
        }
        i++;
    }
    return NULL;
}

/* ---- heads ---- */

static uint64_t pack(uint32_t generation, uint64_t head)
{
    return (uint64_t)(generation & 0xFFFFU) << 48 | head;
}

static bool fits(uint64_t head)
{
    return head < (uint64_t)1 << 48;
}

/* Within a generation a head only rises, so a reader that was overtaken by a writer can't set it back. */
static void raise_known(struct slot *s, uint32_t generation, uint64_t head)
{
    uint64_t next = pack(generation, head);
    uint64_t known = atomic_load(&s->known);
    while ((known >> 48 != next >> 48 || known < next) && !atomic_compare_exchange_weak(&s->known, &known, next)) {
    }
}

static void ring(struct header *h)
{
    atomic_fetch_add(&h->rings, 1);
    syscall(SYS_futex, &h->rings, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* A writer that died may have committed without telling: nothing that is known can be trusted. */
static void bury(struct bell *b, uint32_t index, uint32_t pid)
{
    atomic_store(&b->header->writing_since[index], 0); /* not for the next writer that gets this place */
    if (atomic_compare_exchange_strong(&b->header->writers[index], &pid, 0)) {
        atomic_fetch_add(&b->header->generation, 1);
        ring(b->header);
    }
}

static bool is_dead(uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* 1 to SECONDS, round and round. */
static uint8_t second_of(int64_t mono_ms)
{
    return (uint8_t)(mono_ms / 1000 % SECONDS + 1);
}

/* A writer that takes so long is probably dead, and its process id in use by another process. One
 * that is only slow still rings in the end, and until then readers ask the store. */
static bool has_long_written(const struct bell *b, uint32_t index, int64_t now_ms)
{
    int since = atomic_load(&b->header->writing_since[index]);
    return since != 0 && (second_of(now_ms) - since + SECONDS) % SECONDS > LONG_S;
}

/* Somebody writes just now. Dead ones are looked for, though not by every reader at every look. */
bool bell_has_writer(struct bell *b)
{
    bool found = false;
    int64_t now = 0;
    for (uint32_t i = 0; i < WRITERS; i++) {
        uint32_t pid = atomic_load(&b->header->writers[i]);
        if (pid == 0) {
            continue;
        }
        found = true;
        now = now != 0 ? now : clock_mono_ms();
        if (now - atomic_load(&b->looked_for_dead) >= LOOK_FOR_DEAD_MS &&
            (is_dead(pid) || has_long_written(b, i, now))) {
            bury(b, i, pid);
        }
    }
    if (now != 0 && now - atomic_load(&b->looked_for_dead) >= LOOK_FOR_DEAD_MS) {
        atomic_store(&b->looked_for_dead, now);
    }
    return found;
}

uint32_t bell_seen(const struct bell *b)
{
    return atomic_load(&b->header->rings);
}

uint64_t bell_moment(const struct bell *b)
{
    return atomic_load(&b->header->generation);
}

static void note_absence(struct bell *b, uint64_t moment, const char *room)
{
    struct absent *a = &b->absent[hash_of(room) % ABSENT];
    pthread_mutex_lock(&b->lock);
    a->moment = moment;
    snprintf(a->room, ROOM_BYTES, "%s", room);
    pthread_mutex_unlock(&b->lock);
}

/* Whoever makes a room tells of it, in a free slot if there is one in reach, and slots are never given back. So when one is free now
 * and the room stands before none, nobody has told of it since the absence was noted. */
static bool is_absent(struct bell *b, uint64_t moment, const char *room)
{
    uint32_t hash = hash_of(room);
    const struct absent *a = &b->absent[hash % ABSENT];
    uint32_t state = SLOT_READY;
    for (uint32_t i = 0; i < PROBES && state == SLOT_READY; i++) {
        state = atomic_load_explicit(&b->slots[(hash + i) % BELL_ROOMS].state, memory_order_acquire);
    }
    pthread_mutex_lock(&b->lock);
    bool noted = a->moment == moment && strcmp(a->room, room) == 0;
    pthread_mutex_unlock(&b->lock);
    return noted && state == SLOT_FREE;
}

bool bell_look(struct bell *b, const char *room, uint64_t *head, uint64_t *oldest)
{
    if (bell_has_writer(b) || shm_is_lost(b->map)) {
        return false;
    }
    bool unsure = false;
    uint32_t generation = atomic_load(&b->header->generation);
    const struct slot *s = find(b, room, false, &unsure);
    if (s == NULL) {
        *head = 0;
        *oldest = 1;
        return !unsure && is_absent(b, generation, room);
    }
    uint64_t known = atomic_load(&s->known);
    *oldest = atomic_load(&s->oldest);
    *head = known & (((uint64_t)1 << 48) - 1);
    return known >> 48 == (generation & 0xFFFFU) && *oldest != 0;
}

void bell_learned(struct bell *b, uint64_t moment, const char *room, uint64_t head, uint64_t oldest)
{
    bool unsure = false;
    if (head == 0) {
        note_absence(b, moment, room);
        return;
    }
    struct slot *s = fits(head) ? find(b, room, true, &unsure) : NULL;
    if (s != NULL && atomic_load(&b->header->generation) == moment) {
        atomic_store(&s->oldest, oldest);
        raise_known(s, (uint32_t)moment, head);
    }
}

static uint64_t own_hold(unsigned seconds)
{
    return (uint64_t)(uint32_t)getpid() << 32 | ((uint64_t)clock_mono_ms() / 1000 + seconds + 1);
}

int bell_writing(struct bell *b)
{
    uint32_t pid = (uint32_t)getpid();
    atomic_store(&b->header->sender, own_hold(SENDER_S));
    for (int i = 0; i < WRITERS; i++) {
        uint32_t nobody = 0;
        if (atomic_compare_exchange_strong(&b->header->writers[i], &nobody, pid)) {
            atomic_store(&b->header->writing_since[i], second_of(clock_mono_ms()));
            return i;
        }
    }
    return -1; /* more writers than places: bell_done makes everybody forget instead */
}

void bell_wrote(struct bell *b, const char *room, uint64_t head)
{
    bool unsure = !fits(head);
    struct slot *s = unsure ? NULL : find(b, room, true, &unsure);
    if (s != NULL) {
        raise_known(s, atomic_load(&b->header->generation), head);
    } else if (unsure) {
        /* A reader may be making the room's slot, with the head that it read before this commit. (In a full table nobody
         * will, so there is nothing that could be stale.) */
        atomic_fetch_add(&b->header->generation, 1);
    }
}

void bell_done(struct bell *b, int token)
{
    uint32_t pid = (uint32_t)getpid();
    if (token < 0) {
        atomic_fetch_add(&b->header->generation, 1);
    } else {
        atomic_store(&b->header->writing_since[token], 0);
        atomic_compare_exchange_strong(&b->header->writers[token], &pid, 0);
    }
    atomic_store(&b->header->committed_at, clock_mono_us());
    ring(b->header);
}

int64_t bell_committed_at(const struct bell *b)
{
    return atomic_load(&b->header->committed_at);
}

uint64_t bell_stamp(const struct bell *b)
{
    return atomic_load(&b->header->stamp);
}

void bell_set_stamp(struct bell *b, uint64_t stamp)
{
    atomic_store(&b->header->stamp, stamp);
}

void bell_restamp(struct bell *b, uint64_t found, uint64_t stamp)
{
    atomic_compare_exchange_strong(&b->header->stamp, &found, stamp);
}

void bell_forget(struct bell *b)
{
    atomic_fetch_add(&b->header->generation, 1);
    ring(b->header);
}

void bell_abolish(const char *path)
{
    unlink(path);
}

/* ---- places ---- */

/* Free, or to be had: over its time, or its process is gone. */
static bool hold_is_over(uint64_t hold, uint64_t now_s)
{
    return hold == 0 || (hold & UINT32_MAX) <= now_s || is_dead((uint32_t)(hold >> 32));
}

/* The first `most` places are all there are: no counting, so nothing to race for but a place itself. */
static int take_place(_Atomic uint64_t *places, unsigned most, unsigned seconds)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    for (unsigned i = 0; i < most; i++) {
        uint64_t hold = atomic_load(&places[i]);
        if (hold_is_over(hold, now_s) && atomic_compare_exchange_strong(&places[i], &hold, own_hold(seconds))) {
            return (int)i;
        }
    }
    return -1;
}

static void give_back_place(_Atomic uint64_t *place)
{
    uint64_t hold = atomic_load(place);
    if (hold >> 32 == (uint32_t)getpid()) {
        atomic_compare_exchange_strong(place, &hold, 0);
    }
}

static unsigned count_taken(const _Atomic uint64_t *places, unsigned most)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    unsigned found = 0;
    for (unsigned i = 0; i < most; i++) {
        found += !hold_is_over(atomic_load(&places[i]), now_s);
    }
    return found;
}

static unsigned count_of_client(const struct bell *b, uint16_t client)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    unsigned found = 0;
    for (unsigned i = 0; i < HOLDS && client != 0; i++) {
        found += atomic_load(&b->header->hold_clients[i]) == client &&
                 !hold_is_over(atomic_load(&b->header->holds[i]), now_s);
    }
    return found;
}

/* The place is taken first and counted then: two requests at once may both count one too many, but
 * never one too few. */
int bell_hold(struct bell *b, const struct bell_for *w, unsigned seconds)
{
    int token = take_place(b->header->holds, w->most < HOLDS ? w->most : HOLDS, seconds);
    if (token >= 0) {
        atomic_store(&b->header->hold_clients[token], w->client);
        if (count_of_client(b, w->client) > w->most_per_client) {
            bell_release(b, token);
            return -1;
        }
    }
    return token;
}

bool bell_can_hold(const struct bell *b, const struct bell_for *w)
{
    uint64_t now_s = (uint64_t)clock_mono_ms() / 1000;
    bool found = false;
    for (unsigned i = 0; i < w->most && i < HOLDS && !found; i++) {
        found = hold_is_over(atomic_load(&b->header->holds[i]), now_s);
    }
    return found && (w->client == 0 || count_of_client(b, w->client) < w->most_per_client);
}

void bell_release(struct bell *b, int token)
{
    if (token >= 0) {
        give_back_place(&b->header->holds[token]);
    }
}

/* ---- processes ---- */

int bell_join(struct bell *b, unsigned seconds)
{
    return take_place(b->header->kept, BELL_KEPT, seconds);
}

bool bell_stay(struct bell *b, int token, unsigned seconds)
{
    uint64_t hold = atomic_load(&b->header->kept[token]);
    return hold >> 32 == (uint32_t)getpid() &&
           atomic_compare_exchange_strong(&b->header->kept[token], &hold, own_hold(seconds));
}

bool bell_leave(struct bell *b, int token, unsigned pause_ms)
{
    uint64_t now = (uint64_t)clock_mono_ms();
    uint64_t left = atomic_load(&b->header->left);
    if (now - left < pause_ms || !atomic_compare_exchange_strong(&b->header->left, &left, now)) {
        return false;
    }
    give_back_place(&b->header->kept[token]);
    return true;
}

struct bell_crew bell_crew(const struct bell *b)
{
    uint64_t sender = atomic_load(&b->header->sender);
    return (struct bell_crew){.there = count_taken(b->header->kept, BELL_KEPT),
                              .holding = count_taken(b->header->holds, HOLDS),
                              .turned_away = poll_interval_count(atomic_load(&b->header->round)),
                              .has_sender = !hold_is_over(sender, (uint64_t)clock_mono_ms() / 1000)};
}

unsigned bell_show(struct bell *b, unsigned there)
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

unsigned bell_shown(const struct bell *b)
{
    return (unsigned)(atomic_load(&b->header->shown) & 0xFFFF);
}

bool bell_try(struct bell *b, unsigned there, unsigned seconds, unsigned pause, unsigned pause_most)
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

/* ---- clients on a timer ---- */

/* True the first time in a round for each client. */
static bool is_new(struct header *h, uint16_t client)
{
    uint64_t bit = (uint64_t)1 << client % 64;
    return (atomic_fetch_or(&h->asked[client % ASKED / 64], bit) & bit) == 0;
}

static void begin_round(struct header *h, uint16_t client)
{
    atomic_store(&h->work, 0);
    for (size_t i = 0; i < ASKED / 64; i++) {
        atomic_store(&h->asked[i], 0);
    }
    (void)is_new(h, client);
}

unsigned bell_poll_interval(struct bell *b, uint16_t client, uint64_t took_us, const struct poll_interval_rules *rules)
{
    struct poll_interval_rules now_rules = *rules;
    int64_t now = clock_mono_ms();
    uint64_t work = atomic_fetch_add(&b->header->work, took_us) + took_us;
    uint64_t round = atomic_load(&b->header->round);
    uint64_t next = 0;
    bool is_hidden = client == 0 && took_us == 0; /* one of many behind a proxy, and nothing else tells how many */
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

unsigned bell_average(const struct bell *b)
{
    uint64_t took = atomic_load(&b->header->took);
    return took < UINT32_MAX ? (unsigned)took : UINT32_MAX;
}

unsigned bell_took(struct bell *b, uint64_t us)
{
    uint64_t took = atomic_load(&b->header->took);
    uint64_t next = took == 0 ? us : (took * (TOOK_SHARE - 1) + us) / TOOK_SHARE;
    atomic_compare_exchange_strong(&b->header->took, &took, next); /* of two at once one doesn't count */
    return bell_average(b);
}

int bell_wait(struct bell *b, uint32_t seen, int timeout_ms)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;
    for (;;) {
        if (bell_seen(b) != seen) {
            return 1;
        }
        int64_t left = deadline - clock_mono_ms();
        if (left <= 0) {
            return 0;
        }
        int64_t slice = left < 1000 ? left : 1000; /* a writer that died in between is found within a second */
        struct timespec limit = {.tv_sec = (time_t)(slice / 1000), .tv_nsec = (long)(slice % 1000) * 1000000L};
        syscall(SYS_futex, &b->header->rings, FUTEX_WAIT, seen, &limit, NULL, 0);
        bell_has_writer(b);
    }
}
