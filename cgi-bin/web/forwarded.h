/* forwarded.h - what reverse proxies say of a request: for whom, for which host, by which scheme.
 *
 * Any client can write such a header. So it counts only where the peer (REMOTE_ADDR) is in the
 * setting trusted_proxies, and of its list only what trusted proxies added: the list is read from
 * its end, where the nearest proxy writes, as long as the addresses there are trusted too. The
 * first one that isn't is the client's. An entry that can't be read ends the walk at the proxy that
 * wrote it.
 *   X-Forwarded-For: 203.0.113.9, 198.51.100.7      addresses, with a port or without (de facto)
 *   Forwarded: for=203.0.113.9;proto=https, for="[2001:db8::1]:4711"      RFC 7239, where there is no X-Forwarded-For
 * Not CF-Connecting-IP and its like: they pass through every proxy that doesn't know them, and who
 * sets them sets X-Forwarded-For. No more than 16 entries are read. A header that comes as two
 * variables isn't believed at all: either a client has forged one of them (X_Forwarded_For has the
 * same name in CGI), or the proxy adds a line of its own instead of lengthening the one there is.
 * Threads: an exchange belongs to one thread at a time.
 */
#ifndef FORWARDED_H
#define FORWARDED_H

#include <stdbool.h>

struct request;

enum { FORWARDED_ENTRIES = 16, FORWARDED_HOST = 262 }; /* 255 of a name, a port, and a NUL */

#define FORWARDED_UNKNOWN "unknown" /* the client of a forged header: all of them are one, and none is the proxy */

/* Finds out who asks: request_client() says it from here on. trusted: the setting, valid. */
void forwarded_apply(struct request *x, const char *trusted);

/* The hosts that trusted proxies were asked for, from the nearest one (back 0). false: there are no more. "" for one that can't be.
 * Who is believed may still have passed on what a client wrote; a page of another site can't write it, which is what this is good for. */
bool forwarded_host(const struct request *x, unsigned back, char out[FORWARDED_HOST]);

/* A trusted proxy says that the client came by https. */
bool forwarded_is_https(const struct request *x);

/* There is any header that proxies add, trusted or not. */
bool forwarded_is_hinted(const struct request *x);

#endif
