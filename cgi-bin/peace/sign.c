/* sign.c - see sign.h. */
#include "peace/sign.h"

#include "base/ck.h"
#include "base/err.h"
#include "peace/base64url.h"
#include "peace/token.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_SIZE = SIGN_TOKEN_SIZE / 2 };

/* Takes the object. -1: it has a text that is no UTF-8 (then it is NULL), or is too long. */
static int put_part(json_t *object, char out[PART_SIZE], struct err *e)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    size_t length = text != NULL ? strlen(text) : PART_SIZE;
    json_decref(object);
    bool fits = length * 4 / 3 + 2 <= PART_SIZE;
    if (fits) {
        base64url_write((const unsigned char *)text, length, out, PART_SIZE);
    }
    free(text);
    return fits ? 0 : err_set(e, ERR_INPUT, "These texts are too long for a token, or are no UTF-8.");
}

static json_t *claims_of(const struct sign_claims *c)
{
    json_int_t now = c->now_s;
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "sub", c->sub, "name", c->name, "aud", c->aud, "iat", now, "exp",
                          now + (json_int_t)c->life_s);
    if (o != NULL && c->role != NULL) {
        CK(json_object_set_new(o, "role", json_string(c->role)) == 0);
    }
    if (o != NULL && c->room != NULL) {
        json_t *rooms = json_pack("[s]", c->room);
        if (rooms == NULL || json_object_set_new(o, "rooms", rooms) != 0) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}

int sign_token(const char *key, const struct sign_claims *claims, char out[SIGN_TOKEN_SIZE], struct err *e)
{
    struct token_settings settings;
    char header[PART_SIZE];
    char body[PART_SIZE];
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char signature[sizeof mac * 4 / 3 + 2];
    crypto_auth_hmacsha256_state state;
    if (token_settings_read(&settings, TOKEN_HS256, key, "", claims->aud, e) != 0) {
        return -1;
    }
    const char *kid = settings.keys[0].kid;
    json_t *head = json_pack("{s:s, s:s}", "alg", "HS256", "typ", "JWT");
    if (head != NULL && kid[0] != '\0') {
        CK(json_object_set_new(head, "kid", json_string(kid)) == 0);
    }
    if (put_part(head, header, e) != 0 || put_part(claims_of(claims), body, e) != 0) {
        return -1;
    }
    int length = snprintf(out, SIGN_TOKEN_SIZE, "%s.%s", header, body);
    crypto_auth_hmacsha256_init(&state, settings.keys[0].bytes, settings.keys[0].length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)out, (unsigned long long)length);
    crypto_auth_hmacsha256_final(&state, mac);
    base64url_write(mac, sizeof mac, signature, sizeof signature);
    sodium_memzero(&settings, sizeof settings);
    length += snprintf(out + length, SIGN_TOKEN_SIZE - (size_t)length, ".%s", signature);
    return length < SIGN_TOKEN_SIZE ? 0 : err_set(e, ERR_INPUT, "These texts are too long for a token.");
}

void sign_pair(char public_key[SIGN_KEY_SIZE], char seed[SIGN_SECRET_SIZE])
{
    unsigned char public_bytes[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_bytes[crypto_sign_SECRETKEYBYTES];
    unsigned char seed_bytes[crypto_sign_SEEDBYTES];
    CK(sodium_init() >= 0);
    randombytes_buf(seed_bytes, sizeof seed_bytes);
    CK(crypto_sign_seed_keypair(public_bytes, secret_bytes, seed_bytes) == 0);
    base64url_write(public_bytes, sizeof public_bytes, public_key, SIGN_KEY_SIZE);
    base64url_write(seed_bytes, sizeof seed_bytes, seed, SIGN_SECRET_SIZE);
    sodium_memzero(secret_bytes, sizeof secret_bytes);
    sodium_memzero(seed_bytes, sizeof seed_bytes);
}
