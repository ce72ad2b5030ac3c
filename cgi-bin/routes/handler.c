/* handler.c - see handler.h. */
#include "routes/handler.h"

#include "routes/limit.h"
#include "shared/metrics_file.h"
#include "site/site.h"
#include "system/conf.h"
#include "web/cors.h"
#include "web/forwarded.h"
#include "web/reply.h"
#include "web/request.h"
#include "web/route.h"

#include <stddef.h>
#include <string.h>

enum { LIMITED = 429 };

const struct conf *handler_conf(struct site *site, struct request *request, enum metrics_counter counter, struct err *e)
{
    metrics_file_add(site_metrics(site), counter, 1);
    return site_conf(site, request_settings(request), e);
}

int handler_begin(struct handler_input *in, struct site *site, struct request *request, enum metrics_counter counter,
                  struct err *e)
{
    memset(in, 0, sizeof *in);
    in->conf = handler_conf(site, request, counter, e);
    struct limiter_who who;
    limit_who(request, NULL, &who);
    if (in->conf == NULL || limit_read(site, request, &who, counter == METRICS_STREAM_REQUESTS, e) != 0) {
        return -1;
    }
    in->fields = request_query(request, e);
    return in->fields != NULL ? caller_take(&in->caller, site, request, &who, in->fields, NULL, e) : -1;
}

void handler_end(struct handler_input *in)
{
    caller_fini(&in->caller);
}

/* Readers and members: that depends on the room, so their handlers ask. They also check the
 * token. */
static int allow(void *site, struct request *request, const struct route *route, struct err *e)
{
    struct caller caller;
    if (route->need == CHAT_READER || route->need == CHAT_MEMBER) {
        return 0;
    }
    int result = caller_take(&caller, site, request, NULL, request_query(request, NULL), NULL, e);
    if (result == 0 && route->need > CHAT_MEMBER) {
        result = caller_need_somewhere(&caller, route->need, e);
    }
    caller_fini(&caller);
    return result;
}

void handler_dispatch(const struct route *routes, struct request *request, struct site *site, const struct conf *conf,
                      void *program)
{
    const struct route_gate gate = {.allow = allow, .context = site};
    if (conf != NULL) {
        forwarded_apply(request, conf->trusted_proxies);
        cors_apply(request, conf->allow_origin);
    }
    route_dispatch(routes, request, conf != NULL ? &gate : NULL, program);
}

static void count_answer(void *site, int status)
{
    metrics_file_add(site_metrics(site), metrics_class(status), 1);
    if (status == LIMITED) {
        metrics_file_add(site_metrics(site), METRICS_LIMITED, 1);
    }
}

void handler_count_answers(struct site *site)
{
    reply_counter(count_answer, site);
}
