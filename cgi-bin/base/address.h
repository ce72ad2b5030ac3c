/* address.h - IP addresses and ranges of them, parsed strictly.
 *
 * An IPv4 address mapped into IPv6 (::ffff:192.0.2.1) counts as IPv4. A range is an address, or an
 * address and the number of its leading bits that count (CIDR): 192.0.2.0/24, 2001:db8::/32.
 * Pure. Threads: any.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    ADDRESS_NONE = 0,
    ADDRESS_V4 = 4,
    ADDRESS_V6 = 16,
    ADDRESS_TEXT = 46
}; /* in bytes; ADDRESS_TEXT: of a text, with its NUL */

struct address {
    int length; /* of bytes: ADDRESS_NONE, _V4 or _V6 */
    unsigned char bytes[ADDRESS_V6];
};

/* text may be NULL. The result has the length ADDRESS_NONE if text is no address. */
struct address address_of(const char *text);

/* Parses an address as headers have it: with or without a port, IPv6 with or without brackets.
 * Takes `length` bytes without spaces around them. */
struct address address_in_header(const char *text, size_t length);

/* Writes the shortest text of an address, NUL at its end. a must not be ADDRESS_NONE. */
void address_text(const struct address *a, char out[ADDRESS_TEXT]);

/* Does the list hold only ranges, separated by spaces, with no bit set behind those that count?
 * True for "". */
bool address_list_valid(const char *list);

/* Is a in one of the ranges? False for ADDRESS_NONE. */
bool address_in_list(const struct address *a, const char *list);

#endif
