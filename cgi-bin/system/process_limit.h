/* process_limit.h - how many processes the host lets a site have, and how many polls may wait where
 * each of them keeps a process.
 *
 * The limits that can be seen are RLIMIT_NPROC (set by Apache's RLimitNPROC, for example) and
 * pids.max of the process's control group and of the groups around it (containers, systemd). Both
 * count threads as well. Limits that a host enforces by other means can't be seen from inside:
 * CloudLinux's entry processes, FcgidMaxProcesses. So the number of polls is small in any case.
 * Each program sees its own limits; a shell on the same host may have others than the programs that
 * the web server starts.
 * Threads: any.
 */
#ifndef PROCESS_LIMIT_H
#define PROCESS_LIMIT_H

#include <stdint.h>

struct conf;

/* The smallest limit that can be seen; 0: none. Looked up once in the life of a process. */
uint64_t process_limit_find(void);

/* How many polls may wait at once, in the whole site, where each keeps a process: the setting
 * max_held; with `auto` it is 6, or a third of the limit where that is less. */
unsigned process_limit_polls(const struct conf *c);

/* The number that `auto` stands for where the limit is `processes` (0: none is seen). Can't
 * fail. */
unsigned process_limit_polls_of(uint64_t processes);

/* The smallest pids.max of a control group and of those around it. root: where control groups are
 * mounted; groups: the text of /proc/self/cgroup. 0: none. */
uint64_t process_limit_of_groups(const char *root, const char *groups);

#endif
