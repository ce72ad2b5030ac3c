/* forwarded.c - see forwarded.h. */
#include "web/forwarded.h"

#include "base/address.h"
#include "base/str.h"
#include "web/request.h"

#include <string.h>

struct piece {
    const char *at;
    size_t length;
};

static struct piece trimmed(struct piece p)
{
    while (p.length > 0 && (p.at[0] == ' ' || p.at[0] == '\t')) {
        p.at++;
        p.length--;
    }
    while (p.length > 0 && (p.at[p.length - 1] == ' ' || p.at[p.length - 1] == '\t')) {
        p.length--;
    }
    return p;
}

static bool is_word(struct piece p, const char *word)
{
    char copy[16];
    if (p.length >= sizeof copy) {
        return false;
    }
    memcpy(copy, p.at, p.length);
    copy[p.length] = '\0';
    return str_equal_nocase(copy, word);
}

/* ---- a list, from its end ---- */

struct walk {
    struct piece left; /* at is NULL at the end */
    unsigned count;
};

/* An empty variable is no list: nginx sets one for a missing header. If two variables have the
 * name, neither is used; see is_forged. */
static struct walk walk_of(const struct request *request, const char *name)
{
    const char *value = "";
    struct walk w = {.count = 0};
    if (request_count_variables(request, name, &value) == 1 && *value != '\0') {
        w.left = (struct piece){.at = value, .length = strlen(value)};
    }
    return w;
}

/* A comma separates entries even within quotes: no value that is looked for contains one. So a
 * quote that a client left open can't hide the entries that proxies added behind it. */
static bool walk_back(struct walk *w, struct piece *out)
{
    if (w->count == FORWARDED_ENTRIES || w->left.at == NULL) {
        return false;
    }
    const char *comma = memrchr(w->left.at, ',', w->left.length);
    struct piece whole = w->left;
    if (comma != NULL) {
        size_t before = (size_t)(comma - whole.at);
        *out = trimmed((struct piece){.at = comma + 1, .length = whole.length - before - 1});
        w->left.length = before;
    } else {
        *out = trimmed(whole);
        w->left.at = NULL;
    }
    w->count++;
    return true;
}

/* ---- Forwarded ---- */

static struct piece unquoted(struct piece p)
{
    if (p.length >= 2 && p.at[0] == '"' && p.at[p.length - 1] == '"') {
        p.at++;
        p.length -= 2;
    }
    return p;
}

/* The value of a parameter of an entry, without its quotes; empty when the parameter is missing or
 * given twice. */
static struct piece parameter(struct piece entry, const char *name)
{
    struct piece found = {.at = entry.at, .length = 0};
    unsigned count = 0;
    while (entry.length > 0) {
        const char *semicolon = memchr(entry.at, ';', entry.length);
        struct piece pair = {.at = entry.at,
                             .length = semicolon != NULL ? (size_t)(semicolon - entry.at) : entry.length};
        size_t used = pair.length + (semicolon != NULL);
        pair = trimmed(pair);
        const char *equals = memchr(pair.at, '=', pair.length);
        size_t key = equals != NULL ? (size_t)(equals - pair.at) : 0;
        if (equals != NULL && is_word((struct piece){.at = pair.at, .length = key}, name)) {
            found = unquoted((struct piece){.at = equals + 1, .length = pair.length - key - 1});
            count++;
        }
        entry.at += used;
        entry.length -= used;
    }
    found.length = count == 1 ? found.length : 0;
    return found;
}

/* ---- who asks ---- */

static const char forwarded_for[] = "HTTP_X_FORWARDED_FOR";
static const char forwarded_standard[] = "HTTP_FORWARDED";

static bool has(const struct request *request, const char *name)
{
    const char *value = "";
    unsigned count = request_count_variables(request, name, &value);
    return count > 1 || *value != '\0';
}

/* CGI writes '-' as '_', so X_Forwarded_For and X-Forwarded-For become variables with one name. If
 * a server passes both on, the program can't know which of them the proxy wrote. */
static bool is_forged(const struct request *request)
{
    const char *value = "";
    return request_count_variables(request, has(request, forwarded_for) ? forwarded_for : forwarded_standard, &value) >
           1;
}

void forwarded_apply(struct request *request, const char *trusted)
{
    struct piece entry;
    char text[ADDRESS_TEXT];
    if (trusted[0] == '\0') {
        return;
    }
    struct address client = address_of(request_variable(request, "REMOTE_ADDR"));
    if (!address_in_list(&client, trusted)) {
        return;
    }
    if (is_forged(request)) {
        request_trust_proxy(request, FORWARDED_UNKNOWN);
        return;
    }
    bool standard = !has(request, forwarded_for);
    struct walk w = walk_of(request, standard ? forwarded_standard : forwarded_for);
    while (address_in_list(&client, trusted) && walk_back(&w, &entry)) {
        struct piece address = standard ? parameter(entry, "for") : entry;
        struct address next = address_in_header(address.at, address.length);
        if (next.length == ADDRESS_NONE) {
            break;
        }
        client = next;
    }
    address_text(&client, text);
    request_trust_proxy(request, text);
}

/* ---- what for ---- */

/* Finds the entry that is `back` steps from the end of the list; from the header Forwarded, that
 * entry's parameter `name`. */
static bool said(const struct request *request, const char *own, const char *name, unsigned back, struct piece *out)
{
    bool standard = !has(request, own);
    struct walk w = walk_of(request, standard ? forwarded_standard : own);
    bool found = request_has_trusted_proxy(request) && walk_back(&w, out);
    for (; found && back > 0; back--) {
        found = walk_back(&w, out);
    }
    if (found && standard) {
        *out = parameter(*out, name);
    }
    return found;
}

bool forwarded_host(const struct request *request, unsigned back, char out[FORWARDED_HOST])
{
    struct piece host;
    if (!said(request, "HTTP_X_FORWARDED_HOST", "host", back, &host)) {
        return false;
    }
    size_t length = host.length < FORWARDED_HOST ? host.length : 0;
    memcpy(out, host.at, length);
    out[length] = '\0';
    return true;
}

/* The first entry was written by the proxy that the client connected to. */
bool forwarded_is_https(const struct request *request)
{
    struct piece scheme;
    bool result = false;
    for (unsigned back = 0; said(request, "HTTP_X_FORWARDED_PROTO", "proto", back, &scheme); back++) {
        result = is_word(scheme, "https");
    }
    return result;
}

bool forwarded_is_hinted(const struct request *request)
{
    static const char *const names[] = {"HTTP_FORWARDED",      "HTTP_VIA",
                                        "HTTP_X_REAL_IP",      "HTTP_CF_CONNECTING_IP",
                                        "HTTP_TRUE_CLIENT_IP", "HTTP_X_CLIENT_IP"};
    bool found = request_has_variable_like(request, "HTTP_X_FORWARDED_");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || request_variable(request, names[i]) != NULL;
    }
    return found;
}
