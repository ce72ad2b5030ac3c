/* str.h - strict parsing of text: numbers, UTF-8, words.
 *
 * Pure, allocates nothing, knows no locale. Threads: any.
 */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses a number: one to 20 decimal digits, no sign, no space, min to max inclusive. Returns 0 and
 * sets *out, or -1 with *out unchanged. */
int str_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Decodes one character of UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF).
 * Returns its length in bytes, 1 to 4, or 0 if the bytes are not UTF-8 or are cut off. length
 * >= 1. */
size_t str_utf8_next(const char *bytes, size_t length, uint32_t *codepoint);

/* Is the whole text UTF-8? *bad_at (may be NULL) is the offset of the first wrong byte. */
bool str_utf8_valid(const char *bytes, size_t length, size_t *bad_at);

/* How many bytes from the start need no escape in a JSON string: up to the first control character,
 * quote or backslash. */
size_t str_json_run(const char *bytes, size_t length);

bool str_equal_nocase(const char *a, const char *b); /* ASCII letters only */
bool str_starts_nocase(const char *text, const char *prefix);

#endif
