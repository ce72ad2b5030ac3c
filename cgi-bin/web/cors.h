/* cors.h - which pages of other sites may read and send.
 *
 * None by default. Browsers name the site of the page in the header Origin. Programs such as curl
 * send no Origin and may do everything: a page can't use them to act with the rights of a visitor.
 * Threads: any.
 */
#ifndef CORS_H
#define CORS_H

struct err;
struct request;

/* Adds the CORS headers that the request's Origin is entitled to; every answer to the request gets
 * them. allow_origin is the setting: origins separated by spaces, "*", or "". */
void cors_apply(struct request *request, const char *allow_origin);

/* Returns 0 when the request may change something: it has no Origin, this site's own, or an allowed
 * one. Else -1 with ERR_AUTH. */
int cors_check_write(const struct request *request, const char *allow_origin, struct err *e);

#endif
