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

enum allowance_reason {
    ALLOWANCE_BY_MAX_WAITING, /* a setting says so; likewise the next two */
    ALLOWANCE_BY_MAX_WAITING_APACHE,
    ALLOWANCE_BY_MAX_HELD,
    ALLOWANCE_BY_LIGHTTPD, /* the connections that it admits with `seen` open files */
    ALLOWANCE_BY_STOCK,    /* those of a web server with its stock settings */
    ALLOWANCE_BY_APACHE,   /* its `seen` workers; 0: they can't be seen */
    ALLOWANCE_BY_HOST,     /* its limit of processes */
};

struct allowance {
    unsigned most; /* waiting requests at once */
    /* of one address; auto: a quarter of `most`, at least 1, at most 100 */
    unsigned most_per_client;
    enum allowance_reason reason;
    uint64_t seen;
    unsigned programs; /* of lighttpd that share the files */
};

enum { ALLOWANCE_WHY_SIZE = 256 };

/* Fills *out. workers: how many of the server's workers can be seen (apache_workers.h), or 0; used
 * with ALLOWANCE_WORKERS only. Can't fail. */
void allowance_find(struct allowance *out, enum allowance_server server, const struct conf *conf, unsigned workers);

/* Writes the reason in words, for the owner. Names no path. */
void allowance_why(const struct allowance *a, char out[ALLOWANCE_WHY_SIZE]);

#endif
