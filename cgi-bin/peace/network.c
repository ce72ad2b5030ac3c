/* network.c - see network.h. */
#include "peace/network.h"

#include "base/ck.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { NUMBER = 4, FAMILY = NUMBER, NARROW = 5, PART = 6, WIDE = NARROW + PART };

static void hash_part(unsigned char out[PART], const unsigned char secret[NETWORK_SECRET_BYTES],
                      const struct address *a, unsigned char bytes)
{
    unsigned char input[2 + ADDRESS_V6] = {(unsigned char)a->length, bytes};
    unsigned char hash[crypto_generichash_BYTES_MIN];
    memcpy(input + 2, a->bytes, bytes);
    CK(crypto_generichash(hash, sizeof hash, input, 2U + bytes, secret, NETWORK_SECRET_BYTES) == 0);
    memcpy(out, hash, PART);
}

bool network_of(const struct address *a, uint32_t number, const unsigned char secret[NETWORK_SECRET_BYTES],
                unsigned char out[CHAT_NETWORK_BYTES])
{
    static_assert(WIDE + PART == CHAT_NETWORK_BYTES, "the parts fill it");
    bool is_v4 = a->length == ADDRESS_V4;
    memset(out, 0, CHAT_NETWORK_BYTES);
    if (a->length == ADDRESS_NONE) {
        return false;
    }
    for (int i = 0; i < NUMBER; i++) {
        out[i] = (unsigned char)(number >> (24 - 8 * i));
    }
    out[FAMILY] = is_v4 ? 4 : 6;
    hash_part(out + NARROW, secret, a, is_v4 ? 3 : 8);
    hash_part(out + WIDE, secret, a, is_v4 ? 3 : 6);
    return true;
}

uint32_t network_number(const unsigned char network[CHAT_NETWORK_BYTES])
{
    return (uint32_t)network[0] << 24 | (uint32_t)network[1] << 16 | (uint32_t)network[2] << 8 | network[3];
}

bool network_is_same(const unsigned char a[CHAT_NETWORK_BYTES], const unsigned char b[CHAT_NETWORK_BYTES],
                     enum network_width width)
{
    size_t from = width == NETWORK_NARROW ? NARROW : WIDE;
    return memcmp(a, b, NARROW) == 0 && memcmp(a + from, b + from, PART) == 0;
}
