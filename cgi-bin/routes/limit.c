/* limit.c - see limit.h. */
#include "routes/limit.h"

#include "routes/local.h"
#include "routes/poll_program.h"
#include "site/limiter.h"
#include "site/site.h"
#include "wait/waiting.h"
#include "web/client.h"
#include "web/forwarded.h"
#include "web/request.h"

#include <string.h>

/* Loopback: a tunnel or a proxy that adds no header, since the client isn't local. A private
 * address with forwarding headers: a proxy. A public address counts, whatever headers it sends, as
 * any client can write them. */
static bool is_hidden(const struct request *request, const struct address *peer)
{
    return peer->length == ADDRESS_NONE || client_is_loopback(request_client(request)) ||
           (!request_has_trusted_proxy(request) && forwarded_is_hinted(request) && client_is_private(peer));
}

bool limit_network_is_hidden(const struct request *request)
{
    struct limiter_who who;
    limit_who(request, NULL, &who);
    return !who.is_local && who.network == LIMITER_UNKNOWN;
}

void limit_who(const struct request *request, const unsigned char *key, struct limiter_who *out)
{
    const char *client = request_client(request);
    *out = (struct limiter_who){
        .is_local = local_is(request), .network = LIMITER_KNOWN, .address = address_of(client), .has_key = key != NULL};
    if (key != NULL) {
        memcpy(out->key, key, sizeof out->key);
    }
    if (request_has_trusted_proxy(request) && client != NULL && strcmp(client, FORWARDED_UNKNOWN) == 0) {
        out->network = LIMITER_FORGED;
    } else if (is_hidden(request, &out->address)) {
        out->network = LIMITER_UNKNOWN;
    }
}

int limit_poll(const struct poll_program *p, const struct request *request, const unsigned char *key, struct err *e)
{
    struct limiter_who who;
    limit_who(request, key, &who);
    return limiter_poll(site_limiter(p->site), &who, waiting_costs_a_process(p->waiting), e);
}

int limit_stream(const struct poll_program *p, const struct request *request, const unsigned char *key, struct err *e)
{
    struct limiter_who who;
    limit_who(request, key, &who);
    return limiter_stream(site_limiter(p->site), &who, e);
}
