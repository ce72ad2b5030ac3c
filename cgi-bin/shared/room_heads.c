/* room_heads.c - see room_heads.h; the layout of the file is in private/bell_file.h. */
#include "shared/room_heads.h"

#include "base/clock.h"
#include "shared/private/bell_file.h"
#include "shared/private/process.h"
#include "shared/shm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SECONDS = 255,
    LONG_S = 10,     /* seconds; twice as long as a writer waits for others by default */
    SENDER_S = 3600, /* how long a process counts as a sender after it wrote, while it lives */
    PROBES = 32,     /* entries that are looked at for a room; the table is meant to be sparse */
    LOOK_FOR_DEAD_MS = 200,
};

static_assert((int)ROOM_HEADS_MOST == (int)BELL_ROOMS, "all entries are used");
static_assert((int)ROOM_HEADS_ABSENT == (int)BELL_ABSENT, "all entries are told");

/* ---- rooms ---- */

static uint32_t hash_of(const char *room)
{
    uint32_t hash = 2166136261U; /* FNV-1a, 32 bits (Fowler, Noll, Vo) */
    for (; *room != '\0'; room++) {
        hash = (hash ^ (unsigned char)*room) * 16777619U;
    }
    return hash;
}

/* Returns the room's entry. With `make`, a free entry is claimed for the room. NULL: there is none.
 * *unsure: there may be one in a moment, because another thread is writing a name into an entry
 * just now (or died while it did). Otherwise the table is full around there, and stays so. */
static struct bell_room *find(struct bell *b, const char *room, bool make, bool *unsure)
{
    *unsure = false;
    uint32_t hash = hash_of(room);
    for (uint32_t i = 0; i < PROBES;) {
        struct bell_room *s = &b->rooms[(hash + i) % BELL_ROOMS];
        uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);
        if (state == BELL_ROOM_READY && strncmp(s->room, room, BELL_ROOM_BYTES) == 0) {
            return s;
        }
        if (state == BELL_ROOM_FREE && !make) {
            return NULL;
        }
        if (state == BELL_ROOM_FREE && atomic_compare_exchange_strong(&s->state, &state, BELL_ROOM_CLAIMED)) {
            snprintf(s->room, BELL_ROOM_BYTES, "%s", room);
            atomic_store_explicit(&s->state, BELL_ROOM_READY, memory_order_release);
            return s;
        }
        if (state == BELL_ROOM_CLAIMED) {
            *unsure = true;
            return NULL;
        }
        if (state == BELL_ROOM_READY && strncmp(s->room, room, BELL_ROOM_BYTES) == 0) {
            return s; /* another thread claimed the entry first, for the same room */
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

/* Within a generation a head only rises, so a reader that a writer overtook can't lower it. */
static void raise_known(struct bell_room *s, uint32_t generation, uint64_t head)
{
    uint64_t next = pack(generation, head);
    uint64_t known = atomic_load(&s->known);
    while ((known >> 48 != next >> 48 || known < next) && !atomic_compare_exchange_weak(&s->known, &known, next)) {
    }
}

static void note_absence(struct bell *b, uint64_t moment, const char *room)
{
    struct bell_absent *a = &b->absent[hash_of(room) % BELL_ABSENT];
    pthread_mutex_lock(&b->lock);
    a->moment = moment;
    snprintf(a->room, BELL_ROOM_BYTES, "%s", room);
    pthread_mutex_unlock(&b->lock);
}

/* A writer that makes a room enters it in the first free entry in reach, and entries are never
 * freed. So if there is a free entry now and the room does not stand before it, no writer has made
 * the room since its absence was recorded. */
static bool is_absent(struct bell *b, uint64_t moment, const char *room)
{
    uint32_t hash = hash_of(room);
    const struct bell_absent *a = &b->absent[hash % BELL_ABSENT];
    uint32_t state = BELL_ROOM_READY;
    for (uint32_t i = 0; i < PROBES && state == BELL_ROOM_READY; i++) {
        state = atomic_load_explicit(&b->rooms[(hash + i) % BELL_ROOMS].state, memory_order_acquire);
    }
    pthread_mutex_lock(&b->lock);
    bool noted = a->moment == moment && strcmp(a->room, room) == 0;
    pthread_mutex_unlock(&b->lock);
    return noted && state == BELL_ROOM_FREE;
}

bool room_heads_look(struct bell *b, const char *room, uint64_t *head, uint64_t *oldest)
{
    if (room_heads_has_writer(b) || shm_is_lost(b->map)) {
        return false;
    }
    bool unsure = false;
    uint32_t generation = atomic_load(&b->header->generation);
    const struct bell_room *s = find(b, room, false, &unsure);
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

uint64_t room_heads_moment(const struct bell *b)
{
    return atomic_load(&b->header->generation);
}

void room_heads_learned(struct bell *b, uint64_t moment, const char *room, uint64_t head, uint64_t oldest)
{
    bool unsure = false;
    if (head == 0) {
        note_absence(b, moment, room);
        return;
    }
    struct bell_room *s = fits(head) ? find(b, room, true, &unsure) : NULL;
    if (s != NULL && atomic_load(&b->header->generation) == moment) {
        atomic_store(&s->oldest, oldest);
        raise_known(s, (uint32_t)moment, head);
    }
}

/* ---- writers ---- */

/* The rules of such a commit are unknown as well. For the order see ask_store() in site_rules.c. */
static void begin_generation(struct bell *b)
{
    atomic_fetch_add(&b->header->generation, 1);
    atomic_store(&b->header->rules, 0);
    bell_file_ring(b->header);
}

/* A writer that died may have committed without a ring, so a new generation begins. */
static void bury(struct bell *b, uint32_t index, uint32_t pid)
{
    /* the time must not count for the next writer that gets this mark */
    atomic_store(&b->header->writing_since[index], 0);
    if (atomic_compare_exchange_strong(&b->header->writers[index], &pid, 0)) {
        begin_generation(b);
    }
}

/* 1 to SECONDS, then from 1 again. */
static uint8_t second_of(int64_t mono_ms)
{
    return (uint8_t)(mono_ms / 1000 % SECONDS + 1);
}

/* A writer that takes so long has probably died, and another process has its number now. A writer
 * that is only slow still rings in the end, and until then readers ask the database. */
static bool has_long_written(const struct bell *b, uint32_t index, int64_t now_ms)
{
    int since = atomic_load(&b->header->writing_since[index]);
    return since != 0 && (second_of(now_ms) - since + SECONDS) % SECONDS > LONG_S;
}

/* Not every call looks for writers that died: once in LOOK_FOR_DEAD_MS is enough. */
bool room_heads_has_other_writer(struct bell *b, int mark)
{
    bool found = false;
    int64_t now = 0;
    for (uint32_t i = 0; i < BELL_WRITERS; i++) {
        uint32_t pid = atomic_load(&b->header->writers[i]);
        if (pid == 0 || (int)i == mark) {
            continue;
        }
        found = true;
        now = now != 0 ? now : clock_mono_ms();
        if (now - atomic_load(&b->looked_for_dead) >= LOOK_FOR_DEAD_MS &&
            (process_is_gone(pid) || has_long_written(b, i, now))) {
            bury(b, i, pid);
        }
    }
    if (now != 0 && now - atomic_load(&b->looked_for_dead) >= LOOK_FOR_DEAD_MS) {
        atomic_store(&b->looked_for_dead, now);
    }
    return found;
}

/* Without a branch for each mark: every poll asks, and nearly always there is none. */
static bool has_mark(const struct bell *b)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < BELL_WRITERS; i++) {
        any |= atomic_load(&b->header->writers[i]);
    }
    return any != 0;
}

bool room_heads_has_writer(struct bell *b)
{
    return has_mark(b) && room_heads_has_other_writer(b, -1);
}

int room_heads_begin_commit(struct bell *b)
{
    uint32_t pid = (uint32_t)getpid();
    atomic_store(&b->header->sender, bell_file_own_mark(SENDER_S));
    for (int i = 0; i < BELL_WRITERS; i++) {
        uint32_t nobody = 0;
        if (atomic_compare_exchange_strong(&b->header->writers[i], &nobody, pid)) {
            atomic_store(&b->header->writing_since[i], second_of(clock_mono_ms()));
            return i;
        }
    }
    return -1; /* more writers than marks: room_heads_end_commit begins a new generation instead */
}

void room_heads_raise(struct bell *b, const char *room, uint64_t head)
{
    bool unsure = !fits(head);
    struct bell_room *s = unsure ? NULL : find(b, room, true, &unsure);
    if (s != NULL) {
        raise_known(s, atomic_load(&b->header->generation), head);
    } else if (unsure) {
        /* A reader may be making the room's entry with the head that it read before this commit.
         * (In a full table no reader can, so there is no head that could be stale.) */
        atomic_fetch_add(&b->header->generation, 1);
    }
}

void room_heads_end_commit(struct bell *b, int token)
{
    uint32_t pid = (uint32_t)getpid();
    if (token < 0) {
        atomic_fetch_add(&b->header->generation, 1);
    } else {
        atomic_store(&b->header->writing_since[token], 0);
        atomic_compare_exchange_strong(&b->header->writers[token], &pid, 0);
    }
    atomic_store(&b->header->committed_at, clock_mono_us());
    bell_file_ring(b->header);
}

/* ---- commits elsewhere ---- */

bool room_heads_hear(struct bell *b, const char *room, uint64_t head)
{
    bool unsure = false;
    const struct bell_room *s = find(b, room, false, &unsure);
    uint64_t known = s != NULL ? atomic_load(&s->known) : 0;
    bool is_known = s != NULL && known >> 48 == (atomic_load(&b->header->generation) & 0xFFFFU) &&
                    (known & (((uint64_t)1 << 48) - 1)) >= head;
    if (!is_known) {
        room_heads_raise(b, room, head);
    }
    return !is_known;
}

void room_heads_ring(struct bell *b)
{
    atomic_store(&b->header->committed_at, clock_mono_us());
    bell_file_ring(b->header);
}

const char *room_heads_next(const struct bell *b, const char *room)
{
    uint64_t generation = atomic_load(&b->header->generation) & 0xFFFFU;
    size_t i = 0;
    if (room != NULL) {
        i = (size_t)(room - b->rooms[0].room) / sizeof b->rooms[0] + 1;
    }
    for (; i < BELL_ROOMS; i++) {
        const struct bell_room *s = &b->rooms[i];
        if (atomic_load_explicit(&s->state, memory_order_acquire) == BELL_ROOM_READY &&
            atomic_load(&s->known) >> 48 == generation) {
            return s->room;
        }
    }
    return NULL;
}

bool room_heads_absent(struct bell *b, size_t which, char *out, size_t size)
{
    const struct bell_absent *a = &b->absent[which];
    pthread_mutex_lock(&b->lock);
    bool is = a->room[0] != '\0' && a->moment == atomic_load(&b->header->generation);
    if (is) {
        snprintf(out, size, "%s", a->room);
    }
    pthread_mutex_unlock(&b->lock);
    return is;
}

/* ---- stamps ---- */

uint64_t room_heads_stamp(const struct bell *b)
{
    return atomic_load(&b->header->stamp);
}

void room_heads_set_stamp(struct bell *b, uint64_t stamp)
{
    atomic_store(&b->header->stamp, stamp);
}

void room_heads_restamp(struct bell *b, uint64_t found, uint64_t stamp)
{
    atomic_compare_exchange_strong(&b->header->stamp, &found, stamp);
}

void room_heads_forget(struct bell *b)
{
    begin_generation(b);
}
