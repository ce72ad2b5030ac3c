/* process.h - does a process still live, by the number that it left in a mapped file?
 *
 * Threads: any.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* False also while another process has the number by now. */
static inline bool process_is_gone(uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

#endif
