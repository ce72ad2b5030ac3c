/* key.c - see key.h. */
#include "peace/key.h"

#include "base/ck.h"
#include "base/err.h"
#include "peace/base64url.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(KEY_SUBKEY_BYTES == crypto_generichash_KEYBYTES, "a subkey is one of libsodium's keys");
static_assert(KEY_HASH_BYTES == crypto_generichash_BYTES_MIN, "libsodium makes hashes of this size");

int key_parse(const char *text, size_t length, unsigned char out[KEY_BYTES], struct err *e)
{
    size_t made = 0;
    if (length != KEY_TEXT_SIZE - 1 || !base64url_read(text, length, out, KEY_BYTES, &made) || made != KEY_BYTES) {
        return err_field(e, ERR_INPUT, "key",
                         "A key has 22 characters (A-Z, a-z, 0-9, '-' and '_'), made from 16 random bytes "
                         "by base64url.");
    }
    return 0;
}

void key_text(const unsigned char key[KEY_BYTES], char out[KEY_TEXT_SIZE])
{
    base64url_write(key, KEY_BYTES, out, KEY_TEXT_SIZE);
}

void key_hash(const unsigned char subkey[KEY_SUBKEY_BYTES], const unsigned char key[KEY_BYTES],
              unsigned char out[KEY_HASH_BYTES])
{
    crypto_generichash_state state;
    CK(crypto_generichash_init(&state, subkey, KEY_SUBKEY_BYTES, KEY_HASH_BYTES) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)"key", sizeof "key") == 0);
    CK(crypto_generichash_update(&state, key, KEY_BYTES) == 0);
    CK(crypto_generichash_final(&state, out, KEY_HASH_BYTES) == 0);
}

/* The NUL behind each part keeps "a", "bc" and "ab", "c" apart. */
void key_hash_signed(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *iss, const char *sub,
                     unsigned char out[KEY_HASH_BYTES])
{
    crypto_generichash_state state;
    CK(crypto_generichash_init(&state, subkey, KEY_SUBKEY_BYTES, KEY_HASH_BYTES) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)"signed", sizeof "signed") == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)iss, strlen(iss) + 1) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)sub, strlen(sub) + 1) == 0);
    CK(crypto_generichash_final(&state, out, KEY_HASH_BYTES) == 0);
}

void key_mark(const unsigned char hash[KEY_HASH_BYTES], char out[KEY_MARK_SIZE])
{
    sodium_bin2hex(out, KEY_MARK_SIZE, hash, KEY_MARK_SIZE / 2);
}
