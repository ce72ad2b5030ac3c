/* key.h - the key of a person: 128 random bits that a browser or a script keeps.
 *
 * A key proves who writes, so it is a secret of the client; a client sends it as 22 characters. The
 * store keeps only a keyed hash of it. A visitor who is signed in by a token has no key: the hash
 * is made from the token's issuer and subject, in a domain of its own, so that no key has the hash
 * of a signed visitor.
 * The functions that hash take a subkey of the site key (site_key_derive with the purpose
 * KEY_PURPOSE), so that the hashes of another site can't be compared with these.
 * Not for what a person types: stretch.h makes a key from that.
 * Pure. Threads: any.
 */
#ifndef KEY_H
#define KEY_H

#include <stddef.h>

struct err;

enum {
    KEY_BYTES = 16,
    KEY_TEXT_SIZE = 23, /* 22 of A-Za-z0-9-_ and NUL */
    KEY_SUBKEY_BYTES = 32,
    KEY_HASH_BYTES = 16,
    KEY_MARK_SIZE = 5, /* 4 hexadecimal digits and NUL */
};

#define KEY_PURPOSE "person keys"

/* Reads a key: exactly 22 characters of base64url without padding (RFC 4648, section 5), whose four
 * spare bits are zero, so that each key has one spelling. text needs no NUL behind it. -1:
 * ERR_INPUT, field `key`; the text of the error doesn't repeat the key, and out is undefined. */
int key_parse(const char *text, size_t length, unsigned char out[KEY_BYTES], struct err *e);

/* The 22 characters of a key. */
void key_text(const unsigned char key[KEY_BYTES], char out[KEY_TEXT_SIZE]);

/* The hash by which the store knows the key: BLAKE2b of 16 bytes. Can't fail. */
void key_hash(const unsigned char subkey[KEY_SUBKEY_BYTES], const unsigned char key[KEY_BYTES],
              unsigned char out[KEY_HASH_BYTES]);

/* The hash of a visitor whom a token names: always the same for the same issuer and subject. iss
 * may be "". Can't fail. */
void key_hash_signed(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *iss, const char *sub,
                     unsigned char out[KEY_HASH_BYTES]);

/* The mark of a hash, which everybody may see beside the name: its first four digits. */
void key_mark(const unsigned char hash[KEY_HASH_BYTES], char out[KEY_MARK_SIZE]);

#endif
