/* fail.h - what PostgreSQL's errors mean for the caller, and what the log gets of them. */
#ifndef POSTGRES_FAIL_H
#define POSTGRES_FAIL_H

#include "store/postgres/private/handle.h"

/* A statement failed with this result. Sets s->can_repeat. Logs the server's message without its
 * details, which may quote texts of visitors. Always -1. */
int postgres_fail(struct postgres_handle *s, const PGresult *result, const char *what, struct err *e);

/* No answer came: the connection is broken, or the server was silent for too long. The log has had
 * the reason. Always -1. */
int postgres_fail_unreachable(struct err *e);

#endif
