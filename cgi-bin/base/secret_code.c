/* secret_code.c - see secret_code.h. */
#include "base/secret_code.h"

#include "base/ck.h"
#include "base/random.h"

#include <stddef.h>
#include <string.h>

static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

enum { CHARACTERS_MAX = 32, GROUP = 4 };

void secret_code_make(char out[SECRET_CODE_SIZE], unsigned characters)
{
    unsigned char random[CHARACTERS_MAX];
    char *to = out;
    CK(characters % GROUP == 0 && characters <= CHARACTERS_MAX);
    random_fill(random, characters);
    for (unsigned i = 0; i < characters; i++) {
        if (i > 0 && i % GROUP == 0) {
            *to++ = '-';
        }
        *to++ = alphabet[random[i] % CHARACTERS_MAX];
    }
    *to = '\0';
}

void secret_code_plain(const char *code, char out[SECRET_CODE_SIZE])
{
    size_t length = 0;
    memset(out, 0, SECRET_CODE_SIZE);
    for (; *code != '\0'; code++) {
        char c = *code >= 'a' && *code <= 'z' ? (char)(*code - 'a' + 'A') : *code;
        if (c == '-' || c == ' ') {
            continue;
        }
        if (strchr(alphabet, c) == NULL || length == CHARACTERS_MAX) {
            memset(out, 0, SECRET_CODE_SIZE);
            return;
        }
        out[length++] = c;
    }
}

bool secret_code_is_same(const char *a, const char *b)
{
    char left[SECRET_CODE_SIZE];
    char right[SECRET_CODE_SIZE];
    unsigned char differs = 0;
    secret_code_plain(a, left);
    secret_code_plain(b, right);
    for (size_t i = 0; i < sizeof left; i++) {
        differs |= (unsigned char)(left[i] ^ right[i]);
    }
    return differs == 0 && left[0] != '\0';
}
