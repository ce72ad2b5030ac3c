/* problem.h - from an error to its HTTP answer: status, title, RFC 9457 body.
 *
 * The one place that maps error codes to statuses. To add a problem: a code in
 * err.h, a row in problem.c, a row in the table of www/API.md.
 * Pure. Threads: any.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "base/err.h"

#include <stdbool.h>

struct buf;

struct problem {
    int status;
    unsigned retry_after; /* seconds; 0: no such header */
    bool is_logged;       /* the owner has to act, so the details go into the log */
    const char *slug;     /* the type is urn:pollchat:problem:<slug> */
    const char *title;
};

/* The row of a code. Can't fail: an unknown code is "internal". */
const struct problem *problem_of(enum err_code code);

/* The title of the problems with this status. Can't fail: that of 500 for an unknown one. */
const char *problem_title(int status);

/* The sentence for strangers. For ERR_CONFIG, ERR_EXPOSED and ERR_SYSTEM it is a general one,
 * because details stay in the log. Borrowed like e. */
const char *problem_detail(const struct err *e);

/* Writes the body. as_text: "status title: detail" as one plain line instead of JSON. epoch may be
 * NULL. */
void problem_body(struct buf *out, const struct err *e, bool as_text, const char *epoch);

#endif
