/* request.c - see request.h. */
#include "web/request.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/log.h"
#include "system/budget.h"
#include "web/private/web_carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char settings_prefix[] = "POLLCHAT_";

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

/* Names differ mostly in their length and last characters: many begin with HTTP_ or REQUEST_. */
static size_t bucket_of(const char *name, size_t length)
{
    unsigned last = length > 0 ? (unsigned char)name[length - 1] : 0;
    unsigned middle = (unsigned char)name[length / 2];
    return (length * 5 + last * 3 + middle) % WEB_CARRIER_BUCKETS;
}

/* Variables of one name keep their order within a bucket. */
static void fill_buckets(struct request *request)
{
    for (size_t i = request->variable_count; i-- > 0;) {
        struct variable *v = &request->variables[i];
        uint32_t *bucket = &request->buckets[bucket_of(v->name, v->name_length)];
        v->next = *bucket;
        *bucket = (uint32_t)i + 1;
    }
}

void web_carrier_init(struct request *request, const struct web_carrier *carrier, struct variable *variables,
                      size_t count)
{
    request->carrier = carrier;
    request->variables = variables;
    request->variable_count = count;
    fill_buckets(request);
    request->method = method_of(request_variable(request, "REQUEST_METHOD"));
    buf_init(&request->common, WEB_CARRIER_HEADERS_MAX);
    form_init(&request->query);
}

struct variable *web_carrier_variables(const char *const *environment, size_t *count)
{
    size_t all = 0;
    while (environment[all] != NULL) {
        all++;
    }
    struct variable *variables = ck_malloc((all + 1) * sizeof *variables);
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        const char *equals = strchr(environment[i], '=');
        if (equals != NULL) {
            variables[(*count)++] = (struct variable){
                .name = environment[i], .name_length = (size_t)(equals - environment[i]), .value = equals + 1};
        }
    }
    return variables;
}

void web_carrier_fini(struct request *request)
{
    budget_give_back(request->counted);
    request->counted = 0;
    for (char **setting = request->settings; setting != NULL && *setting != NULL; setting++) {
        free(*setting);
    }
    free(request->settings);
    free(request->variables);
    buf_fini(&request->common);
    form_fini(&request->query);
}

static bool is_named(const struct variable *v, const char *name, size_t length)
{
    return v->name_length == length && memcmp(v->name, name, length) == 0;
}

static bool begins_with(const struct variable *v, const char *prefix, size_t length)
{
    return v->name_length >= length && v->name[0] == prefix[0] && memcmp(v->name, prefix, length) == 0;
}

/* The next variable of this name behind `from`, or the first one if that is NULL; NULL: no more. */
static const struct variable *find(const struct request *request, const char *name, size_t length,
                                   const struct variable *from)
{
    uint32_t next = from != NULL ? from->next : request->buckets[bucket_of(name, length)];
    while (next != 0 && !is_named(&request->variables[next - 1], name, length)) {
        next = request->variables[next - 1].next;
    }
    return next != 0 ? &request->variables[next - 1] : NULL;
}

const char *request_variable(const struct request *request, const char *name)
{
    const struct variable *v = find(request, name, strlen(name), NULL);
    return v != NULL && v->value[0] != '\0' ? v->value : NULL;
}

unsigned request_count_variables(const struct request *request, const char *name, const char **value)
{
    size_t length = strlen(name);
    unsigned count = 0;
    for (const struct variable *v = NULL; (v = find(request, name, length, v)) != NULL;) {
        *value = v->value;
        count++;
    }
    return count;
}

static size_t count_like(const struct request *request, const char *prefix, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < request->variable_count; i++) {
        count += begins_with(&request->variables[i], prefix, length);
    }
    return count;
}

bool request_has_variable_like(const struct request *request, const char *prefix)
{
    return count_like(request, prefix, strlen(prefix)) > 0;
}

static char *setting_of(const struct variable *v)
{
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    buf_add(&text, v->name, v->name_length);
    buf_addc(&text, '=');
    buf_adds(&text, v->value);
    return buf_steal(&text);
}

const char *const *request_settings(struct request *request)
{
    static const char *const none[] = {NULL};
    const size_t length = sizeof settings_prefix - 1;
    size_t count = request->settings_sought ? 0 : count_like(request, settings_prefix, length);
    request->settings_sought = true;
    if (count > 0) {
        size_t used = 0;
        request->settings = ck_calloc(count + 1, sizeof *request->settings);
        for (size_t i = 0; i < request->variable_count; i++) {
            if (begins_with(&request->variables[i], settings_prefix, length)) {
                request->settings[used++] = setting_of(&request->variables[i]);
            }
        }
    }
    return request->settings != NULL ? (const char *const *)request->settings : none;
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
            /* not marked as parsed: the next caller gets the error again */
            form_fini(&request->query);
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
    /* it can't be decoded, so the words alone must do */
    if (request_query(request, NULL) == NULL) {
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

static void log_to_carrier(void *request, const char *line)
{
    ((struct request *)request)->carrier->log(request, line);
}

void request_log_here(struct request *request)
{
    bool has_log = request != NULL && request->carrier->log != NULL;
    log_attach(has_log ? log_to_carrier : NULL, has_log ? request : NULL);
}
