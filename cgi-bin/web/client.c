/* client.c - see client.h. */
#include "web/client.h"

#include "base/address.h"
#include "base/hash.h"
#include "base/str.h"

#include <string.h>

enum { NETWORK_BYTES = 8 };

bool client_is_own(const struct address *a)
{
    static const unsigned char one[ADDRESS_V6] = {[ADDRESS_V6 - 1] = 1};
    return (a->length == ADDRESS_V4 && a->bytes[0] == 127) ||
           (a->length == ADDRESS_V6 && memcmp(a->bytes, one, sizeof one) == 0);
}

bool client_is_loopback(const char *address)
{
    const struct address a = address_of(address);
    return client_is_own(&a);
}

bool client_is_private(const struct address *a)
{
    const unsigned char *b = a->bytes;
    if (a->length == ADDRESS_V4) {
        return b[0] == 10 || (b[0] == 172 && b[1] >> 4 == 1) || (b[0] == 192 && b[1] == 168) ||
               (b[0] == 100 && b[1] >> 6 == 1) || (b[0] == 169 && b[1] == 254) || client_is_own(a);
    }
    return a->length == ADDRESS_V6 && (b[0] >> 1 == 0xFC >> 1 || (b[0] == 0xFE && b[1] >> 6 == 2) || client_is_own(a));
}

uint32_t client_hash(const char *address, uint64_t seed)
{
    const struct address a = address_of(address);
    const unsigned char *from = a.length == ADDRESS_NONE ? (const unsigned char *)address : a.bytes;
    size_t count = a.length == ADDRESS_NONE ? strlen(address) : a.length == ADDRESS_V4 ? ADDRESS_V4 : NETWORK_BYTES;
    uint64_t hash = hash_bytes(hash_bytes(HASH_START ^ seed, from, count), &seed, sizeof seed);
    return (uint32_t)(hash >> 32);
}

bool client_host_is_loopback(const char *host)
{
    char name[64];
    size_t length = 0;
    if (host == NULL) {
        return true;
    }
    if (host[0] == '[') {
        host++;
        length = strcspn(host, "]");
    } else {
        length = strcspn(host, ":");
    }
    if (length >= sizeof name) {
        return false;
    }
    memcpy(name, host, length);
    name[length] = '\0';
    return str_equal_nocase(name, "localhost") || client_is_loopback(name);
}
