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
struct request;
struct site;

/* Finds the network of the client that sent the request, and whether it can be known. key: the
 * keyed hash of the client's key, CHAT_KEY_BYTES long; NULL: it sent none, or it isn't known
 * yet. */
void limit_who(const struct request *request, const unsigned char *key, struct limiter_who *out);

/* Lets a text stand for the client's key: the key itself, where its keyed hash isn't known. */
void limit_by_text(const char *text, struct limiter_who *who);

/* The proxy that sent the request isn't trusted, so the network of its client isn't known. */
bool limit_network_is_hidden(const struct request *request);

/* Counts a request that reads, or that opens a stream, by its network and the key in its headers,
 * which isn't checked yet. who: of limit_who, without a key. handler_begin calls it. -1 with
 * ERR_RATE. */
int limit_read(struct site *site, const struct request *request, const struct limiter_who *who, bool is_stream,
               struct err *e);

#endif
