/* network.h - what is kept of a client's address: keyed hashes of its network.
 *
 * A household has an IPv4 address, often a changing one of a /24, or all IPv6 addresses of a /64; a
 * customer with more than one network has a /48. The hash is made with a secret that is thrown away
 * after some days; from then on the network can no longer be found from it.
 * Pure. Threads: any.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "base/address.h"
#include "chat/chat.h"

#include <stdbool.h>
#include <stdint.h>

enum { NETWORK_SECRET_BYTES = 32 };

/* Which part of the network of struct chat_sender. */
enum network_width { NETWORK_NARROW /* /24 or /64 */, NETWORK_WIDE /* /24 or /48 */ };

/* Writes the network of an address. number: of the secret. False, and zeros: it is no address. */
bool network_of(const struct address *a, uint32_t number, const unsigned char secret[NETWORK_SECRET_BYTES],
                unsigned char out[CHAT_NETWORK_BYTES]);

/* The number of the secret with which it was made. */
uint32_t network_number(const unsigned char network[CHAT_NETWORK_BYTES]);

/* Are both of the same network? They are compared only if they were made with the same secret. */
bool network_is_same(const unsigned char a[CHAT_NETWORK_BYTES], const unsigned char b[CHAT_NETWORK_BYTES],
                     enum network_width width);

#endif
