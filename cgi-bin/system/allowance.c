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
    out->seen = files < used ? files : used;
    if (conf->max_waiting != CONF_AUTO) {
        out->most = capped(conf->max_waiting);
        out->reason = ALLOWANCE_BY_MAX_WAITING;
        return;
    }
    out->programs = is_lighttpd ? process_siblings() : 1;
    out->most = capped(out->seen / FILES_SHARE / out->programs);
    out->reason = is_lighttpd ? ALLOWANCE_BY_LIGHTTPD : ALLOWANCE_BY_STOCK;
}

static void find_workers(struct allowance *out, const struct conf *conf, unsigned workers)
{
    bool is_set = conf->max_waiting_apache != CONF_AUTO;
    out->most = is_set ? capped(conf->max_waiting_apache) : apache_workers_share(workers);
    out->reason = is_set ? ALLOWANCE_BY_MAX_WAITING_APACHE : ALLOWANCE_BY_APACHE;
    out->seen = workers;
}

static void find_processes(struct allowance *out, const struct conf *conf)
{
    out->most = process_limit_polls(conf);
    out->reason = conf->max_held != CONF_AUTO ? ALLOWANCE_BY_MAX_HELD : ALLOWANCE_BY_HOST;
}

void allowance_find(struct allowance *out, enum allowance_server server, const struct conf *conf, unsigned workers)
{
    *out = (struct allowance){.most = 0};
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

static void tell_lighttpd(const struct allowance *a, char out[ALLOWANCE_WHY_SIZE])
{
    snprintf(out, ALLOWANCE_WHY_SIZE,
             "three quarters of the connections that lighttpd admits with %llu open files%s; for more, raise "
             "server.max-fds and then max_waiting",
             (unsigned long long)a->seen, a->programs > 1 ? ", shared with its other programs of this name" : "");
}

static void tell_apache(const struct allowance *a, char out[ALLOWANCE_WHY_SIZE])
{
    snprintf(out, ALLOWANCE_WHY_SIZE,
             "a third of the %llu workers that Apache has just now; for more, raise its MaxRequestWorkers",
             (unsigned long long)a->seen);
}

void allowance_why(const struct allowance *a, char out[ALLOWANCE_WHY_SIZE])
{
    static const char *const words[] = {
        [ALLOWANCE_BY_MAX_WAITING] = "the setting max_waiting says so",
        [ALLOWANCE_BY_MAX_WAITING_APACHE] = "the setting max_waiting_apache says so",
        [ALLOWANCE_BY_MAX_HELD] = "the setting max_held says so; each keeps a process busy",
        [ALLOWANCE_BY_STOCK] = "what a web server with its stock settings has room for; for more, raise its limit of "
                               "connections and then max_waiting",
        [ALLOWANCE_BY_APACHE] = "few, as Apache's processes can't be seen from here; for more, set max_waiting_apache "
                                "below Apache's ThreadsPerChild",
        [ALLOWANCE_BY_HOST] = "at most; each keeps a process busy, and two stay free: one to answer, one to send",
    };
    if (a->reason == ALLOWANCE_BY_LIGHTTPD) {
        tell_lighttpd(a, out);
    } else if (a->reason == ALLOWANCE_BY_APACHE && a->seen > 0) {
        tell_apache(a, out);
    } else {
        snprintf(out, ALLOWANCE_WHY_SIZE, "%s", words[a->reason]);
    }
}
