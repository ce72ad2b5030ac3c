/* server_kind.c - see server_kind.h. */
#include "wait/private/server_kind.h"

#include "base/clock.h"
#include "system/process.h"
#include "web/request.h"

#include <string.h>

void server_kind_init(struct server_kind *k, bool fastcgi)
{
    *k = (struct server_kind){.fastcgi = fastcgi};
}

static bool begins_with(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

bool server_kind_is_apache(const struct request *request)
{
    return begins_with(request_variable(request, "SERVER_SOFTWARE"), "Apache");
}

/* mod_proxy_fcgi sets SCRIPT_FILENAME to "proxy:fcgi://...", unless ProxyFCGIBackendType is set. */
static bool is_apache_proxy(const struct request *request)
{
    return begins_with(request_variable(request, "SCRIPT_FILENAME"), "proxy:");
}

/* These servers pass a request on when it comes, whatever the process has in work. */
static bool is_known_to_send_many(const struct request *request)
{
    static const char *const names[] = {"lighttpd", "nginx", "Caddy"};
    const char *software = request_variable(request, "SERVER_SOFTWARE");
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || begins_with(software, names[i]);
    }
    return found || is_apache_proxy(request);
}

static bool keeps_process(const struct server_kind *k, const struct request *request)
{
    return !k->fastcgi || (!atomic_load(&k->gets_many) && !is_known_to_send_many(request));
}

enum allowance_server server_kind_cost(const struct server_kind *k, const struct request *request)
{
    if (keeps_process(k, request)) {
        return ALLOWANCE_PROCESSES;
    }
    return server_kind_is_apache(request) ? ALLOWANCE_WORKERS : ALLOWANCE_CONNECTIONS;
}

bool server_kind_note_arrival(struct server_kind *k, const struct request *request, bool waiting)
{
    /* A request in work says nothing: its answer may be out already, and a server that sends one
     * request at a time sends the next as soon as it has that answer. */
    if (waiting) {
        atomic_store(&k->gets_many, true);
    }
    bool has_own = keeps_process(k, request);
    atomic_store(&k->arrived_us, clock_mono_us());
    atomic_store(&k->has_own, has_own);
    return has_own;
}

bool server_kind_costs_process(const struct server_kind *k)
{
    return !k->fastcgi || (atomic_load(&k->has_own) && !atomic_load(&k->gets_many));
}

bool server_kind_passes_output(const struct server_kind *k, const struct request *request)
{
    return !server_kind_is_apache(request) || is_apache_proxy(request) || atomic_load(&k->gets_many);
}

uint64_t server_kind_busy_us(const struct server_kind *k)
{
    if (!k->fastcgi) {
        return process_age_us();
    }
    int64_t arrived = atomic_load(&k->arrived_us); /* before the clock: a request may arrive in between */
    return (uint64_t)(clock_mono_us() - arrived);
}
