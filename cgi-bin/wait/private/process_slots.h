/* process_slots.h - how many polls a site lets wait where each of them keeps a process: rules over
 * what slots.h counts.
 *
 * The programs can't see how many processes a host allows: there are accounts with five in all, and
 * with five for each program. A process that runs already was allowed. So with max_held = auto:
 *   - FastCGI (mod_fcgid, whose processes stay): one poll may always wait. A further one waits only
 *     while enough processes of poll are free: one if a process of send is there, else two, so that
 *     one can answer and one can send. If too few are free, a poll may wait for some seconds as a
 *     trial: a request that comes meanwhile makes the host start another process, if the host
 *     allows it, and then the next poll may wait for the whole time. After a trial that brought no
 *     further process although other clients wait for their turn, the next trial is much later.
 *     Processes that aren't needed end, and do so at once while no process of send is there.
 *   - Plain CGI: two polls may wait. Once more processes were seen at the same time, somewhat less
 *     than half of that number may wait, because all clients that are woken come back before their
 *     first processes have ended. While polls take long, it is two again.
 * It is never more than 6, nor more than a third of a limit that can be seen (process_limit.h). A
 * number in max_held is used as it is.
 * Threads and processes: any.
 */
#ifndef PROCESS_SLOTS_H
#define PROCESS_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

struct allowance;
struct bell;
struct conf;

struct process_slots_request {
    const struct conf *conf;
    const struct allowance *allowed; /* ALLOWANCE_PROCESSES */
    uint16_t client;                 /* see struct slots_request */
    bool stays;                      /* the process outlives the request: FastCGI */
};

/* Takes a slot for *seconds, which may become less. Returns a token for slots_release, or -1 when
 * no slot is free. */
int process_slots_take(struct bell *b, const struct process_slots_request *r, unsigned *seconds);

/* Would process_slots_take find a slot now, for the whole time? */
bool process_slots_are_free(const struct bell *b, const struct process_slots_request *r);

/* FastCGI. token: of slots_join, of this process, which is idle. True: the site has more processes
 * than it needs; this one is no longer counted, and is to end. */
bool process_slots_leave(struct bell *b, int token, const struct conf *conf);

#endif
