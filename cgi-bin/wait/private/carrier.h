/* carrier.h - how requests come to this process, and so what one of them keeps busy while it waits.
 *
 * There are three kinds, recognised while running:
 *   - a FastCGI process that gets many requests at once (lighttpd, nginx, Caddy): a waiting request
 *     takes some 100 bytes and a descriptor here, and a connection of the web server;
 *   - the same behind Apache's mod_proxy_fcgi: it keeps one of Apache's workers busy besides;
 *   - a process that gets one request at a time (mod_fcgid) or only one at all (plain CGI): it keeps
 *     the process busy.
 * mod_fcgid can't be told by anything that it says. So where the server is none of those that are
 * known to send many requests, a process counts as one of the last kind until a second request
 * comes while one is waiting; mod_fcgid never lets that happen.
 * Threads: any; carrier_init before there are others.
 */
#ifndef CARRIER_H
#define CARRIER_H

#include "system/allowance.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct request;

struct carrier {
    bool fastcgi;
    atomic_bool gets_many;      /* seen: several requests came at the same time */
    atomic_bool has_own;        /* the last request had the process to itself */
    _Atomic int64_t arrived_us; /* monotonic: when the last request came */
};

void carrier_init(struct carrier *c, bool fastcgi);

/* FastCGI: a request has come. waiting: another one waits in this process. */
void carrier_note_arrival(struct carrier *c, const struct request *x, bool waiting);

/* What x keeps busy while it waits. */
enum allowance_server carrier_cost(const struct carrier *c, const struct request *x);

/* The same for requests in general, by what the last one was: each keeps a process busy. */
bool carrier_costs_process(const struct carrier *c);

/* Output of x reaches the client when it is written, as far as can be told from here. mod_fcgid
 * keeps back 64 KiB. */
bool carrier_flows(const struct carrier *c, const struct request *x);

bool carrier_is_apache(const struct request *x);

/* For how long the last request has kept the process busy until now, in microseconds. */
uint64_t carrier_busy_us(const struct carrier *c);

#endif
