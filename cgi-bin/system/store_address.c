/* store_address.c - see store_address.h. */
#include "system/store_address.h"

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535 };

static const char hidden[] = "(not shown)";

/* Parameters of libpq whose values are no secrets. */
static const char *const shown_keys[] = {"application_name",
                                         "channel_binding",
                                         "connect_timeout",
                                         "dbname",
                                         "gssencmode",
                                         "host",
                                         "hostaddr",
                                         "keepalives",
                                         "keepalives_count",
                                         "keepalives_idle",
                                         "keepalives_interval",
                                         "load_balance_hosts",
                                         "options",
                                         "passfile",
                                         "port",
                                         "require_auth",
                                         "sslcert",
                                         "sslcrl",
                                         "sslkey",
                                         "sslmode",
                                         "sslrootcert",
                                         "target_session_attrs",
                                         "tcp_user_timeout",
                                         "user"};

/* A piece of an address. */
struct piece {
    const char *at;
    size_t length;
};

struct address {
    struct piece scheme; /* with "://" */
    struct piece user;
    struct piece password; /* .at NULL: none */
    struct piece hosts;
    struct piece database; /* with its '/'; "" if there is none */
    const char *query;     /* behind the '?'; NULL: none */
};

static struct piece until(const char *at, const char *ends)
{
    return (struct piece){.at = at, .length = strcspn(at, ends)};
}

static bool take_scheme(const char *text, struct piece *out)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0) {
            *out = (struct piece){.at = text, .length = strlen(schemes[i])};
            return true;
        }
    }
    return false;
}

/* Takes the address apart as libpq does: user and password end at the first '@', if one comes
 * before the first '/'. False: it isn't an address of PostgreSQL. */
static bool take_apart(const char *text, struct address *out)
{
    memset(out, 0, sizeof *out);
    if (!take_scheme(text, &out->scheme)) {
        return false;
    }
    const char *at = text + out->scheme.length;
    size_t who = strcspn(at, "@/");
    out->user = (struct piece){.at = at};
    if (at[who] == '@') {
        out->user = until(at, ":@");
        if (at[out->user.length] == ':') {
            out->password = (struct piece){.at = at + out->user.length + 1, .length = who - out->user.length - 1};
        }
        at += who + 1;
    }
    out->hosts = until(at, "/?");
    at += out->hosts.length;
    out->database = until(at, "?");
    at += out->database.length;
    out->query = *at == '?' ? at + 1 : NULL;
    return true;
}

/* ---- the form ---- */

/* '%' and two hexadecimal digits stand for a byte, which may not be 0. */
static bool is_escaped_well(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%')) {
        if (strspn(at + 1, digits) < 2 || strncmp(at + 1, "00", 2) == 0) {
            return false;
        }
    }
    return true;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* HOST or HOST:PORT, where HOST may be empty, and [IPv6] has colons in it. */
static bool is_host(struct piece host)
{
    char port[8];
    uint64_t number = 0;
    const char *end = host.at + host.length;
    const char *colon; /* behind the host, before its port */
    if (host.length > 0 && host.at[0] == '[') {
        size_t inside = strspn(host.at + 1, "0123456789abcdefABCDEF:.");
        colon = host.at + inside + 2;
        if (inside == 0 || host.at[inside + 1] != ']') {
            return false;
        }
    } else {
        colon = host.at + strcspn(host.at, "[]:,/?");
    }
    if (colon >= end) {
        return colon == end;
    }
    size_t length = (size_t)(end - colon - 1);
    if (*colon != ':' || length >= sizeof port) {
        return false;
    }
    snprintf(port, sizeof port, "%.*s", (int)length, colon + 1);
    return str_u64(port, 1, PORT_MAX, &number) == 0;
}

static bool are_hosts(struct piece hosts)
{
    const char *end = hosts.at + hosts.length;
    for (const char *at = hosts.at; at <= end;) {
        struct piece host = until(at, ",/?");
        if (!is_host(host)) {
            return false;
        }
        at += host.length + 1;
    }
    return true;
}

/* KEY=VALUE&...; a key in small letters, so that no spelling of it hides what it is. */
static bool are_parameters(const char *query)
{
    while (query != NULL && *query != '\0') {
        size_t key = strspn(query, "abcdefghijklmnopqrstuvwxyz_");
        if (key == 0 || query[key] != '=') {
            return false;
        }
        size_t length = strcspn(query, "&");
        if (memchr(query + key + 1, '=', length - key - 1) != NULL) {
            return false;
        }
        query += length + (query[length] == '&');
    }
    return true;
}

const char *store_address_fault(const char *address)
{
    struct address a;
    if (!take_apart(address, &a)) {
        return "must be an address that begins with postgresql://";
    }
    if (!is_printable(address) || !is_escaped_well(address) || strchr(a.hosts.at, '@') != NULL) {
        return "has a character that must be written as % and two digits, such as %40 for @, %2F for / and %25 for "
               "% in a password";
    }
    if (!are_hosts(a.hosts)) {
        return "has a list of hosts that isn't of the form HOST:PORT,HOST:PORT with ports from 1 to 65535";
    }
    if (memchr(a.database.at + (a.database.length > 0), '/', a.database.length - (a.database.length > 0)) != NULL) {
        return "has more than one / behind its hosts, where only the name of a database belongs";
    }
    return are_parameters(a.query) ? NULL : "has parameters behind its ? that aren't of the form key=value&key=value";
}

/* ---- showing it ---- */

static bool is_shown_key(const char *key, size_t length)
{
    bool found = false;
    for (size_t i = 0; i < sizeof shown_keys / sizeof shown_keys[0]; i++) {
        found = found || (strlen(shown_keys[i]) == length && strncmp(shown_keys[i], key, length) == 0);
    }
    return found;
}

/* Appends to a text of `size` bytes, and cuts what doesn't fit. */
static void add(char *out, size_t size, const char *text, size_t length)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%.*s", (int)length, text);
}

static void add_query(char *out, size_t size, const char *query)
{
    const char *before = "?";
    while (query != NULL && *query != '\0') {
        size_t length = strcspn(query, "&");
        size_t key = strcspn(query, "=&");
        add(out, size, before, 1);
        if (is_shown_key(query, key)) {
            add(out, size, query, length);
        } else {
            add(out, size, query, key + 1);
            add(out, size, hidden, strlen(hidden));
        }
        query += length + (query[length] == '&');
        before = "&";
    }
}

void store_address_shown(const char *address, char *out, size_t size)
{
    struct address a;
    out[0] = '\0';
    if (store_address_fault(address) != NULL) {
        bool is_word = strstr(address, "://") == NULL;
        add(out, size, is_word ? address : hidden, is_word ? strlen(address) : strlen(hidden));
        return;
    }
    (void)take_apart(address, &a);
    add(out, size, a.scheme.at, a.scheme.length);
    if (a.hosts.at > a.user.at) {
        add(out, size, a.user.at, a.user.length);
        if (a.password.at != NULL) {
            add(out, size, ":", 1);
            add(out, size, hidden, strlen(hidden));
        }
        add(out, size, "@", 1);
    }
    add(out, size, a.hosts.at, a.hosts.length);
    add(out, size, a.database.at, a.database.length);
    add_query(out, size, a.query);
}
