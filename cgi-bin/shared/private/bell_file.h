/* bell_file.h - the mapped file behind bell.h, room_heads.h, slots.h and poll_load.h: its layout,
 * and waking all sleepers.
 *
 * All numbers are in the host's byte order; the file never leaves its host. It is a struct
 * bell_header, padded to BELL_HEADER_BYTES, and BELL_ROOMS times a struct bell_room: a hash table
 * with open addressing by the room's name. An entry is claimed once and never freed while
 * the file exists. A file of another boot, epoch, size or layout gives way to a new one (shm.h).
 * Threads and processes: any.
 */
#ifndef BELL_FILE_H
#define BELL_FILE_H

#include "shared/shm.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    BELL_ROOMS = 4096,   /* rooms beyond that have no known head */
    BELL_PROCESSES = 64, /* processes that are there at once (slots.h) */
    BELL_WRITERS = 64,
    BELL_HOLDS = 256,
    BELL_HEADER_BYTES = 4096,
    /* marks of clients; some of thousands of clients share one, so the count is a little low */
    BELL_ASKED = 4096,
    BELL_ROOM_BYTES = 72,
    BELL_ABSENT = 256,
};

enum { BELL_ROOM_FREE = 0, BELL_ROOM_CLAIMED = 1, BELL_ROOM_READY = 2 };

/* `known` holds head and generation in one number, because they must change together: a head of an
 * older generation is unknown. 16 bits of generation wrap after 65,536 new generations within one
 * boot; a head that was not recorded in all that time would then be known again. */
struct bell_room {
    _Atomic uint32_t state;
    uint32_t reserved;
    _Atomic uint64_t known; /* generation << 48 | head; head < 2^48 */
    _Atomic uint64_t oldest;
    char room[BELL_ROOM_BYTES];
    uint64_t padding[4];
};

struct bell_header {
    uint64_t magic;
    uint32_t layout;
    uint32_t rooms;
    char boot[SHM_BOOT_SIZE];
    char epoch[24];
    _Atomic uint32_t ready;      /* 1: all other fields are set */
    _Atomic uint32_t rings;      /* the futex word */
    _Atomic uint32_t generation; /* heads of another generation are unknown */
    uint32_t reserved;
    _Atomic uint64_t stamp; /* of the files that the known heads belong to */
    /* monotonic us; the last writer sets it before it rings */
    _Atomic int64_t committed_at;
    _Atomic uint32_t writers[BELL_WRITERS]; /* process ids; 0: free */
    /* process id << 32 | second of the monotonic clock at which it ends; 0: free */
    _Atomic uint64_t holds[BELL_HOLDS];
    /* Added later, behind all other fields: an older program leaves 0 in them. */
    _Atomic uint64_t round;                    /* see poll_load_next */
    _Atomic uint64_t kept[BELL_PROCESSES];     /* as holds: processes that are there */
    _Atomic uint16_t hold_clients[BELL_HOLDS]; /* client of each of holds; 0: unknown */
    _Atomic uint64_t asked[BELL_ASKED / 64];   /* a bit for each client that asked in this round */
    _Atomic uint64_t sender;                   /* as holds: the process that wrote last */
    /* monotonic ms at which a process last left as one too many */
    _Atomic uint64_t left;
    /* slots_try: monotonic ms of the next trial << 16 | seconds of the pause before it << 8 |
     * processes at the last trial */
    _Atomic uint64_t trial;
    /* slots_show: monotonic second << 16 | processes */
    _Atomic uint64_t shown;
    _Atomic uint64_t took; /* poll_load_took: average, us */
    _Atomic uint64_t work; /* us that the polls of this round took together */
    /* second_of(); 0: unknown, the program is an older one */
    _Atomic uint8_t writing_since[BELL_WRITERS];
    _Atomic uint64_t rules; /* bell_rules; 0: unknown */
};

static_assert(sizeof(struct bell_room) == 128, "an entry is two cache lines");
static_assert(sizeof(struct bell_header) <= BELL_HEADER_BYTES, "the header fits");
static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "atomics work between processes");

/* A room that the database, read in this generation, didn't have. */
struct bell_absent {
    uint64_t moment;
    char room[BELL_ROOM_BYTES];
};

struct bell {
    struct shm *map;
    struct bell_header *header;
    struct bell_room *rooms;
    _Atomic int64_t looked_for_dead;        /* monotonic ms */
    pthread_mutex_t lock;                   /* guards absent */
    struct bell_absent absent[BELL_ABSENT]; /* by hash; the latest room for each */
};

/* Adds one to the counter and wakes all that sleep on it. */
void bell_file_ring(struct bell_header *h);

/* Sleeps until a ring, unless the counter differs from seen already, or for `ms` at most. */
void bell_file_sleep(struct bell_header *h, uint32_t seen, int64_t ms);

/* A mark of this process that lasts for `seconds` from now: process id << 32 | second of the
 * monotonic clock. */
uint64_t bell_file_own_mark(unsigned seconds);

/* True if the mark's time is up, or its process is gone, or there is no mark (0). */
bool bell_file_mark_is_over(uint64_t mark, uint64_t now_s);

#endif
