/* get_status.h - GET /status: how the site is doing, for its owner and for monitoring.
 *
 * Counts and sizes, as JSON, or with format=prometheus in Prometheus's text format. It tells
 * nothing about messages, users or rooms. The setting `status` says which clients may
 * read it.
 * Threads: any.
 */
#ifndef GET_STATUS_H
#define GET_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct request;

/* True when the setting whose value is `allowed` (enum conf_status) admits this request's
 * client. */
bool get_status_allows(const struct request *request, uint64_t allowed);

void get_status(struct request *request, void *program); /* a handler of route.h */

#endif
