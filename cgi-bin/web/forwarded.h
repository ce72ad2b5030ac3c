/* forwarded.h - what reverse proxies say of a request: its client, host and scheme.
 *
 * Any client can write these headers. So they count only if the peer (REMOTE_ADDR) is in the
 * setting trusted_proxies, and only the entries that trusted proxies added: the list is read from
 * its end, where the nearest proxy writes, as long as the addresses there are trusted too. The
 * first address that isn't trusted is the client's. An entry that can't be read ends the walk: the
 * proxy that wrote it then counts as the client.
 *   X-Forwarded-For: 203.0.113.9, 198.51.100.7      addresses, with or without a port (de facto)
 *   Forwarded: for=203.0.113.9;proto=https, for="[2001:db8::1]:4711"
 *                                                   RFC 7239; used if there is no X-Forwarded-For
 * CF-Connecting-IP and similar headers are not used: they pass unchanged through every proxy that
 * doesn't know them, and the proxies that set them set X-Forwarded-For too. At most 16 entries are
 * read. A header that arrives as two variables is not believed at all: either a client forged one
 * of them (X_Forwarded_For has the same name in CGI), or the proxy adds a header line of its own
 * instead of extending the existing one.
 * Threads: a request belongs to one thread at a time.
 */
#ifndef FORWARDED_H
#define FORWARDED_H

#include <stdbool.h>

struct request;

enum { FORWARDED_ENTRIES = 16, FORWARDED_HOST = 262 }; /* a name of 255 bytes, a port and a NUL */

#define FORWARDED_UNKNOWN "unknown" /* the client of every request with a forged header; never a proxy's address */

/* Finds out the client's address, which request_client() returns from here on. trusted: the
 * setting, checked. */
void forwarded_apply(struct request *request, const char *trusted);

/* Copies the host that a trusted proxy was asked for; back counts the proxies from the nearest one
 * (0). False when there are no more; "" when the entry is no host name. A trusted proxy may pass on
 * what a client wrote. A page of another site can't make a browser write it, and that is what this
 * is used for. */
bool forwarded_host(const struct request *request, unsigned back, char out[FORWARDED_HOST]);

/* True when a trusted proxy says that the client came by HTTPS. */
bool forwarded_is_https(const struct request *request);

/* True when the request has a header that proxies add, trusted or not. */
bool forwarded_is_hinted(const struct request *request);

#endif
