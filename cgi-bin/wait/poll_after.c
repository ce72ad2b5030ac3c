/* poll_after.c - see poll_after.h. */
#include "wait/poll_after.h"

#include "shared/poll_interval.h"
#include "shared/poll_load.h"
#include "shared/slots.h"
#include "site/site.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "wait/private/wait_slots.h"
#include "wait/private/waiting_slots.h"

#include <stddef.h>

enum {
    MOST_S = 60,
    /* Where one process answers many requests: one poll a second for so many of the requests that
     * may wait; at least and at most so many (times poll_rate) in all. See rate_of. */
    WAITING_A_POLL = 15,
    CHEAP_POLLS_LEAST = 10,
    CHEAP_POLLS = 4,
};

/* How many polls a second the clients on the timer should make together, at least 1. Their
 * connections must fit into the web server's spare ones, which are a third of those that may wait
 * (allowance.c): lighttpd closes a connection up to five seconds after its answer unless the client
 * closes it first. */
static unsigned rate_of(const struct wait_slots *s, const struct request *request, const struct conf *conf)
{
    struct allowance allowed;
    wait_slots_allowance(s, request, conf, &allowed);
    unsigned rate = server_kind_is_apache(request) ? (unsigned)conf->poll_rate : allowed.most / WAITING_A_POLL;
    unsigned most = (unsigned)conf->poll_rate * CHEAP_POLLS;
    if (rate < CHEAP_POLLS_LEAST) {
        rate = CHEAP_POLLS_LEAST;
    }
    return rate < most ? rate : most;
}

/* How many plain CGI processes are there at once, without those that wait. A process can't see how
 * long its own start and end take, but it can count the processes that are there meanwhile. */
static unsigned overlap_in(const struct wait_slots *s, const struct bell *bell)
{
    const struct slots_count n = slots_count(bell);
    return s->server.fastcgi || n.there <= n.holding + 1 ? 1 : n.there - n.holding;
}

unsigned poll_after_seconds(struct waiting *w, const struct request *request, const struct conf *conf)
{
    struct wait_slots *s = waiting_slots(w);
    struct poll_interval_rules rules = {.least = (unsigned)conf->poll_after, .most = MOST_S};
    struct bell *bell = site_bell(s->site);
    uint64_t took = 0;
    if (bell == NULL) {
        return rules.least;
    }
    if (server_kind_cost(&s->server, request) == ALLOWANCE_PROCESSES) {
        took = server_kind_busy_us(&s->server);
        rules.rate = poll_interval_rate(poll_load_took(bell, took * overlap_in(s, bell)), (unsigned)conf->poll_rate);
    } else {
        rules.rate = rate_of(s, request, conf);
    }
    return poll_load_next(bell, wait_slots_client(s, request, conf), took, &rules);
}
