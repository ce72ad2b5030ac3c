/* problem.h - from an error to what HTTP says about it: status, title, RFC 9457 body.
 *
 * The one place that maps err codes to statuses. Pure. Threads: any.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "err.h"

#include <stdbool.h>

struct buf;

struct problem {
    int status;
    unsigned retry_after; /* seconds; 0: no such header */
    const char *slug;     /* the type is urn:pollchat:problem:<slug> */
    const char *title;
};

/* What a code means. Can't fail: an unknown code is "internal". */
const struct problem *problem_of(enum err_code code);

/* The body. as_text: "status title: detail" as one plain line instead of JSON. epoch may be NULL. Details of
 * ERR_CONFIG and ERR_SYSTEM stay in the log: strangers get a general sentence. */
void problem_body(struct buf *out, const struct err *e, bool as_text, const char *epoch);

#endif
