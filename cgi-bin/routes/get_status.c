/* get_status.c - see get_status.h. */
#include "routes/get_status.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "chat/form.h"
#include "format/json.h"
#include "format/status.h"
#include "routes/handler.h"
#include "routes/local.h"
#include "routes/poll_program.h"
#include "shared/metrics_file.h"
#include "site/site.h"
#include "store/store.h"
#include "store/store_upkeep.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "system/process_limit.h"
#include "wait/waiting.h"
#include "web/reply.h"
#include "web/request.h"

#include <string.h>
#include <sys/resource.h>

enum format { JSON, PROMETHEUS };

bool get_status_allows(const struct request *request, uint64_t allowed)
{
    return allowed == CONF_STATUS_EVERYONE || (allowed == CONF_STATUS_LOOPBACK && local_is(request));
}

static int check_reader(const struct request *request, const struct conf *conf, struct err *e)
{
    if (get_status_allows(request, conf->status)) {
        return 0;
    }
    return err_set(e, ERR_FORBIDDEN,
                   "The status of this chat is not open to everyone; the setting status says who may read it.");
}

static int parse_format(struct request *request, enum format *out, struct err *e)
{
    const struct form *fields = request_query(request, e);
    const struct form_field *f = NULL;
    *out = JSON;
    if (fields == NULL || form_once(fields, "format", &f, e) != 0) {
        return -1;
    }
    if (f == NULL) {
        return 0;
    }
    if (strcmp(f->value, "prometheus") == 0) {
        *out = PROMETHEUS;
    } else if (strcmp(f->value, "json") != 0) {
        return err_field(e, ERR_INPUT, "format", "format must be json or prometheus.");
    }
    return 0;
}

static uint64_t descriptor_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

static void answer(struct request *request, enum format format, const struct status *s)
{
    struct reply r;
    reply_init(&r, 200);
    if (format == PROMETHEUS) {
        reply_header(&r, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        status_prometheus(&r.body, s);
    } else {
        reply_header(&r, "Content-Type", "application/json");
        json_status(&r.body, s);
    }
    reply_send(request, &r);
    reply_fini(&r);
}

static int take(struct request *request, struct poll_program *p, const struct conf *conf, enum format format,
                struct err *e)
{
    struct metrics counts;
    struct store *store = site_borrow(p->site, e);
    /* after the store was opened, these are the counts of the whole site */
    struct metrics_file *metrics_file = site_metrics(p->site);
    if (store == NULL) {
        return -1;
    }
    struct allowance allowed;
    char why[ALLOWANCE_WHY_SIZE];
    waiting_allowance(p->waiting, request, conf, &allowed);
    allowance_why(&allowed, why);
    metrics_file_read(metrics_file, &counts);
    struct status s = {
        .version = POLLCHAT_VERSION,
        .uptime_s = (uint64_t)((clock_mono_ms() - p->began_ms) / 1000),
        .since_ms = metrics_file_since(metrics_file),
        .whole_site = metrics_file_is_shared(metrics_file),
        .has_bell = site_bell(p->site) != NULL,
        .descriptors = descriptor_limit(),
        .processes = process_limit_find(),
        .max_held = process_limit_polls(conf),
        .max_waiting = allowed.most,
        .why = why,
        .store = store_describe(store),
        .counts = &counts,
    };
    int result = store_size(store, &s.store_bytes, e);
    if (result == 0) {
        answer(request, format, &s);
    }
    site_return(p->site, store);
    return result;
}

void get_status(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    enum format format = JSON;
    const struct conf *conf = handler_conf(p->site, request, METRICS_STATUS_REQUESTS, &e);
    if (conf == NULL || check_reader(request, conf, &e) != 0 || parse_format(request, &format, &e) != 0 ||
        take(request, p, conf, format, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    }
}
