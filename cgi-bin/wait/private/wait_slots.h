/* wait_slots.h - what a request keeps busy while it waits: a process, or a worker of Apache.
 *
 * A request takes a slot before it waits and releases it afterwards. Slots of processes are counted
 * over the whole site, in the bell's file (slots.h, by the rules of process_slots.h); workers of
 * Apache are counted in this process (apache_workers.h). A request that keeps neither busy needs no
 * slot.
 * Threads: any; wait_slots_init before there are others.
 */
#ifndef WAIT_SLOTS_H
#define WAIT_SLOTS_H

#include "wait/private/server_kind.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct allowance;
struct apache_workers;
struct bell;
struct conf;
struct request;
struct site;

struct wait_slots {
    struct site *site;
    struct server_kind server;
    struct apache_workers *workers;
    _Atomic uint64_t seed; /* of the hash of addresses; 0: not loaded yet */
};

void wait_slots_init(struct wait_slots *s, struct site *site, bool fastcgi);
void wait_slots_fini(struct wait_slots *s);

/* Fills *out with how many requests may wait behind the server that the request comes from, and
 * why. */
void wait_slots_allowance(const struct wait_slots *s, const struct request *request, const struct conf *conf,
                          struct allowance *out);

/* A number for the client of the request, the same in all processes of the site. 0: unknown, or a
 * proxy on this machine, behind which all clients are. */
uint16_t wait_slots_client(struct wait_slots *s, const struct request *request, const struct conf *conf);

/* Takes a slot for the request. False: none is free. *token: to be released, or -1 where the
 * request needs none. The request waits for *seconds at most, which may become less. */
bool wait_slots_take(struct wait_slots *s, const struct request *request, unsigned *seconds, const struct conf *conf,
                     int *token);

/* The same for a stream, which may keep a worker busy but no process. */
bool wait_slots_take_worker(struct wait_slots *s, const struct request *request, const struct conf *conf, int *token);
void wait_slots_release(struct wait_slots *s, int token); /* -1 is fine */

/* Would wait_slots_take find a slot now, for the whole time? */
bool wait_slots_are_free(struct wait_slots *s, const struct request *request, const struct conf *conf);

/* Takes the slot of a process, at this bell. Returns a token for slots_release, or -1. */
int wait_slots_take_process(struct wait_slots *s, struct bell *bell, const struct request *request, unsigned *seconds,
                            const struct conf *conf);

#endif
