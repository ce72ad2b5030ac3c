/* get_doctor.c - see get_doctor.h. */
#include "get_doctor.h"

#include "buf.h"
#include "checks.h"
#include "ck.h"
#include "clock.h"
#include "conf.h"
#include "disk.h"
#include "err.h"
#include "exposure.h"
#include "findings.h"
#include "form.h"
#include "get_status.h"
#include "json.h"
#include "program.h"
#include "site.h"
#include "web.h"

#include <stdlib.h>
#include <string.h>

static bool is(const struct web_exchange *x, const char *name, const char *value)
{
    const char *found = web_variable(x, name);
    return found != NULL && strcmp(found, value) == 0;
}

static bool is_secure(const struct web_exchange *x)
{
    return is(x, "HTTPS", "on") || is(x, "HTTPS", "1") || is(x, "REQUEST_SCHEME", "https") ||
           is(x, "HTTP_X_FORWARDED_PROTO", "https");
}

static void answer_json(struct web_exchange *x, void (*write)(struct buf *out, const void *what), const void *what)
{
    struct web_reply r;
    web_reply_init(&r, 200);
    web_header(&r, "Content-Type", "application/json");
    write(&r.body, what);
    web_answer(x, &r);
    web_reply_fini(&r);
}

static void write_doctor(struct buf *out, const void *what)
{
    json_doctor(out, what);
}

static void write_received(struct buf *out, const void *what)
{
    json_received(out, *(const uint64_t *)what);
}

static void examine(struct web_exchange *x, const struct program *p, const struct conf *conf, const char *conf_problem)
{
    char folder[CONF_TEXT_MAX] = "";
    char address[CONF_TEXT_MAX] = "";
    struct findings *findings = ck_calloc(1, sizeof *findings);
    (void)disk_program_folder(folder, sizeof folder, NULL);
    const struct checks_given given = {.conf = conf,
                                       .conf_problem = conf_problem,
                                       .program_folder = folder,
                                       .served = web_variable(x, "DOCUMENT_ROOT"),
                                       .carrier = p->fastcgi ? CHECKS_FASTCGI : CHECKS_CGI};
    checks_run(&given, findings);
    if (conf != NULL) {
        exposure_address(conf->data, folder, given.served, address, sizeof address);
    }
    const struct json_doctor d = {
        .version = POLLCHAT_VERSION,
        .time_ms = clock_wall_ms(),
        .secure = is_secure(x),
        .authorization = web_variable(x, "HTTP_AUTHORIZATION") != NULL ||
                         web_variable(x, "REDIRECT_HTTP_AUTHORIZATION") != NULL,
        .forwarded = web_has_variable_like(x, "HTTP_X_FORWARDED_") || web_variable(x, "HTTP_VIA") != NULL,
        .data_address = address,
        .findings = findings,
    };
    answer_json(x, write_doctor, &d);
    free(findings);
}

static int receive(struct web_exchange *x, const struct conf *conf, uint64_t *bytes, struct err *e)
{
    struct buf body;
    const struct form *fields = web_query(x, e);
    const struct form_field *word = fields != NULL ? form_once(fields, "exposed", e) : NULL;
    buf_init(&body, DOCTOR_BODY_MAX);
    int result = e->code == ERR_NONE ? web_read_body(x, &body, e) : -1;
    *bytes = body.length;
    buf_fini(&body);
    return result == 0 && word != NULL && conf != NULL ? exposure_told(conf->data, word->value, e) : result;
}

void get_doctor(struct web_exchange *x, void *program)
{
    struct program *p = program;
    struct err e = ERR_INIT;
    uint64_t bytes = 0;
    struct err wrong = ERR_INIT;
    const struct conf *conf = site_conf_as_it_is(p->site, web_environment(x), &wrong);
    if (web_method(x) != WEB_POST && (conf == NULL || get_status_allows(x, conf->doctor))) {
        examine(x, p, conf, wrong.text);
        return;
    }
    if (web_method(x) != WEB_POST) {
        err_set(&e, ERR_FORBIDDEN,
                "What works on this host is not for everyone to read; the setting doctor says for whom.");
    }
    if (e.code != ERR_NONE || receive(x, conf, &bytes, &e) != 0) {
        web_answer_problem(x, &e, NULL, NULL);
    } else {
        answer_json(x, write_received, &bytes);
    }
}
