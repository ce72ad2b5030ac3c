/* peer.c - see peer.h. */
#include "peer.h"

#include "hash.h"
#include "str.h"

#include <arpa/inet.h>
#include <string.h>

enum { NONE = 0, V4 = 4, V6 = 16, NETWORK_BYTES = 8 };

/* Returns how many bytes of `out` are the address: 0, 4 or 16. */
static int parse(const char *address, unsigned char out[V6])
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* RFC 4291, section 2.5.5.2 */
    if (address != NULL && inet_pton(AF_INET, address, out) == 1) {
        return V4;
    }
    if (address == NULL || inet_pton(AF_INET6, address, out) != 1) {
        return NONE;
    }
    if (memcmp(out, mapped, sizeof mapped) == 0) {
        memmove(out, out + sizeof mapped, V4);
        return V4;
    }
    return V6;
}

bool peer_is_loopback(const char *address)
{
    static const unsigned char one[V6] = {[V6 - 1] = 1};
    unsigned char bytes[V6];
    int length = parse(address, bytes);
    return (length == V4 && bytes[0] == 127) || (length == V6 && memcmp(bytes, one, V6) == 0);
}

uint32_t peer_hash(const char *address)
{
    unsigned char bytes[V6];
    int length = parse(address, bytes);
    const unsigned char *from = length == NONE ? (const unsigned char *)address : bytes;
    size_t count = length == NONE ? strlen(address) : length == V4 ? V4 : NETWORK_BYTES;
    return (uint32_t)(hash_bytes(HASH_START, from, count) >> 32);
}

bool peer_host_is_loopback(const char *host)
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
    return str_equal_nocase(name, "localhost") || peer_is_loopback(name);
}
