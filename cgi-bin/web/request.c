/* request.c - see request.h. */
#include "web/request.h"

#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "web/private/web_carrier.h"

#include <stdio.h>
#include <string.h>

/* word may be NULL */
static enum request_method method_of(const char *word)
{
    static const struct {
        const char *word;
        enum request_method method;
    } methods[] = {{"GET", REQUEST_GET}, {"HEAD", REQUEST_HEAD}, {"POST", REQUEST_POST}, {"OPTIONS", REQUEST_OPTIONS}};
    for (size_t i = 0; word != NULL && i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(word, methods[i].word) == 0) {
            return methods[i].method;
        }
    }
    return REQUEST_OTHER;
}

void web_carrier_init(struct request *request, const struct web_carrier *carrier, const char *const *environment)
{
    request->carrier = carrier;
    request->environment = environment;
    request->method = method_of(request_variable(request, "REQUEST_METHOD"));
    buf_init(&request->common, WEB_CARRIER_HEADERS_MAX);
    form_init(&request->query);
}

void web_carrier_fini(struct request *request)
{
    budget_give_back(request->counted);
    request->counted = 0;
    buf_fini(&request->common);
    form_fini(&request->query);
}

/* The value in NAME=value if that is the name; NULL if it is another one. Not by strncmp: most
 * names differ in one of their first bytes, and each request asks for ten of them. */
static const char *value_of(const char *entry, const char *name)
{
    while (*name != '\0' && *entry == *name) {
        entry++;
        name++;
    }
    return *name == '\0' && *entry == '=' ? entry + 1 : NULL;
}

const char *request_variable(const struct request *request, const char *name)
{
    const char *value = NULL;
    for (const char *const *entry = request->environment; value == NULL && entry != NULL && *entry != NULL; entry++) {
        value = value_of(*entry, name);
    }
    return value != NULL && *value != '\0' ? value : NULL;
}

bool request_has_variable_like(const struct request *request, const char *prefix)
{
    const char *const *entry = request->environment;
    while (entry != NULL && *entry != NULL && strncmp(*entry, prefix, strlen(prefix)) != 0) {
        entry++;
    }
    return entry != NULL && *entry != NULL;
}

const char *const *request_environment(const struct request *request)
{
    return request->environment;
}

bool request_is_under_program(const struct request *request)
{
    const char *uri = request_variable(request, "REQUEST_URI");
    const char *end = uri != NULL ? uri + strcspn(uri, "?#") : NULL;
    const char *program = uri != NULL ? strstr(uri, ".cgi/") : NULL;
    return program != NULL && program < end;
}

const char *request_client(const struct request *request)
{
    return request->client[0] != '\0' ? request->client : request_variable(request, "REMOTE_ADDR");
}

void request_trust_proxy(struct request *request, const char *client)
{
    snprintf(request->client, sizeof request->client, "%s", client);
}

bool request_has_trusted_proxy(const struct request *request)
{
    return request->client[0] != '\0';
}

enum request_method request_method(const struct request *request)
{
    return request->method;
}

const struct form *request_query(struct request *request, struct err *e)
{
    if (!request->query_parsed) {
        const char *text = request_variable(request, "QUERY_STRING");
        if (text != NULL && form_parse(&request->query, text, strlen(text), e) != 0) {
            form_fini(&request->query); /* not marked as parsed: the next caller gets the error again */
            return NULL;
        }
        request->query_parsed = true;
    }
    return &request->query;
}

bool request_wants(struct request *request, const char *format)
{
    char guess[32];
    const char *text = request_variable(request, "QUERY_STRING");
    if (request_query(request, NULL) == NULL) { /* it can't be decoded, so the words alone must do */
        snprintf(guess, sizeof guess, "format=%s", format);
        return text != NULL && strstr(text, guess) != NULL;
    }
    const struct form_field *f = form_single(&request->query, "format");
    return f != NULL && strcmp(f->value, format) == 0;
}

bool request_wants_text(struct request *request)
{
    return request_wants(request, "text");
}

void request_log_here(struct request *request)
{
    if (request != NULL && request->carrier->log_here != NULL) {
        request->carrier->log_here(request);
    } else {
        log_attach(NULL, NULL);
    }
}
