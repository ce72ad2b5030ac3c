/* sign.h - makes tokens that token.h accepts: for scripts of the owner, and to try things.
 *
 * A site with users of its own signs tokens itself (www/EMBED.md).
 * Threads: any.
 */
#ifndef SIGN_H
#define SIGN_H

#include <stdint.h>

struct err;

enum {
    SIGN_TOKEN_SIZE = 4096,
    SIGN_KEY_SIZE = 44,    /* 43 characters of base64url and NUL */
    SIGN_SECRET_SIZE = 44, /* the same */
};

struct sign_claims {
    const char *sub;
    const char *name;
    const char *aud;
    const char *role; /* NULL: it says none */
    const char *room; /* NULL: for all rooms */
    int64_t now_s;    /* since 1970 */
    int64_t life_s;   /* at most TOKEN_LIFE_S */
};

/* Signs with HS256. key: the setting token_key. -1: ERR_CONFIG for a key that can't be used,
 * ERR_INPUT for texts that are too long or no UTF-8. */
int sign_token(const char *key, const struct sign_claims *claims, char out[SIGN_TOKEN_SIZE], struct err *e);

/* Makes a pair of keys for EdDSA: the public one for token_key, and the seed of the secret one. */
void sign_pair(char public_key[SIGN_KEY_SIZE], char seed[SIGN_SECRET_SIZE]);

#endif
