/* get_doctor.c - see get_doctor.h. */
#include "routes/get_doctor.h"

#include "base/blocking.h"
#include "base/buf.h"
#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "chat/form.h"
#include "format/findings.h"
#include "format/json.h"
#include "routes/get_status.h"
#include "routes/limit.h"
#include "routes/poll_program.h"
#include "site/checks.h"
#include "site/site.h"
#include "system/allowance.h"
#include "system/conf.h"
#include "system/exposure.h"
#include "system/permissions.h"
#include "system/program_path.h"
#include "wait/waiting.h"
#include "web/body.h"
#include "web/forwarded.h"
#include "web/reply.h"
#include "web/request.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const struct request *request, const char *name, const char *value)
{
    const char *found = request_variable(request, name);
    return found != NULL && strcmp(found, value) == 0;
}

/* True when the web server says that the request came by HTTPS, or when a trusted proxy does. */
static bool is_secure(const struct request *request)
{
    return is(request, "HTTPS", "on") || is(request, "HTTPS", "1") || is(request, "REQUEST_SCHEME", "https") ||
           forwarded_is_https(request);
}

static void answer_json(struct request *request, void (*write)(struct buf *out, const void *what), const void *what)
{
    struct reply r;
    reply_init(&r, 200);
    reply_header(&r, "Content-Type", "application/json");
    write(&r.body, what);
    reply_send(request, &r);
    reply_fini(&r);
}

static void write_doctor(struct buf *out, const void *what)
{
    json_doctor(out, what);
}

static void write_received(struct buf *out, const void *what)
{
    json_received(out, *(const uint64_t *)what);
}

/* ---- looking ---- */

/* One examination of the host: what it is based on, and what it found. */
struct look {
    struct conf conf;
    bool is_known;              /* conf says where the data folder is */
    char conf_problem[512];     /* why conf doesn't say it */
    char served[CONF_TEXT_MAX]; /* DOCUMENT_ROOT, or "" */
    struct allowance allowed;   /* set if is_known */
    struct findings findings;
    char address[CONF_TEXT_MAX]; /* of the test file, or "" */
};

static void look(struct look *l, bool fastcgi, bool stranger)
{
    char folder[CONF_TEXT_MAX] = "";
    const char *served = l->served[0] != '\0' ? l->served : NULL;
    (void)program_path_folder(folder, sizeof folder, NULL);
    const struct checks_given given = {.conf = &l->conf,
                                       .conf_problem = l->is_known ? NULL : l->conf_problem,
                                       .stranger = stranger,
                                       .program_folder = folder,
                                       .served = served,
                                       .allowed = l->is_known ? &l->allowed : NULL,
                                       .carrier = fastcgi ? CHECKS_FASTCGI : CHECKS_CGI};
    checks_run(&given, &l->findings);
    if (l->is_known && permissions_folder(l->conf.data, NULL) == 0) { /* exposure_address creates a file there */
        exposure_address(l->conf.data, folder, served, l->address, sizeof l->address);
    }
}

/* The result that strangers were shown last. It is kept so that their requests can't keep the host
 * busy. */
static struct {
    pthread_mutex_t lock; /* protects the others */
    bool is_looking;      /* a thread examines the host for a stranger */
    bool is_there;
    int64_t when; /* monotonic ms */
    char served[CONF_TEXT_MAX];
    struct findings findings;
    char address[CONF_TEXT_MAX];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Sets *must_look when the caller must examine the host and then call keep(). Otherwise copies the
 * kept result to *l; -1 when there is none yet. */
static int take_kept(struct look *l, bool *must_look, struct err *e)
{
    int result = 0;
    pthread_mutex_lock(&kept.lock);
    bool is_new = kept.is_there && clock_mono_ms() - kept.when < (int64_t)CHECKS_KEPT_S * 1000;
    bool is_same = kept.is_there && strcmp(kept.served, l->served) == 0;
    *must_look = !kept.is_looking && !(is_new && is_same);
    if (*must_look) {
        kept.is_looking = true;
    } else if (is_same) {
        l->findings = kept.findings;
        memcpy(l->address, kept.address, sizeof l->address);
    } else {
        result = err_set(e, ERR_BUSY, "The host is being checked for another visitor. Try again in a second.");
    }
    pthread_mutex_unlock(&kept.lock);
    return result;
}

static void keep(const struct look *l)
{
    pthread_mutex_lock(&kept.lock);
    kept.is_looking = false;
    kept.is_there = true;
    kept.when = clock_mono_ms();
    kept.findings = l->findings;
    memcpy(kept.served, l->served, sizeof kept.served);
    memcpy(kept.address, l->address, sizeof kept.address);
    pthread_mutex_unlock(&kept.lock);
}

static int look_for_stranger(struct look *l, bool fastcgi, struct err *e)
{
    bool must_look = false;
    if (take_kept(l, &must_look, e) != 0) {
        return -1;
    }
    if (must_look) {
        look(l, fastcgi, true);
        keep(l);
    }
    return 0;
}

/* The address of this request is the visitors' only if their proxy is trusted. */
static void look_for_proxy(const struct request *request, struct look *l)
{
    if (!l->is_known || l->conf.limits == 0 || request_has_trusted_proxy(request)) {
        return;
    }
    if (limit_network_is_hidden(request)) {
        findings_add(
            &l->findings, "proxy", FINDING_POOR,
            "Requests come through a proxy that isn't in the setting trusted_proxies, so the chat can't tell its "
            "visitors' networks apart: it limits and bans by key, and limits each room. Write the proxy's address into "
            "trusted_proxies.");
    } else if (forwarded_is_hinted(request) && !get_status_allows(request, CONF_STATUS_LOOPBACK)) {
        findings_add(
            &l->findings, "proxy", FINDING_NOTE,
            "Your request has headers of a proxy and comes from an address that isn't in the setting trusted_proxies. If a "
            "proxy or CDN of yours stands before this chat, write its addresses there: until then all its visitors count as "
            "one network.");
    }
}

static void answer_look(struct request *request, const struct look *l)
{
    const struct json_doctor d = {
        .version = POLLCHAT_VERSION,
        .time_ms = clock_wall_ms(),
        .secure = is_secure(request),
        .authorization = request_variable(request, "HTTP_AUTHORIZATION") != NULL ||
                         request_variable(request, "REDIRECT_HTTP_AUTHORIZATION") != NULL,
        .forwarded = forwarded_is_hinted(request),
        .data_address = l->address,
        .findings = &l->findings,
    };
    answer_json(request, write_doctor, &d);
}

static int show(struct request *request, const struct poll_program *p, struct look *l, struct err *e)
{
    const char *served = request_variable(request, "DOCUMENT_ROOT");
    if (!get_status_allows(request, l->conf.doctor)) {
        return err_set(e, ERR_FORBIDDEN,
                       "This report on the host is not open to everyone; the setting doctor says who may read it.%s",
                       l->conf.faults.count > 0 ? " (If the setting is misspelt or can't be read, nobody may.)" : "");
    }
    snprintf(l->served, sizeof l->served, "%s", served != NULL ? served : "");
    if (l->is_known) {
        waiting_allowance(p->waiting, request, &l->conf, &l->allowed);
    }
    if (get_status_allows(request, CONF_STATUS_LOOPBACK)) {
        look(l, p->fastcgi, false);
    } else if (look_for_stranger(l, p->fastcgi, e) != 0) {
        return -1;
    }
    look_for_proxy(request, l);
    answer_look(request, l);
    return 0;
}

/* ---- being told ---- */

static int receive(struct request *request, const struct look *l, struct err *e)
{
    struct buf body;
    const struct form *fields = request_query(request, e);
    const struct form_field *word = NULL;
    if (fields == NULL || form_once(fields, "exposed", &word, e) != 0) {
        return -1;
    }
    buf_init(&body, DOCTOR_BODY_MAX);
    int result = body_read(request, &body, e);
    uint64_t bytes = body.length;
    buf_fini(&body);
    if (result == 0 && word != NULL && l->is_known) {
        result = exposure_told(l->conf.data, word->value, e);
    }
    if (result == 0) {
        answer_json(request, write_received, &bytes);
    }
    return result;
}

void get_doctor(struct request *request, void *program)
{
    struct poll_program *p = program;
    struct err e = ERR_INIT;
    struct err wrong = ERR_INIT;
    struct look *l = ck_calloc(1, sizeof *l);
    blocking_expected(); /* it examines the host's files */
    l->is_known = site_conf_as_it_is(p->site, request_settings(request), &l->conf, &wrong) == 0;
    snprintf(l->conf_problem, sizeof l->conf_problem, "%s", wrong.text);
    if ((request_method(request) == REQUEST_POST ? receive(request, l, &e) : show(request, p, l, &e)) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    }
    free(l);
}
