/* address.h - IP addresses and ranges of them, read strictly.
 *
 * IPv4 within IPv6 (::ffff:192.0.2.1) is IPv4. A range is an address, or an address and how many of
 * its leading bits count (CIDR): 192.0.2.0/24, 2001:db8::/32.
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
}; /* bytes; the last: of a text, with its NUL */

struct address {
    int length; /* of bytes: ADDRESS_NONE, _V4 or _V6 */
    unsigned char bytes[ADDRESS_V6];
};

/* text may be NULL. What is no address has the length ADDRESS_NONE. */
struct address address_of(const char *text);

/* As it stands in a header: with a port behind it or not, IPv6 in brackets or not. Takes `length`
 * bytes, no space around them. */
struct address address_in_header(const char *text, size_t length);

/* Its shortest text, NUL at its end. The address must be one. */
void address_text(const struct address *a, char out[ADDRESS_TEXT]);

/* Whole list is ranges separated by spaces, none with a bit set behind those that count. "" is. */
bool address_list_valid(const char *list);

/* a is in one of the ranges. false for ADDRESS_NONE. */
bool address_in_list(const struct address *a, const char *list);

#endif
