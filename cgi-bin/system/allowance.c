/* allowance.c - see allowance.h. */
#include "system/allowance.h"

#include "system/apache_workers.h"
#include "system/conf.h"
#include "system/process.h"
#include "system/process_limit.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    /* lighttpd uses at most so many open files unless server.max-fds says otherwise */
    LIGHTTPD_FILES = 4096,
    /* assumed for other servers: stock nginx has 512 to 1024 connections, and a wait takes two */
    OTHER_FILES = 1000,
    /* of the files: lighttpd admits a third as connections, of which three quarters may wait */
    FILES_SHARE = 4,
    CLIENT_SHARE = 4, /* of all requests that may wait, for one address */
    CLIENT_MOST = 100,
};

static unsigned capped(uint64_t number)
{
    return number < UINT32_MAX ? (unsigned)number : UINT32_MAX;
}

static unsigned client_share(unsigned most)
{
    unsigned share = most / CLIENT_SHARE;
    return share == 0 ? 1 : share < CLIENT_MOST ? share : CLIENT_MOST;
}

/* Only the limit of a lighttpd that has started this program is known. */
static void find_connections(struct allowance *out, const struct conf *conf)
{
    uint64_t files = process_open_files();
    bool is_lighttpd = process_is_started_by("lighttpd");
    uint64_t used = is_lighttpd ? LIGHTTPD_FILES : OTHER_FILES;
    used = files < used ? files : used;
    if (conf->max_waiting != CONF_AUTO) {
        out->most = capped(conf->max_waiting);
        snprintf(out->why, sizeof out->why, "the setting max_waiting says so");
    } else if (is_lighttpd) {
        unsigned programs = process_siblings();
        out->most = capped(used / FILES_SHARE / programs);
        snprintf(out->why, sizeof out->why,
                 "three quarters of the connections that lighttpd admits with %llu open files%s; for more, raise "
                 "server.max-fds and then max_waiting",
                 (unsigned long long)used, programs > 1 ? ", shared with its other programs of this name" : "");
    } else {
        out->most = capped(used / FILES_SHARE);
        snprintf(out->why, sizeof out->why,
                 "what a web server with its stock settings has room for; for more, raise its limit of connections and "
                 "then max_waiting");
    }
}

static void find_workers(struct allowance *out, const struct conf *conf, unsigned workers)
{
    if (conf->max_waiting_apache != CONF_AUTO) {
        out->most = capped(conf->max_waiting_apache);
        snprintf(out->why, sizeof out->why, "the setting max_waiting_apache says so");
        return;
    }
    out->most = apache_workers_share(workers);
    if (workers == 0) {
        snprintf(out->why, sizeof out->why,
                 "few, as Apache's processes can't be seen from here; for more, set max_waiting_apache below "
                 "Apache's ThreadsPerChild");
    } else {
        snprintf(out->why, sizeof out->why,
                 "a third of the %u workers that Apache has just now; for more, raise its MaxRequestWorkers", workers);
    }
}

static void find_processes(struct allowance *out, const struct conf *conf)
{
    out->most = process_limit_polls(conf);
    if (conf->max_held != CONF_AUTO) {
        snprintf(out->why, sizeof out->why, "the setting max_held says so; each keeps a process busy");
    } else {
        snprintf(out->why, sizeof out->why,
                 "at most; each keeps a process busy, and two stay free: one to answer, one to send");
    }
}

void allowance_find(struct allowance *out, enum allowance_server server, const struct conf *conf, unsigned workers)
{
    switch (server) {
    case ALLOWANCE_CONNECTIONS:
        find_connections(out, conf);
        break;
    case ALLOWANCE_WORKERS:
        find_workers(out, conf, workers);
        break;
    case ALLOWANCE_PROCESSES:
        find_processes(out, conf);
        break;
    }
    out->most_per_client = conf->max_waiting_per_client != CONF_AUTO ? capped(conf->max_waiting_per_client)
                                                                     : client_share(out->most);
}
