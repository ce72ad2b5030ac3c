/* address.c - see address.h. */
#include "store/postgres/private/address.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without them the kernel notices only after two hours that a host is gone. All of them count for
 * each host of the address. */
static const struct {
    const char *keyword;
    const char *value;
} usual[] = {
    {"connect_timeout", "5"}, /* seconds */
    {"keepalives_idle", "10"}, {"keepalives_interval", "5"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "15000"}, /* ms */
};

static void add(struct postgres_address *a, const char *keyword, const char *value)
{
    size_t at = 0;
    while (a->keywords[at] != NULL && strcmp(a->keywords[at], keyword) != 0) {
        at++;
    }
    CK(at < POSTGRES_ADDRESS_MOST);
    a->keywords[at] = keyword;
    a->values[at] = value;
}

static bool is_set(const PQconninfoOption *options, const char *keyword)
{
    const PQconninfoOption *o = options;
    while (o->keyword != NULL && strcmp(o->keyword, keyword) != 0) {
        o++;
    }
    /* (Of a libpq that doesn't know the word, the word isn't asked.) */
    return o->keyword == NULL || o->val != NULL || (o->envvar != NULL && getenv(o->envvar) != NULL);
}

/* Writers want a server that takes changes. Readers may go on where a primary takes none for a
 * while, but a replica may be behind what a client has seen: it is used beside (replica.h). */
static const char *wanted_server(enum postgres_wanted wanted)
{
    enum { KNOWS_PRIMARY = 140000 };
    bool knows = PQlibVersion() >= KNOWS_PRIMARY;
    if (wanted == POSTGRES_STANDBY) {
        return knows ? "standby" : "any";
    }
    return wanted == POSTGRES_PRIMARY && knows ? "primary" : "read-write";
}

/* libpq's environment is meant for the primary. */
static bool has_wish(const struct postgres_address *a, const PQconninfoOption *options, enum postgres_wanted wanted)
{
    size_t at = 0;
    while (a->keywords[at] != NULL && strcmp(a->keywords[at], "target_session_attrs") != 0) {
        at++;
    }
    return a->keywords[at] != NULL || (wanted != POSTGRES_STANDBY && is_set(options, "target_session_attrs"));
}

static void add_all(struct postgres_address *a, const PQconninfoOption *options, const char *password,
                    enum postgres_wanted wanted)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->val != NULL) {
            add(a, o->keyword, o->val);
        }
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (!is_set(options, usual[i].keyword)) {
            add(a, usual[i].keyword, usual[i].value);
        }
    }
    if (!has_wish(a, options, wanted)) {
        add(a, "target_session_attrs", wanted_server(wanted));
    }
    snprintf(a->program, sizeof a->program, "pollchat %s", program_invocation_short_name);
    add(a, "fallback_application_name", a->program);
    add(a, "client_encoding", "UTF8");
    if (password != NULL) {
        add(a, "password", password);
    }
}

int postgres_address_take(struct postgres_address *a, const char *address, const char *password,
                          enum postgres_wanted wanted, struct err *e)
{
    char *why = NULL;
    memset(a, 0, sizeof *a);
    PQconninfoOption *options = PQconninfoParse(address, &why);
    if (options == NULL) {
        PQfreemem(why); /* not for the log: it may quote the address with its password */
        log_line("the setting 'store' is no address that libpq understands");
        return err_set(e, ERR_CONFIG, "The setting 'store' is no address of a PostgreSQL database.");
    }
    a->options = options;
    add_all(a, options, password, wanted);
    return 0;
}

/* "a,b,c" by 1: "b,c,a". A list of one value (a port for all servers) stays as it is. */
static char *rotate_list(const char *list, unsigned by)
{
    size_t size = strlen(list) + 1;
    char *out = ck_calloc(1, size);
    const char *at = list;
    unsigned count = 1;
    for (const char *comma = list; (comma = strchr(comma, ',')) != NULL; comma++) {
        count++;
    }
    for (by %= count; by > 0; by--) {
        at = strchr(at, ',') + 1;
    }
    snprintf(out, size, "%s%s%.*s", at, at > list ? "," : "", at > list ? (int)(at - list) - 1 : 0, list);
    return out;
}

void postgres_address_rotate(struct postgres_address *a, unsigned by)
{
    static const char *const lists[] = {"host", "hostaddr", "port"};
    for (size_t i = 0; a->keywords[i] != NULL; i++) {
        for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
            if (strcmp(a->keywords[i], lists[k]) == 0 && a->rotated[k] == NULL) {
                a->rotated[k] = rotate_list(a->values[i], by);
                a->values[i] = a->rotated[k];
            }
        }
    }
}

void postgres_address_fini(struct postgres_address *a)
{
    for (size_t i = 0; i < sizeof a->rotated / sizeof a->rotated[0]; i++) {
        free(a->rotated[i]);
        a->rotated[i] = NULL;
    }
    PQconninfoFree(a->options);
    a->options = NULL;
}
