/* limit.h - the limits (limiter.h) of the client of a request.
 *
 * A handler asks as early as it can: a request that is refused shall cost less than one that is
 * answered.
 * Threads: any.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>

struct err;
struct limiter_who;
struct poll_program;
struct request;

/* Who sent the request: its network, and whether that can be known. key: the keyed hash of the
 * client's key, CHAT_KEY_BYTES long; NULL: it sent none, or it isn't known yet. */
void limit_who(const struct request *request, const unsigned char *key, struct limiter_who *out);

/* The proxy that sent the request isn't trusted, so the network of its client isn't known. */
bool limit_network_is_hidden(const struct request *request);

/* Counts a request that reads, or that opens a stream. -1 with ERR_RATE. */
int limit_poll(const struct poll_program *p, const struct request *request, const unsigned char *key, struct err *e);
int limit_stream(const struct poll_program *p, const struct request *request, const unsigned char *key, struct err *e);

#endif
