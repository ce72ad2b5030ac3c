/* str.c - see str.h. */
#include "base/str.h"

#include <string.h>

int str_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    size_t digits = strlen(text);
    if (digits == 0 || digits > 20) {
        return -1;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9') {
            return -1;
        }
        uint64_t digit = (uint64_t)(*c - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return -1;
        }
        value = value * 10 + digit;
    }
    if (value < min || value > max) {
        return -1;
    }
    *out = value;
    return 0;
}

static bool is_tail(unsigned char c)
{
    return (c & 0xC0U) == 0x80U;
}

size_t str_utf8_next(const char *bytes, size_t length, uint32_t *codepoint)
{
    /* by length; a smaller number is an overlong form */
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *b = (const unsigned char *)bytes;
    size_t size = 0;
    uint32_t c = 0;
    if (b[0] < 0x80) {
        *codepoint = b[0];
        return 1;
    }
    if ((b[0] & 0xE0U) == 0xC0U) {
        size = 2;
        c = b[0] & 0x1FU;
    } else if ((b[0] & 0xF0U) == 0xE0U) {
        size = 3;
        c = b[0] & 0x0FU;
    } else if ((b[0] & 0xF8U) == 0xF0U) {
        size = 4;
        c = b[0] & 0x07U;
    }
    if (size == 0 || size > length) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_tail(b[i])) {
            return 0;
        }
        c = (c << 6) | (b[i] & 0x3FU);
    }
    if (c < smallest[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return 0;
    }
    *codepoint = c;
    return size;
}

/* Eight bytes at once, because a text of a megabyte is checked several times on its way. */
enum { WORD = sizeof(uint64_t) };

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static uint64_t word_at(const char *bytes)
{
    uint64_t word = 0;
    memcpy(&word, bytes, WORD);
    return word;
}

/* Not 0 if some byte of the word is less than `limit` (at most 0x80). */
static uint64_t has_less(uint64_t word, uint64_t limit)
{
    return (word - EACH_BYTE(limit)) & ~word & EACH_BYTE(0x80);
}

static bool is_plain_word(uint64_t word)
{
    return (has_less(word, 0x20) | has_less(word ^ EACH_BYTE('"'), 1) | has_less(word ^ EACH_BYTE('\\'), 1)) == 0;
}

size_t str_json_run(const char *bytes, size_t length)
{
    size_t at = 0;
    while (length - at >= WORD && is_plain_word(word_at(bytes + at))) {
        at += WORD;
    }
    while (at < length && (unsigned char)bytes[at] >= 0x20 && bytes[at] != '"' && bytes[at] != '\\') {
        at++;
    }
    return at;
}

bool str_utf8_valid(const char *bytes, size_t length, size_t *bad_at)
{
    size_t at = 0;
    while (at < length) {
        uint32_t ignored = 0;
        while (length - at >= WORD && (word_at(bytes + at) & EACH_BYTE(0x80)) == 0) {
            at += WORD;
        }
        if (at == length) {
            break;
        }
        size_t size = str_utf8_next(bytes + at, length - at, &ignored);
        if (size == 0) {
            if (bad_at != NULL) {
                *bad_at = at;
            }
            return false;
        }
        at += size;
    }
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_starts_nocase(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++) {
        if (lower(*text) != lower(*prefix)) {
            return false;
        }
    }
    return true;
}

bool str_equal_nocase(const char *a, const char *b)
{
    return str_starts_nocase(a, b) && strlen(a) == strlen(b);
}
