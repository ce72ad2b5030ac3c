/* cors.h - which other sites' pages may read and send.
 *
 * Closed by default. Browsers name the page's site in Origin; programs without one (curl) are nobody's page and may
 * do what they like, as no visitor's rights can be borrowed through them.
 * Threads: any.
 */
#ifndef CORS_H
#define CORS_H

struct err;
struct request;

/* Adds the CORS headers that the request's Origin has a right to, to whatever answer it gets. allow_origin: the
 * setting: origins separated by spaces, "*", or "". */
void cors_apply(struct request *x, const char *allow_origin);

/* 0 when the request may change something: no Origin, this site's own, or an allowed one. Else -1, ERR_AUTH. */
int cors_check_write(const struct request *x, const char *allow_origin, struct err *e);

#endif
