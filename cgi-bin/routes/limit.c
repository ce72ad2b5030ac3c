/* limit.c - see limit.h. */
#include "routes/limit.h"

#include "base/hash.h"
#include "base/str.h"
#include "routes/local.h"
#include "site/limiter.h"
#include "site/site.h"
#include "system/conf.h"
#include "web/client.h"
#include "web/forwarded.h"
#include "web/request.h"

#include <string.h>

/* Loopback: a tunnel or a proxy that adds no header, since the client isn't local. A private
 * address with forwarding headers: a proxy. A public address counts, whatever headers it sends, as
 * any client can write them. */
static bool is_hidden(const struct request *request, const struct address *a)
{
    return a->length == ADDRESS_NONE || client_is_own(a) ||
           (!request_has_trusted_proxy(request) && client_is_private(a) && forwarded_is_hinted(request));
}

bool limit_network_is_hidden(const struct request *request)
{
    struct limiter_who who;
    limit_who(request, NULL, &who);
    return !who.is_local && who.network == LIMITER_UNKNOWN;
}

/* Every poll passes here, so the cheap questions come first. */
void limit_who(const struct request *request, const unsigned char *key, struct limiter_who *out)
{
    const char *client = request_client(request);
    *out = (struct limiter_who){.network = LIMITER_KNOWN, .address = address_of(client), .has_key = key != NULL};
    if (key != NULL) {
        memcpy(out->key, key, sizeof out->key);
    }
    out->is_local = client_is_own(&out->address) && local_is(request);
    if (out->address.length == ADDRESS_NONE && client != NULL && strcmp(client, FORWARDED_UNKNOWN) == 0) {
        out->network = LIMITER_FORGED;
    } else if (is_hidden(request, &out->address)) {
        out->network = LIMITER_UNKNOWN;
    }
}

void limit_by_text(const char *text, struct limiter_who *who)
{
    uint64_t hash = hash_bytes(HASH_START, text, strlen(text));
    memcpy(who->key, &hash, sizeof hash);
    who->has_key = true;
}

/* A checked key or token would cost more than the limit may. A client that sends another text each
 * time is limited by its network. */
static void take_text(const struct request *request, struct limiter_who *who)
{
    const char *text = request_variable(request, "HTTP_POLLCHAT_KEY");
    text = text != NULL ? text : request_variable(request, "HTTP_POLLCHAT_TOKEN");
    text = text != NULL ? text : request_variable(request, "HTTP_AUTHORIZATION");
    /* the Basic of a folder with a password is the same for all its visitors */
    if (text != NULL && !str_starts_nocase(text, "basic ")) {
        limit_by_text(text, who);
    }
}

int limit_read(struct site *site, const struct request *request, const struct limiter_who *who, bool is_stream,
               struct err *e)
{
    struct limiter_who own = *who;
    if (own.is_local && site_loaded_conf(site)->limit_local == 0) {
        return 0;
    }
    take_text(request, &own);
    return is_stream ? limiter_stream(site_limiter(site), &own, e) : limiter_poll(site_limiter(site), &own, e);
}
