/* client.h - what an address says of who asks.
 *
 * Pure. Addresses as request_client (request.h) gives them; IPv4 within IPv6 (::ffff:192.0.2.1) is IPv4.
 * Threads: any.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

/* This machine: 127.0.0.0/8 or ::1. NULL and what is no address are not. */
bool client_is_loopback(const char *address);

/* A number for one client: of its IPv4 address, or of the first 64 bits of its IPv6 address, as a
 * household gets all addresses behind these (RFC 6177). Whatever is no address counts by its text.
 * seed: a secret, so that no client can find an address that has the number of another client. */
uint32_t client_hash(const char *address, uint64_t seed);

/* A Host header (may be NULL: none) that names this machine by itself: localhost or a loopback address, with or without a port.
 * What a browser was led here under another name has that name. */
bool client_host_is_loopback(const char *host);

#endif
