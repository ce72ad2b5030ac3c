/* client.h - what an address tells of the client.
 *
 * Addresses have the form that request_client (request.h) returns. An IPv4 address within IPv6
 * (::ffff:192.0.2.1) counts as IPv4. Pure.
 * Threads: any.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

struct address;

/* True for this machine: 127.0.0.0/8 or ::1. False for NULL and for text that is no address. */
bool client_is_loopback(const char *address);
bool client_is_own(const struct address *a); /* the same */

/* True for addresses of private networks, where a proxy may stand: 10.0.0.0/8, 172.16.0.0/12,
 * 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, fc00::/7, fe80::/10, and this machine. */
bool client_is_private(const struct address *a);

/* A number for a client: a hash of its IPv4 address, or of the first 64 bits of its IPv6 address,
 * as a household gets all addresses that begin with them (RFC 6177). Text that is no address is
 * hashed as it is. seed: a secret, so that no client can find an address with the number of another
 * client. */
uint32_t client_hash(const char *address, uint64_t seed);

/* True when the Host header (NULL: there is none) names this machine itself: localhost or a
 * loopback address, with or without a port. A page that made a browser connect here under another
 * name has that name in Host. */
bool client_host_is_loopback(const char *host);

#endif
