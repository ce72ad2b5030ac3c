/* invite_code.c - see invite_code.h. */
#include "site/invite_code.h"

#include "base/secret_code.h"
#include "site/rules.h"

#include <stdio.h>
#include <string.h>

void invite_code_hash(const struct rules *r, const char *code, unsigned char out[INVITE_CODE_HASH])
{
    char plain[SECRET_CODE_SIZE];
    char purpose[SECRET_CODE_SIZE + 16];
    unsigned char hash[SITE_KEY_BYTES];
    secret_code_plain(code, plain);
    snprintf(purpose, sizeof purpose, "invite %s", plain);
    rules_subkey(r, purpose, hash);
    memcpy(out, hash, INVITE_CODE_HASH);
}
