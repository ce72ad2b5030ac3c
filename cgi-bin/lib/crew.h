/* crew.h - which processes of a site may hold a poll, where each request takes one: rules over what bell.h counts.
 *
 * What a host lets a site have can't be seen: accounts with five processes in all exist, or with five for each program. What is there
 * already has been allowed, so with max_held = auto
 *   - one poll is held. Beside that a process that stays (mod_fcgid) holds one only while another one of poll is there and holds none,
 *     and one of send is there, or else two of poll: one to answer, one to send. Where it is the last one it may try for some seconds: whoever comes meanwhile
 *     makes the host start another, if the host allows it, and the next one is held in full. Where that brings no further process
 *     although others wait for their turn, the next trial is much later. And processes that nobody needs leave, at once while
 *     none of send is there.
 *   - by plain CGI two may be held, and more once more processes were seen at once: somewhat less than half of them, as those
 *     who are woken are all back before their first processes have ended; and two again while polls take long.
 * Never more than 6, or a third of a limit that can be seen (host.h). A number in max_held holds so many, whatever is there.
 * Threads and processes: any.
 */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stdint.h>

struct allowance;
struct bell;
struct conf;

struct crew_request {
    const struct conf *conf;
    const struct allowance *allowed; /* ALLOWANCE_PROCESSES */
    uint16_t client;                 /* see struct bell_for */
    bool stays;                      /* FastCGI */
};

/* A place for *seconds, which may become less. -1: there is none. Otherwise a token for bell_release. */
int crew_hold(struct bell *b, const struct crew_request *r, unsigned *seconds);

/* Would there be one, for the whole time? */
bool crew_can_hold(const struct bell *b, const struct crew_request *r);

/* FastCGI: this process, there by `token` of bell_join and idle, is one more than the site needs. Then it is there no longer. */
bool crew_leaves(struct bell *b, int token, const struct conf *conf);

#endif
