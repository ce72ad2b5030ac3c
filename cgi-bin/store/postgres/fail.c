/* fail.c - see fail.h. */
#include "store/postgres/private/fail.h"

#include "base/err.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* The first row counts whose text begins the SQLSTATE. */
static const struct meaning {
    const char *state;
    enum err_code code;
    bool can_repeat;
} meanings[] = {
    {"40", ERR_BUSY, true},      /* serialization failure, deadlock */
    {"26000", ERR_BUSY, true},   /* a prepared statement is gone, */
    {"42P05", ERR_BUSY, true},   /* or was there before: a pool in transaction mode */
    {"23505", ERR_SYSTEM, true}, /* a row with this key came from another program */
    {"08", ERR_BUSY, false},     /* connection */
    {"25P03", ERR_BUSY, false},  /* the transaction was idle for too long: this program was stopped meanwhile */
    {"53100", ERR_FULL, false},     {"53200", ERR_CROWDED, false},
    {"53", ERR_BUSY, false},                                 /* too many connections */
    {"55P03", ERR_BUSY, false},     {"57", ERR_BUSY, false}, /* cancelled, shutting down, starting */
    {"25006", ERR_READONLY, false}, {"42501", ERR_READONLY, false},
    {"42P01", ERR_CORRUPT, false}, /* a table or column is missing */
    {"42703", ERR_CORRUPT, false},  {"XX001", ERR_CORRUPT, false},
    {"XX002", ERR_CORRUPT, false},  {"", ERR_SYSTEM, false},
};

static const struct meaning *meaning_of(const char *state)
{
    const struct meaning *m = meanings;
    while (strncmp(m->state, state, strlen(m->state)) != 0) {
        m++;
    }
    return m;
}

static const char *text_of(enum err_code code, const char *state)
{
    switch (code) {
    case ERR_BUSY:
        return strcmp(state, "55P03") == 0 || state[0] == '4'
                   ? "Other processes used the database for too long. Try again in a moment."
                   : "The database can't be reached. Try again in a moment.";
    case ERR_CROWDED:
        return "The database is short of memory. Try again in a moment.";
    case ERR_FULL:
        return "The disk of the database is full: nothing was stored. Reading goes on, and sending as soon as there "
               "is space.";
    case ERR_READONLY:
        return state[0] == '2' ? "The database takes no changes at the moment: nothing was stored. Reading goes on."
                               : "The database doesn't let this program's user do this: see the log.";
    case ERR_CORRUPT:
        return "The database is damaged, or isn't one of pollchat. Run 'pollchat check' to see where.";
    default:
        return "The database can't be used: it reported an error, which is in the log.";
    }
}

int postgres_fail(struct postgres_handle *s, const PGresult *result, const char *what, struct err *e)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    state = state != NULL ? state : "";
    const struct meaning *m = meaning_of(state);
    s->can_repeat = m->can_repeat;
    if (s->is_replica) {
        snprintf(s->trouble, sizeof s->trouble, "%s: %s", what, message != NULL ? message : "no message");
    } else if (strcmp(state, "55P03") != 0) { /* a lock that others had for too long is no news for the owner */
        log_line("%s: %s: %s (SQLSTATE %s)", s->label, what, message != NULL ? message : "no message",
                 state[0] != '\0' ? state : "none");
    }
    return err_set(e, m->code, "%s", text_of(m->code, state));
}

int postgres_fail_unreachable(struct err *e)
{
    return err_set(e, ERR_BUSY, "The database can't be reached. Try again in a moment.");
}
