/* proof.h - proof of work: a client computes before its first posts.
 *
 * The chat hands out a challenge: the time, and a MAC (RFC 2104's idea, by keyed BLAKE2b) over the
 * time and the client's key. The client looks for a number N such that
 *     SHA-256(challenge ":" key ":" N)
 * begins with `bits` zero bits, which takes 2^bits tries on average, and sends "challenge:N". The
 * chat keeps nothing: it makes the MAC again and computes one hash. So a proof is good for its key
 * alone, for PROOF_LIFE_S seconds, and may be sent several times in that time; limits on sends of a
 * key bound what it is worth.
 * Pure. Threads: any.
 */
#ifndef PROOF_H
#define PROOF_H

#include "peace/key.h"

#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    PROOF_BITS_MAX = 24,
    PROOF_LIFE_S = 600,
    PROOF_CHALLENGE_SIZE = 44, /* up to 20 digits, a dot, 22 of A-Za-z0-9-_, NUL */
};

#define PROOF_PURPOSE "proofs of work" /* of the subkey: see site_key_derive */

/* A challenge for this key (its 22 characters). Can't fail. now_s: seconds since 1970, >= 0. */
void proof_challenge(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, int64_t now_s,
                     char out[PROOF_CHALLENGE_SIZE]);

/* Is the proof good? With 0 bits everything is. proof: what the client sent, "" if it sent none.
 * -1: ERR_PROOF, whose text says why it isn't, with `challenge` (a new one) and `bits`. */
int proof_check(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *key, unsigned bits, int64_t now_s,
                const char *proof, size_t length, struct err *e);

#endif
