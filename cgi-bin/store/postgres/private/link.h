/* link.h - the connection of a handle: made when it is needed, and a limit on each wait.
 *
 * A statement waits as long as the handle's options allow for locks (the server counts that), and
 * some seconds more for the server to say anything. If it doesn't, the connection is given up. So a
 * network that swallows packets costs a caller some seconds, never a thread. After such a silence
 * one thread of the process at a time tries to connect, and the others are refused at once.
 * Outside of transactions a statement that meets a connection which broke while it was idle, as
 * after a restart of the server, is sent once more over a new one.
 */
#ifndef POSTGRES_LINK_H
#define POSTGRES_LINK_H

#include "store/postgres/private/handle.h"

struct postgres_parameters {
    int count;
    const Oid *types;
    const char *const *values; /* NULL: NULL */
    const int *lengths;
    const int *formats; /* 1: binary */
};

/* A statement for the server. Without a name it is parsed each time. */
struct postgres_request {
    const char *text;
    const struct postgres_parameters *parameters; /* NULL: none, and several statements may be in the text */
    const char *name;                             /* it stays prepared under this name; NULL: it doesn't */
    unsigned *prepared;                           /* of it: in which of the handle's connections it is */
    bool as_text;                                 /* the result is wanted as text, not in binary form */
};

/* Connects, unless the handle is connected. 0, or -1 with the error set. */
int postgres_link_open(struct postgres_handle *s, struct err *e);
void postgres_link_close(struct postgres_handle *s); /* fine if it isn't connected */

/* Returns the result, in binary form if there are parameters; PQclear it. NULL with the error set;
 * s->has_no_answer: it isn't known whether the statement was done. */
PGresult *postgres_link_ask(struct postgres_handle *s, const struct postgres_request *request, const char *what,
                            struct err *e);
/* The same for a text without parameters: of several statements the last one's result. */
PGresult *postgres_link_run(struct postgres_handle *s, const char *text, const char *what, struct err *e);

/* Sends all of them at once, so that the network is waited for once. After one that fails the
 * others aren't done. Each has parameters, if only zero of them. 0: results are set; -1: all are
 * NULL. */
int postgres_link_ask_all(struct postgres_handle *s, const struct postgres_request *requests, size_t count,
                          PGresult **results, const char *what, struct err *e);

/* Sends a statement without a wait for its answer, which the next statement takes away. */
void postgres_link_leave(struct postgres_handle *s, const char *text);

/* The statement's answer, if it comes within so many milliseconds; otherwise NULL, without an
 * error in the log, and the next statement takes the answer away. */
PGresult *postgres_link_glance(struct postgres_handle *s, const char *text, int64_t ms, struct err *e);

#endif
