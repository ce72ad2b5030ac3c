/* allowance.h - how many requests may wait at once, and why: what `auto` means for the settings
 * max_waiting and max_waiting_apache.
 *
 * A waiting request costs the program next to nothing, but it takes a connection or a worker of the
 * web server away from all other visitors and sites of that server. So the numbers are shares of
 * what the server has, as far as that is known.
 * Depends on nothing else but the limits of the process (process.h, process_limit.h). Threads: any.
 */
#ifndef ALLOWANCE_H
#define ALLOWANCE_H

#include <stdint.h>

struct conf;

enum allowance_server {
    /* it passes on all requests at once (lighttpd, nginx, Caddy): a wait takes a connection */
    ALLOWANCE_CONNECTIONS,
    ALLOWANCE_WORKERS,   /* Apache's mod_proxy_fcgi: a wait takes a worker */
    ALLOWANCE_PROCESSES, /* one request at a time for each process: a wait takes the process */
};

enum { ALLOWANCE_WHY_SIZE = 256 };

struct allowance {
    unsigned most; /* waiting requests at once */
    /* of one address; auto: a quarter of `most`, at least 1, at most 100 */
    unsigned most_per_client;
    char why[ALLOWANCE_WHY_SIZE]; /* the reason, for the owner; names no path */
};

/* Fills *out. workers: how many of the server's workers can be seen (apache_workers.h), or 0; used
 * with ALLOWANCE_WORKERS only. Can't fail. */
void allowance_find(struct allowance *out, enum allowance_server server, const struct conf *conf, unsigned workers);

#endif
