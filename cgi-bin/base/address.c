/* address.c - see address.h. */
#include "base/address.h"

#include "base/ck.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

enum { RANGE_TEXT = ADDRESS_TEXT + 4 }; /* with "/128" behind it */

static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* RFC 4291, section 2.5.5.2 */

struct address address_of(const char *text)
{
    struct address a = {.length = ADDRESS_NONE};
    if (text != NULL && inet_pton(AF_INET, text, a.bytes) == 1) {
        a.length = ADDRESS_V4;
    } else if (text != NULL && inet_pton(AF_INET6, text, a.bytes) == 1) {
        a.length = ADDRESS_V6;
        if (memcmp(a.bytes, mapped, sizeof mapped) == 0) {
            memmove(a.bytes, a.bytes + sizeof mapped, ADDRESS_V4);
            a.length = ADDRESS_V4;
        }
    }
    return a;
}

/* The same for `length` bytes; ADDRESS_NONE if they are too many. */
static struct address address_of_bytes(const char *text, size_t length)
{
    char copy[ADDRESS_TEXT];
    if (length >= sizeof copy || memchr(text, '\0', length) != NULL) {
        return (struct address){.length = ADDRESS_NONE};
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return address_of(copy);
}

/* Nothing, or a colon and a number. */
static bool is_port(const char *text, size_t length)
{
    char digits[6];
    uint64_t port = 0;
    if (length == 0) {
        return true;
    }
    if (text[0] != ':' || length > sizeof digits) {
        return false;
    }
    memcpy(digits, text + 1, length - 1);
    digits[length - 1] = '\0';
    return str_u64(digits, 0, UINT16_MAX, &port) == 0;
}

struct address address_in_header(const char *text, size_t length)
{
    const char *end = length > 0 && text[0] == '[' ? memchr(text, ']', length) : NULL;
    if (end != NULL) {
        const struct address a = address_of_bytes(text + 1, (size_t)(end - text) - 1);
        /* brackets are for IPv6 alone */
        bool is_whole = memchr(text, ':', (size_t)(end - text)) != NULL &&
                        is_port(end + 1, length - (size_t)(end - text) - 1);
        return is_whole ? a : (struct address){.length = ADDRESS_NONE};
    }
    const char *colon = memchr(text, ':', length);
    size_t before = colon != NULL ? (size_t)(colon - text) : length;
    /* IPv6 has two at least */
    bool one = colon != NULL && memchr(colon + 1, ':', length - before - 1) == NULL;
    if (one && !is_port(colon, length - before)) {
        return (struct address){.length = ADDRESS_NONE};
    }
    return address_of_bytes(text, one ? before : length);
}

void address_text(const struct address *a, char out[ADDRESS_TEXT])
{
    CK(a->length != ADDRESS_NONE);
    CK(inet_ntop(a->length == ADDRESS_V4 ? AF_INET : AF_INET6, a->bytes, out, ADDRESS_TEXT) != NULL);
}

static bool bit(const struct address *a, uint64_t i)
{
    return (a->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* Parses a range: an address and the number of its bits that count. False: the word is no range. */
static bool parse_range(const char *word, size_t length, struct address *network, uint64_t *bits)
{
    char copy[RANGE_TEXT];
    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, word, length);
    copy[length] = '\0';
    char *slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    *network = address_of(copy);
    if (network->length == ADDRESS_NONE || (network->length == ADDRESS_V4 && strchr(copy, ':') != NULL)) {
        /* In ::ffff:192.0.2.0/120 it is unclear whether bits are counted in IPv6 or in IPv4: not
         * allowed. */
        return false;
    }
    uint64_t all = (uint64_t)network->length * 8;
    *bits = all;
    if (slash != NULL && str_u64(slash + 1, 0, all, bits) != 0) {
        return false;
    }
    for (uint64_t i = *bits; i < all; i++) {
        if (bit(network, i)) {
            return false; /* 192.0.2.7/24 is unclear: one host or its network? */
        }
    }
    return true;
}

static bool is_within(const struct address *a, const struct address *network, uint64_t bits)
{
    bool same = a->length == network->length;
    for (uint64_t i = 0; same && i < bits; i++) {
        same = bit(a, i) == bit(network, i);
    }
    return same;
}

bool address_list_valid(const char *list)
{
    for (const char *at = list + strspn(list, " "); *at != '\0'; at += strspn(at, " ")) {
        struct address network;
        uint64_t bits = 0;
        size_t length = strcspn(at, " ");
        if (!parse_range(at, length, &network, &bits)) {
            return false;
        }
        at += length;
    }
    return true;
}

bool address_in_list(const struct address *a, const char *list)
{
    for (const char *at = list + strspn(list, " "); *at != '\0' && a->length != ADDRESS_NONE; at += strspn(at, " ")) {
        struct address network;
        uint64_t bits = 0;
        size_t length = strcspn(at, " ");
        if (parse_range(at, length, &network, &bits) && is_within(a, &network, bits)) {
            return true;
        }
        at += length;
    }
    return false;
}
