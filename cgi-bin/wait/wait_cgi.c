/* wait_cgi.c - see wait_cgi.h. */
#include "wait/wait_cgi.h"

#include "base/ck.h"
#include "shared/metrics_file.h"
#include "shared/slots.h"
#include "site/positions.h"
#include "site/site.h"
#include "wait/private/wait_slots.h"
#include "wait/private/waiting_slots.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOOK_MS = 500 }; /* between two looks for a commit that didn't ring */

struct wait_cgi {
    struct site *site;
    struct positions_sleep sleep;
    pid_t parent; /* the server's process that started this one */
    int token;    /* of slots.h */
};

/* Opens the store, which stays open during the wait. If the database's log is removed meanwhile,
 * this may be the only process that still has it, and site_look_after puts it back. */
static struct bell *open_bell(struct site *site)
{
    struct store *handle = site_borrow(site, NULL);
    struct bell *bell = handle != NULL ? positions_bell_of(site_positions(site), handle) : NULL;
    if (handle != NULL) {
        site_return(site, handle);
    }
    return bell;
}

struct wait_cgi *wait_cgi_begin(struct waiting *w, const struct request *request, unsigned seconds,
                                const struct conf *conf)
{
    struct wait_slots *slots = waiting_slots(w);
    struct bell *bell = seconds > 0 && !slots->server.fastcgi ? open_bell(slots->site) : NULL;
    if (bell == NULL) {
        return NULL;
    }
    struct positions_sleep sleep;
    pid_t parent = getppid();
    positions_sleep_begin(&sleep, bell); /* before the caller looks once more */
    int token = wait_slots_take_process(slots, bell, request, &seconds, conf);
    if (token < 0) {
        return NULL;
    }
    struct wait_cgi *c = ck_calloc(1, sizeof *c);
    *c = (struct wait_cgi){.site = slots->site, .sleep = sleep, .parent = parent, .token = token};
    metrics_file_gauge(site_metrics(c->site), METRICS_PARKED_POLLS, 1);
    return c;
}

bool wait_cgi_sleep(struct wait_cgi *c, int timeout_ms)
{
    int woken = 0;
    for (int left = timeout_ms; left >= 0 && woken == 0 && getppid() == c->parent; left -= LOOK_MS) {
        woken = positions_sleep(site_positions(c->site), &c->sleep, left < LOOK_MS ? left : LOOK_MS);
        site_look_after(c->site);
    }
    return woken >= 0 && getppid() == c->parent;
}

void wait_cgi_end(struct wait_cgi *c)
{
    metrics_file_gauge(site_metrics(c->site), METRICS_PARKED_POLLS, -1);
    slots_release(c->sleep.bell, c->token);
    free(c);
}
