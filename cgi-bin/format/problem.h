/* problem.h - from an error to what HTTP says about it: status, title, RFC 9457 body.
 *
 * The one place that maps err codes to statuses. Pure. Threads: any.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "base/err.h"

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

/* What went wrong, for strangers. For ERR_CONFIG, ERR_EXPOSED and ERR_SYSTEM it is a general
 * sentence, as details stay in the log. Borrowed like e. */
const char *problem_detail(const struct err *e);

/* The body. as_text: "status title: detail" as one plain line instead of JSON. epoch may be
 * NULL. */
void problem_body(struct buf *out, const struct err *e, bool as_text, const char *epoch);

#endif
