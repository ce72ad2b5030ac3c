/* base64url.c - see base64url.h. */
#include "peace/base64url.h"

#include <sodium.h>

/* libsodium takes some bytes above 127 for '-' and '_', where char has a sign. They are refused
 * here, without a branch that depends on the text. */
static bool is_ascii(const char *text, size_t length)
{
    unsigned char all = 0;
    for (size_t i = 0; i < length; i++) {
        all |= (unsigned char)text[i];
    }
    return all < 0x80;
}

bool base64url_read(const char *text, size_t length, unsigned char *out, size_t size, size_t *read)
{
    return is_ascii(text, length) &&
           sodium_base642bin(out, size, text, length, NULL, read, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

void base64url_write(const unsigned char *bytes, size_t length, char *out, size_t size)
{
    sodium_bin2base64(out, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
