/* token_support.h - makes signed tokens for the tests of token.h: good ones and forged ones. */
#ifndef TOKEN_SUPPORT_H
#define TOKEN_SUPPORT_H

#include "support.h"

#include "base/buf.h"
#include "base/ck.h"
#include "base/err.h"
#include "peace/token.h"

#include <sodium.h>

#define TOKEN_TEST_FIRST "the first secret of thirty-two bytes or more"
#define TOKEN_TEST_NEXT "the second secret of thirty-two bytes or more"

enum { TOKEN_TEST_NOW = 2000000000 };

static inline void token_add_base64(struct buf *out, const void *bytes, size_t length)
{
    char text[16384];
    CK(sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING) <= sizeof text);
    sodium_bin2base64(text, sizeof text, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_adds(out, text);
}

/* The key pair of the tests; the seed is a letter, repeated. */
static inline void token_test_pair(char letter, unsigned char public_key[TOKEN_PUBLIC_KEY],
                                   unsigned char secret_key[crypto_sign_SECRETKEYBYTES])
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    memset(seed, letter, sizeof seed);
    CK(crypto_sign_seed_keypair(public_key, secret_key, seed) == 0);
}

static inline void token_test_hmac(const void *key, size_t length, const struct buf *text, unsigned char out[32])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)buf_text(text), text->length);
    crypto_auth_hmacsha256_final(&state, out);
}

/* Signs what is in the buffer and adds the signature. how: first, next, other, empty (secrets);
 * public (an HMAC with the public key); eddsa, eddsa-other (key pairs); short, long (a signature of
 * another length); before (of other claims); none. */
static inline void token_test_sign(struct buf *token, const char *how)
{
    unsigned char public_key[TOKEN_PUBLIC_KEY];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    unsigned char signature[crypto_sign_BYTES + 1] = {0};
    size_t length = 32;
    token_test_pair(strcmp(how, "eddsa-other") == 0 ? 'o' : 'p', public_key, secret_key);
    if (strncmp(how, "eddsa", 5) == 0) {
        length = crypto_sign_BYTES;
        CK(crypto_sign_detached(signature, NULL, (const unsigned char *)buf_text(token), token->length, secret_key) ==
           0);
    } else if (strcmp(how, "public") == 0) {
        token_test_hmac(public_key, sizeof public_key, token, signature);
    } else {
        const char *secret = strcmp(how, "next") == 0    ? TOKEN_TEST_NEXT
                             : strcmp(how, "other") == 0 ? "a secret that this chat doesn't know"
                             : strcmp(how, "empty") == 0 ? ""
                                                         : TOKEN_TEST_FIRST;
        token_test_hmac(secret, strlen(secret), token, signature);
        length = strcmp(how, "none") == 0 ? 0 : strcmp(how, "short") == 0 ? 16 : strcmp(how, "long") == 0 ? 33 : 32;
    }
    buf_addc(token, '.');
    token_add_base64(token, signature, length);
}

/* A whole token. The buffer is empty and has no limit. */
static inline void token_test_make(struct buf *out, const char *header, const char *claims, size_t claims_length,
                                   const char *how)
{
    token_add_base64(out, header, strlen(header));
    buf_addc(out, '.');
    token_add_base64(out, claims, claims_length);
    token_test_sign(out, how);
    if (strcmp(how, "before") == 0) { /* the first letter of the claims stands for other bits */
        char *first = strchr(out->bytes, '.') + 2;
        *first = *first == 'A' ? 'B' : 'A';
    }
}

/* The settings of the tests. with_kids: the keys are 2026a and 2026b. */
static inline void token_test_settings(struct token_settings *s, enum token_alg alg, bool with_kids)
{
    unsigned char public_key[TOKEN_PUBLIC_KEY];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    char coded[64];
    CK(sodium_init() >= 0);
    token_test_pair('p', public_key, secret_key);
    sodium_bin2base64(coded, sizeof coded, public_key, sizeof public_key, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    const char *key = alg == TOKEN_EDDSA ? coded : with_kids ? "2026a:" TOKEN_TEST_FIRST : TOKEN_TEST_FIRST;
    const char *next = alg == TOKEN_EDDSA ? "" : with_kids ? "2026b:" TOKEN_TEST_NEXT : "";
    struct err e = ERR_INIT;
    if (token_settings_read(s, alg, key, next, "chat", &e) != 0) {
        fail_msg("%s", e.text);
    }
}

#endif
