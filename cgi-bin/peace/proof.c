/* proof.c - see proof.h. */
#include "peace/proof.h"

#include "base/ck.h"
#include "base/err.h"
#include "base/str.h"
#include "peace/base64url.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAC_BYTES = 16, NUMBER_MAX = 20 };

void proof_challenge(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, int64_t now_s,
                     char out[PROOF_CHALLENGE_SIZE])
{
    unsigned char mac[MAC_BYTES];
    crypto_generichash_state state;
    int length = snprintf(out, PROOF_CHALLENGE_SIZE, "%" PRId64 ".", now_s);
    CK(now_s >= 0 && length > 0);
    CK(crypto_generichash_init(&state, subkey, KEY_SUBKEY_BYTES, sizeof mac) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)out, strlen(out)) == 0);
    CK(crypto_generichash_update(&state, (const unsigned char *)key, strlen(key)) == 0);
    CK(crypto_generichash_final(&state, mac, sizeof mac) == 0);
    base64url_write(mac, sizeof mac, out + length, PROOF_CHALLENGE_SIZE - (size_t)length);
}

/* The time in "TIME.MAC:N", or -1. *number: where N begins. */
static int64_t read_time(const char *proof, size_t length, const char **number)
{
    char digits[NUMBER_MAX + 1] = "";
    uint64_t time = 0;
    const char *dot = memchr(proof, '.', length);
    const char *colon = memchr(proof, ':', length);
    if (dot == NULL || colon == NULL || dot > colon || dot - proof > NUMBER_MAX) {
        return -1;
    }
    memcpy(digits, proof, (size_t)(dot - proof));
    *number = colon + 1;
    return str_u64(digits, 0, INT64_MAX, &time) == 0 ? (int64_t)time : -1;
}

/* Is the challenge before N the one that this chat made at that time for this key? */
static bool is_ours(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, int64_t time, const char *proof,
                    const char *number)
{
    char ours[PROOF_CHALLENGE_SIZE];
    size_t length = (size_t)(number - 1 - proof);
    proof_challenge(subkey, key, time, ours);
    return length == strlen(ours) && sodium_memcmp(ours, proof, length) == 0;
}

static bool is_number(const char *number, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (number[i] < '0' || number[i] > '9') {
            return false;
        }
    }
    return length >= 1 && length <= NUMBER_MAX;
}

/* The zero bits at the start of SHA-256(challenge ":" key ":" N). */
static unsigned zero_bits(const char *key, const char *proof, size_t length, const char *number)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    unsigned bits = 0;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)proof, (size_t)(number - proof));
    crypto_hash_sha256_update(&state, (const unsigned char *)key, strlen(key));
    crypto_hash_sha256_update(&state, (const unsigned char *)":", 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)number, length - (size_t)(number - proof));
    crypto_hash_sha256_final(&state, hash);
    while (bits < 8 * sizeof hash && (hash[bits / 8] >> (7 - bits % 8) & 1) == 0) {
        bits++;
    }
    return bits;
}

/* Returns what is wrong with the proof, or NULL. */
static const char *wrong_with(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, unsigned bits,
                              int64_t now_s, const char *proof, size_t length)
{
    const char *number = NULL;
    if (length == 0) {
        return "The first messages of a new key need a proof of work.";
    }
    int64_t time = read_time(proof, length, &number);
    if (time < 0 || !is_number(number, length - (size_t)(number - proof))) {
        return "The proof of work is malformed: it is CHALLENGE:NUMBER.";
    }
    if (!is_ours(subkey, key, time, proof, number)) {
        return "The challenge in the proof of work was not made for this key.";
    }
    if (time > now_s || now_s - time > PROOF_LIFE_S) {
        return "The challenge in the proof of work is too old.";
    }
    return zero_bits(key, proof, length, number) < bits ? "The proof of work has too few zero bits." : NULL;
}

int proof_check(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, unsigned bits, int64_t now_s,
                const char *proof, size_t length, struct err *e)
{
    char challenge[PROOF_CHALLENGE_SIZE];
    const char *wrong = bits > 0 ? wrong_with(subkey, key, bits, now_s, proof, length) : NULL;
    if (wrong == NULL) {
        return 0;
    }
    proof_challenge(subkey, key, now_s, challenge);
    err_set(e, ERR_PROOF, "%s", wrong);
    err_more(e, "challenge", "%s", challenge);
    return err_more(e, "bits", "%u", bits);
}
