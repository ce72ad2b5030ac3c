/* get_status.h - GET /status: how the site is doing, for its owner and his monitoring.
 *
 * Counts and sizes, as JSON or with format=prometheus in Prometheus's text format. Nothing of what is said, by whom or where.
 * Who may read it: the setting `status`.
 * Threads: any.
 */
#ifndef GET_STATUS_H
#define GET_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct request;

/* Is this request's peer among those that a setting allows (enum conf_status)? */
bool get_status_allows(const struct request *x, uint64_t whom);

void get_status(struct request *x, void *program); /* a handler of route.h */

#endif
