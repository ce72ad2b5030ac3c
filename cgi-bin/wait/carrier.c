/* carrier.c - see carrier.h. */
#include "wait/private/carrier.h"

#include "base/clock.h"
#include "system/process.h"
#include "web/request.h"

#include <string.h>

void carrier_init(struct carrier *c, bool fastcgi)
{
    *c = (struct carrier){.fastcgi = fastcgi};
}

static bool begins_with(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

bool carrier_is_apache(const struct request *x)
{
    return begins_with(request_variable(x, "SERVER_SOFTWARE"), "Apache");
}

/* mod_proxy_fcgi sets SCRIPT_FILENAME to "proxy:fcgi://...", unless ProxyFCGIBackendType is set. */
static bool is_apache_proxy(const struct request *x)
{
    return begins_with(request_variable(x, "SCRIPT_FILENAME"), "proxy:");
}

/* These servers pass a request on when it comes, whatever the process has in work. */
static bool is_known_to_send_many(const struct request *x)
{
    static const char *const names[] = {"lighttpd", "nginx", "Caddy"};
    const char *software = request_variable(x, "SERVER_SOFTWARE");
    bool found = is_apache_proxy(x);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || begins_with(software, names[i]);
    }
    return found;
}

static bool keeps_process(const struct carrier *c, const struct request *x)
{
    return !c->fastcgi || (!atomic_load(&c->gets_many) && !is_known_to_send_many(x));
}

enum allowance_server carrier_cost(const struct carrier *c, const struct request *x)
{
    if (keeps_process(c, x)) {
        return ALLOWANCE_PROCESSES;
    }
    return carrier_is_apache(x) ? ALLOWANCE_WORKERS : ALLOWANCE_CONNECTIONS;
}

void carrier_note_arrival(struct carrier *c, const struct request *x, bool waiting)
{
    /* A request in work says nothing: its answer may be out already, and a server that sends one
     * request at a time sends the next as soon as it has that answer. */
    if (waiting) {
        atomic_store(&c->gets_many, true);
    }
    atomic_store(&c->arrived_us, clock_mono_us());
    atomic_store(&c->has_own, keeps_process(c, x));
}

bool carrier_costs_process(const struct carrier *c)
{
    return !c->fastcgi || (atomic_load(&c->has_own) && !atomic_load(&c->gets_many));
}

bool carrier_flows(const struct carrier *c, const struct request *x)
{
    return !carrier_is_apache(x) || is_apache_proxy(x) || atomic_load(&c->gets_many);
}

uint64_t carrier_busy_us(const struct carrier *c)
{
    return c->fastcgi ? (uint64_t)(clock_mono_us() - atomic_load(&c->arrived_us)) : process_age_us();
}
