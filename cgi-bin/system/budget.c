/* budget.c - see budget.h. */
#include "system/budget.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MUCH = 4 * 1024 * 1024,
    /* an arena takes 64 MiB of address space and keeps what its threads once needed */
    ARENAS = 2,
    /* larger blocks are mapped, and go back to the system when they are freed */
    LARGE = 128 * 1024,
    TRIM = 1024 * 1024, /* free memory that an arena may keep at its end */
    PARTS =
        /* of what a limit leaves: the budget, what slow readers keep (shared_bytes.h), stacks,
         * everything else */
    4,
    ROOM = 8 * 1024 * 1024 /* a request needs: a stack, the store's page cache, what isn't counted */
};

static atomic_size_t in_work;
static atomic_size_t kept;
static atomic_bool was_much;        /* much was in work since memory was last given back */
static size_t available = SIZE_MAX; /* address space at the start */

/* The address space that this process uses, in bytes; 0: unknown. */
static size_t used_address_space(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) == NULL) {
            line[0] = '\0';
        }
        fclose(file);
    }
    return (size_t)strtoul(line, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

void budget_init(void)
{
    struct rlimit limit;
    bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    if (limited) {
        size_t used = used_address_space();
        available = limit.rlim_cur > used ? (size_t)limit.rlim_cur - used : 0;
    }
#ifdef M_ARENA_MAX
    (void)mallopt(M_ARENA_MAX, limited ? 1 : ARENAS);
    /* or glibc raises it up to 32 MiB, and keeps smaller blocks */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM);
#endif
}

size_t budget_part(size_t most)
{
    return most < available / PARTS ? most : available / PARTS;
}

bool budget_take(size_t bytes, size_t own)
{
    size_t most = budget_part(BUDGET_BYTES);
    size_t now = atomic_load(&in_work);
    if (budget_keeps_many()) {
        return false;
    }
    do {
        if (now > own && (bytes > most || now > most - bytes)) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&in_work, &now, now + bytes));
    if (now + bytes >= MUCH) {
        atomic_store(&was_much, true);
    }
    return true;
}

void budget_give_back(size_t bytes)
{
    if (bytes > 0) {
        atomic_fetch_sub(&in_work, bytes);
    }
}

void budget_keep(size_t bytes)
{
    atomic_fetch_add(&kept, bytes);
}

void budget_keep_no_more(size_t bytes)
{
    atomic_fetch_sub(&kept, bytes);
}

bool budget_keeps_many(void)
{
    return atomic_load(&kept) > budget_part(BUDGET_KEPT_MANY);
}

bool budget_keeps_too_many(void)
{
    return atomic_load(&kept) > budget_part(BUDGET_KEPT_MOST);
}

bool budget_has_room(void)
{
    if (available == SIZE_MAX) {
        return true;
    }
    void *room = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        return false;
    }
    munmap(room, ROOM);
    return true;
}

void budget_trim(void)
{
#ifdef M_ARENA_MAX
    if (atomic_load(&in_work) == 0 && atomic_exchange(&was_much, false)) {
        (void)malloc_trim(0);
    }
#endif
}
