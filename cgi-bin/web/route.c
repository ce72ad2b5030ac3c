/* route.c - see route.h. */
#include "web/route.h"

#include "base/err.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdbool.h>
#include <string.h>

static void copy_segment(char *out, size_t size, const char *from, size_t length)
{
    length = length < size ? length : size - 1;
    memcpy(out, from, length);
    out[length] = '\0';
}

/* Some servers pass /send/act as the path /act, others as /send/act. */
static const char *below_program(const char *path)
{
    bool is_below = (strncmp(path, "send/", 5) == 0 || strncmp(path, "poll/", 5) == 0) && path[5] != '\0';
    return is_below ? path + 5 : path;
}

static void name_of(const struct request *request, char *out, size_t size)
{
    const char *path = request_variable(request, "PATH_INFO");
    const char *script = request_variable(request, "SCRIPT_NAME");
    if (path != NULL) {
        path += strspn(path, "/");
        path = below_program(path);
    }
    if (path != NULL && path[0] != '\0') {
        size_t length = strlen(path);
        length -= path[length - 1] == '/' ? 1 : 0;
        copy_segment(out, size, path, length); /* of several parts: names no route */
    } else if (script != NULL) {
        const char *slash = strrchr(script, '/');
        const char *base = slash != NULL ? slash + 1 : script;
        copy_segment(out, size, base, strcspn(base, "."));
    } else {
        out[0] = '\0';
    }
}

static void add_allow(struct buf *headers, const struct route *route)
{
    static const struct {
        enum request_method method;
        const char *word;
    } words[] = {{REQUEST_GET, "GET, "}, {REQUEST_HEAD, "HEAD, "}, {REQUEST_POST, "POST, "}};
    buf_adds(headers, "Allow: ");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((route->methods & words[i].method) != 0) {
            buf_adds(headers, words[i].word);
        }
    }
    buf_adds(headers, "OPTIONS\r\n");
}

static void answer_options(struct request *request, const struct route *route)
{
    struct reply r;
    reply_init(&r, 204);
    add_allow(&r.headers, route);
    reply_send(request, &r);
    reply_fini(&r);
}

static void answer_wrong_method(struct request *request, const struct route *route)
{
    struct err e = ERR_INIT;
    struct buf headers;
    buf_init(&headers, 256);
    add_allow(&headers, route);
    err_set(&e, ERR_METHOD, "/%s accepts these methods: %.*s.", route->name,
            (int)strcspn(headers.bytes + strlen("Allow: "), "\r"), headers.bytes + strlen("Allow: "));
    reply_send_problem(request, &e, NULL, &headers);
    buf_fini(&headers);
}

static void answer_with(const struct route *r, struct request *request, const struct route_gate *gate, void *context)
{
    struct err e = ERR_INIT;
    if (gate != NULL && gate->allow(gate->context, request, r, &e) != 0) {
        reply_send_problem(request, &e, NULL, NULL);
    } else {
        r->handle(request, context);
    }
}

void route_dispatch(const struct route *routes, struct request *request, const struct route_gate *gate, void *context)
{
    char name[64];
    struct err e = ERR_INIT;
    name_of(request, name, sizeof name);
    for (const struct route *r = routes; r->name != NULL; r++) {
        if (strcmp(r->name + (r->name[0] == '/'), name) != 0 || r->handle == NULL) {
            continue;
        }
        enum request_method method = request_method(request);
        if (method == REQUEST_OPTIONS) {
            answer_options(request, r);
        } else if ((r->methods & method) == 0) {
            answer_wrong_method(request, r);
        } else {
            answer_with(r, request, gate, context);
        }
        return;
    }
    err_set(&e, ERR_ABSENT, "There is nothing at this address.");
    reply_send_problem(request, &e, NULL, NULL);
}
