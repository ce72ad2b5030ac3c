/* base64url.h - bytes as text that fits into a header and an address (RFC 4648, section 5), without
 * padding.
 *
 * Pure. Threads: any.
 */
#ifndef BASE64URL_H
#define BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the whole text, at most `size` bytes; no padding, no space, and spare bits are zero, so
 * that the same bytes have one spelling. The time depends on the length only. false: *out is
 * undefined. */
bool base64url_read(const char *text, size_t length, unsigned char *out, size_t size, size_t *read);

/* Writes the text with a NUL. size: of `out`, at least length * 4 / 3 + 2. */
void base64url_write(const unsigned char *bytes, size_t length, char *out, size_t size);

#endif
