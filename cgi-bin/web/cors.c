/* cors.c - see cors.h. */
#include "web/cors.h"

#include "base/err.h"
#include "base/str.h"
#include "web/forwarded.h"
#include "web/reply.h"
#include "web/request.h"

#include <stdbool.h>
#include <string.h>

/* True when the list contains origin as a whole word, or a "*". */
static bool is_listed(const char *list, const char *origin)
{
    size_t length = strlen(origin);
    for (const char *at = list + strspn(list, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if ((word == 1 && *at == '*') || (word == length && strncmp(at, origin, length) == 0)) {
            return true;
        }
        at += word;
    }
    return false;
}

static bool is_without_default_port(const char *host, const char *authority, const char *port)
{
    size_t length = strlen(authority);
    return str_starts_nocase(host, authority) && strcmp(host + length, port) == 0;
}

static bool is_host(const char *host, const char *authority)
{
    return str_equal_nocase(host, authority) || is_without_default_port(host, authority, ":80") ||
           is_without_default_port(host, authority, ":443");
}

/* True when the client came by HTTPS but the page by HTTP. Only a trusted proxy's word counts:
 * behind another proxy that ends TLS, the program can't know by which scheme the client came. */
static bool is_by_lesser_scheme(const struct request *request, const char *origin)
{
    return forwarded_is_https(request) && !str_starts_nocase(origin, "https:");
}

static bool is_own(const struct request *request, const char *origin)
{
    char forwarded[FORWARDED_HOST];
    const char *host = request_variable(request, "HTTP_HOST");
    const char *fetch_site = request_variable(request, "HTTP_SEC_FETCH_SITE");
    const char *authority = strstr(origin, "://");
    if (fetch_site != NULL && strcmp(fetch_site, "same-origin") == 0) {
        /* the browser itself says so; a page can't set this header. It is right even if a proxy
         * changed Host */
        return true;
    }
    if (authority == NULL || is_by_lesser_scheme(request, origin)) {
        return false;
    }
    authority += strlen("://");
    if (authority[0] == '\0') {
        return false; /* an empty authority must not match the host ":80" */
    }
    bool own = host != NULL && is_host(host, authority);
    for (unsigned back = 0; !own && forwarded_host(request, back, forwarded); back++) {
        own = is_host(forwarded, authority);
    }
    return own;
}

void cors_apply(struct request *request, const char *allow_origin)
{
    if (allow_origin[0] == '\0') {
        return;
    }
    const char *origin = request_variable(request, "HTTP_ORIGIN");
    reply_common_header(request, "Vary", "Origin");
    if (origin == NULL || strlen(origin) > 1024 || strpbrk(origin, "\r\n") != NULL ||
        !is_listed(allow_origin, origin)) {
        return;
    }
    reply_common_header(request, "Access-Control-Allow-Origin", origin);
    reply_common_header(request, "Access-Control-Expose-Headers", "ETag, Retry-After");
    if (request_method(request) == REQUEST_OPTIONS) {
        reply_common_header(request, "Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
        reply_common_header(request, "Access-Control-Allow-Headers",
                            "Authorization, Content-Type, If-None-Match, Pollchat-Room, Pollchat-Name, Pollchat-Id, "
                            "Pollchat-Reply-To, Pollchat-Type, Pollchat-Target, Pollchat-Key, Pollchat-Token");
        /* seconds; saves one preflight request for each message */
        reply_common_header(request, "Access-Control-Max-Age", "86400");
    }
}

int cors_check_write(const struct request *request, const char *allow_origin, struct err *e)
{
    const char *origin = request_variable(request, "HTTP_ORIGIN");
    if (origin == NULL || is_own(request, origin) || is_listed(allow_origin, origin)) {
        return 0;
    }
    return err_set(
        e, ERR_AUTH,
        "Pages of other sites may not send here; the owner of this site can allow them with the setting allow_origin. "
        "If this is the chat's own page, behind a reverse proxy: the proxy must pass on the header Host, or set "
        "X-Forwarded-Host and be named in the setting trusted_proxies.");
}
