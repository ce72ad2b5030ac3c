/* bell.c - see bell.h; the layout of the file is in private/bell_file.h. */
#include "shared/bell.h"

#include "base/ck.h"
#include "base/clock.h"
#include "shared/private/bell_file.h"
#include "shared/room_heads.h"
#include "shared/shm.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAYOUT = 3 };

#define MAGIC 0x6C6C656254414843ULL /* "CHATbell" */
#define FILE_BYTES (BELL_HEADER_BYTES + BELL_ROOMS * sizeof(struct bell_room))

/* ---- the file ---- */

static void fill_header(struct bell_header *h, const char *boot, const char *epoch)
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

/* Is a mapped file like a new one would be? */
static bool is_usable(const void *bytes, const void *first)
{
    const struct bell_header *h = bytes;
    const struct bell_header *ours = first;
    return atomic_load_explicit(&h->ready, memory_order_acquire) == 1 && h->magic == ours->magic &&
           h->layout == ours->layout && h->rooms == ours->rooms && strncmp(h->boot, ours->boot, sizeof h->boot) == 0 &&
           strncmp(h->epoch, ours->epoch, sizeof h->epoch) == 0;
}

static struct bell *make_bell(struct shm *map)
{
    struct bell *b = ck_calloc(1, sizeof *b);
    b->map = map;
    b->header = shm_bytes(map);
    b->rooms = (struct bell_room *)((char *)shm_bytes(map) + BELL_HEADER_BYTES);
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

struct bell *bell_open(const char *path, const char *epoch, struct err *e)
{
    char boot[SHM_BOOT_SIZE];
    struct bell_header header;
    const struct shm_new made = {.size = FILE_BYTES, .first = &header, .length = sizeof header, .is_usable = is_usable};
    shm_boot(boot);
    fill_header(&header, boot, epoch);
    struct shm *map = shm_map(path, &made, e);
    return map != NULL ? make_bell(map) : NULL;
}

struct bell *bell_open_as_it_is(const char *path)
{
    char boot[SHM_BOOT_SIZE];
    struct bell_header header;
    struct shm *map = shm_map_there(path, FILE_BYTES);
    if (map == NULL) {
        return NULL;
    }
    shm_boot(boot);
    fill_header(&header, boot, ((const struct bell_header *)shm_bytes(map))->epoch);
    if (!is_usable(shm_bytes(map), &header)) {
        shm_unmap(map);
        return NULL;
    }
    return make_bell(map);
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

void bell_abolish(const char *path)
{
    unlink(path);
}

/* ---- waiting ---- */

uint32_t bell_seen(const struct bell *b)
{
    return atomic_load(&b->header->rings);
}

int64_t bell_committed_at(const struct bell *b)
{
    return atomic_load(&b->header->committed_at);
}

uint64_t bell_rules(const struct bell *b)
{
    return atomic_load(&b->header->rules);
}

void bell_swap_rules(struct bell *b, uint64_t found, uint64_t rules)
{
    atomic_compare_exchange_strong(&b->header->rules, &found, rules);
}

bool bell_raise_rules(struct bell *b, uint64_t number)
{
    uint64_t found = bell_rules(b);
    while (found != 0 && found >> BELL_RULES_FLAGS < number) {
        if (atomic_compare_exchange_weak(&b->header->rules, &found, number << BELL_RULES_FLAGS)) {
            break;
        }
    }
    return found != 0;
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
        /* so a writer that died is found within a second */
        int64_t slice = left < 1000 ? left : 1000;
        bell_file_sleep(b->header, seen, slice);
        room_heads_has_writer(b);
    }
}
