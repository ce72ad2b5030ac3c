/* bell_file.c - see private/bell_file.h. */
#include "shared/private/bell_file.h"

#include "base/clock.h"
#include "shared/private/process.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void bell_file_ring(struct bell_header *h)
{
    atomic_fetch_add(&h->rings, 1);
    syscall(SYS_futex, &h->rings, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void bell_file_sleep(struct bell_header *h, uint32_t seen, int64_t ms)
{
    struct timespec limit = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};
    syscall(SYS_futex, &h->rings, FUTEX_WAIT, seen, &limit, NULL, 0);
}

uint64_t bell_file_own_mark(unsigned seconds)
{
    return (uint64_t)(uint32_t)getpid() << 32 | ((uint64_t)clock_mono_ms() / 1000 + seconds + 1);
}

bool bell_file_mark_is_over(uint64_t mark, uint64_t now_s)
{
    return mark == 0 || (mark & UINT32_MAX) <= now_s || process_is_gone((uint32_t)(mark >> 32));
}
