/* server_kind.h - which kind of server sends the requests, and so what a waiting one keeps busy.
 *
 * There are three kinds, recognised while running:
 *   - a FastCGI process that gets many requests at once (lighttpd, nginx, Caddy): a waiting request
 *     takes some 100 bytes and a descriptor here, and a connection of the web server;
 *   - the same behind Apache's mod_proxy_fcgi: it keeps one of Apache's workers busy besides;
 *   - a process that gets one request at a time (mod_fcgid) or only one at all (plain CGI): it
 *     keeps the process busy.
 * mod_fcgid can't be told by anything that it says. So where the server is none of those that are
 * known to send many requests, a process counts as one of the last kind until a second request
 * comes while one is waiting; mod_fcgid never lets that happen.
 * Threads: any; server_kind_init before there are others.
 */
#ifndef SERVER_KIND_H
#define SERVER_KIND_H

#include "system/allowance.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct request;

struct server_kind {
    bool fastcgi;
    atomic_bool gets_many;      /* seen: several requests came at the same time */
    atomic_bool has_own;        /* the last request had the process to itself */
    _Atomic int64_t arrived_us; /* monotonic: when the last request came */
};

void server_kind_init(struct server_kind *k, bool fastcgi);

/* FastCGI: a request has come. waiting: another one waits in this process. True: it has the process
 * to itself. */
bool server_kind_note_arrival(struct server_kind *k, const struct request *request, bool waiting);

/* What the request keeps busy while it waits. */
enum allowance_server server_kind_cost(const struct server_kind *k, const struct request *request);

/* The same for requests in general, by what the last one was: each keeps a process busy. */
bool server_kind_costs_process(const struct server_kind *k);

/* Output of the request reaches the client when it is written, as far as can be told from here.
 * mod_fcgid keeps back 64 KiB. */
bool server_kind_passes_output(const struct server_kind *k, const struct request *request);

bool server_kind_is_apache(const struct request *request);

/* For how long the last request has kept the process busy until now, in microseconds. */
uint64_t server_kind_busy_us(const struct server_kind *k);

#endif
