/* wait_cgi.c - see wait_cgi.h. */
#include "wait/wait_cgi.h"

#include "base/ck.h"
#include "base/clock.h"
#include "shared/bell.h"
#include "shared/metrics_file.h"
#include "shared/room_heads.h"
#include "shared/slots.h"
#include "site/site.h"
#include "wait/private/wait_slots.h"
#include "wait/private/waiting_slots.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOK_MS = 500,  /* between two looks for a commit that didn't ring */
    PAUSE_MS = 100, /* after a look that found one, before the next sleep */
};

struct wait_cgi {
    struct site *site;
    struct bell *bell;
    uint32_t seen;    /* of the bell, when the caller last looked for news */
    bool out_of_step; /* the last sleep found a commit that didn't ring */
    pid_t parent;     /* the server's process that started this one */
    int token;        /* of slots.h */
};

struct wait_cgi *wait_cgi_begin(struct waiting *w, const struct request *request, unsigned seconds,
                                const struct conf *conf)
{
    struct wait_slots *slots = waiting_slots(w);
    struct bell *bell = seconds > 0 && !slots->server.fastcgi ? wait_slots_bell(slots) : NULL;
    if (bell == NULL) {
        return NULL;
    }
    pid_t parent = getppid();
    uint32_t seen = bell_seen(bell); /* before the caller looks once more */
    int token = wait_slots_take_process(slots, bell, request, &seconds, conf);
    if (token < 0) {
        return NULL;
    }
    struct wait_cgi *c = ck_calloc(1, sizeof *c);
    *c = (struct wait_cgi){.site = slots->site, .bell = bell, .seen = seen, .parent = parent, .token = token};
    metrics_file_gauge(site_metrics(c->site), METRICS_PARKED_POLLS, 1);
    return c;
}

/* The process that started this one has gone, or the others ring another bell. */
static bool is_forsaken(const struct wait_cgi *c)
{
    return getppid() != c->parent || bell_is_replaced(c->bell);
}

/* Another program has committed, or has put other files there, and will not ring. (A writer that is
 * in the middle of its commit will ring.) */
static bool is_out_of_step(const struct wait_cgi *c)
{
    uint64_t stamp = 0;
    return !room_heads_has_writer(c->bell) && site_bell_in_step(c->site, &stamp) == NULL &&
           !room_heads_has_writer(c->bell) && bell_seen(c->bell) == c->seen;
}

bool wait_cgi_sleep(struct wait_cgi *c, int timeout_ms)
{
    bool rung = false;
    while (timeout_ms > 0 && !is_forsaken(c) && !rung) {
        int slice = timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS;
        if (c->out_of_step) { /* all processes that find this ring, and each ring makes all others look */
            clock_sleep_ms(PAUSE_MS);
            c->out_of_step = false;
        }
        rung = bell_wait(c->bell, c->seen, slice) == 1;
        site_look_after(c->site);
        c->out_of_step = !rung && is_out_of_step(c);
        rung = rung || c->out_of_step;
        timeout_ms -= slice;
    }
    c->seen = bell_seen(c->bell);
    return !is_forsaken(c);
}

void wait_cgi_end(struct wait_cgi *c)
{
    metrics_file_gauge(site_metrics(c->site), METRICS_PARKED_POLLS, -1);
    slots_release(c->bell, c->token);
    free(c);
}
