/* request.c - see request.h. */
#include "web/request.h"

#include "base/err.h"
#include "system/budget.h"
#include "web/private/web_carrier.h"

#include <stdio.h>
#include <string.h>

void web_carrier_init(struct request *x, const struct web_carrier *carrier, const char *const *environment)
{
    x->carrier = carrier;
    x->environment = environment;
    buf_init(&x->common, WEB_CARRIER_HEADERS_MAX);
    form_init(&x->query);
}

void web_carrier_fini(struct request *x)
{
    budget_give_back(x->counted);
    x->counted = 0;
    buf_fini(&x->common);
    form_fini(&x->query);
}

const char *request_variable(const struct request *x, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *entry = x->environment; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return (*entry)[length + 1] != '\0' ? *entry + length + 1 : NULL;
        }
    }
    return NULL;
}

bool request_has_variable_like(const struct request *x, const char *prefix)
{
    const char *const *entry = x->environment;
    while (entry != NULL && *entry != NULL && strncmp(*entry, prefix, strlen(prefix)) != 0) {
        entry++;
    }
    return entry != NULL && *entry != NULL;
}

const char *const *request_environment(const struct request *x)
{
    return x->environment;
}

bool request_is_under_program(const struct request *x)
{
    const char *uri = request_variable(x, "REQUEST_URI");
    const char *end = uri != NULL ? uri + strcspn(uri, "?#") : NULL;
    const char *program = uri != NULL ? strstr(uri, ".cgi/") : NULL;
    return program != NULL && program < end;
}

const char *request_client(const struct request *x)
{
    return x->client[0] != '\0' ? x->client : request_variable(x, "REMOTE_ADDR");
}

void request_trust_proxy(struct request *x, const char *client)
{
    snprintf(x->client, sizeof x->client, "%s", client);
}

bool request_has_trusted_proxy(const struct request *x)
{
    return x->client[0] != '\0';
}

enum request_method request_method(const struct request *x)
{
    static const struct {
        const char *word;
        enum request_method method;
    } methods[] = {{"GET", REQUEST_GET}, {"HEAD", REQUEST_HEAD}, {"POST", REQUEST_POST}, {"OPTIONS", REQUEST_OPTIONS}};
    const char *word = request_variable(x, "REQUEST_METHOD");
    for (size_t i = 0; word != NULL && i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(word, methods[i].word) == 0) {
            return methods[i].method;
        }
    }
    return REQUEST_OTHER;
}

const struct form *request_query(struct request *x, struct err *e)
{
    if (!x->query_parsed) {
        const char *text = request_variable(x, "QUERY_STRING");
        if (text != NULL && form_parse(&x->query, text, strlen(text), e) != 0) {
            form_fini(&x->query); /* not marked as parsed: the next caller gets the error again */
            return NULL;
        }
        x->query_parsed = true;
    }
    return &x->query;
}

bool request_wants(struct request *x, const char *format)
{
    char guess[32];
    const char *text = request_variable(x, "QUERY_STRING");
    if (request_query(x, NULL) == NULL) { /* it can't be decoded, so the words alone must do */
        snprintf(guess, sizeof guess, "format=%s", format);
        return text != NULL && strstr(text, guess) != NULL;
    }
    const struct form_field *f = form_single(&x->query, "format");
    return f != NULL && strcmp(f->value, format) == 0;
}

bool request_wants_text(struct request *x)
{
    return request_wants(x, "text");
}
