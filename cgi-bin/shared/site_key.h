/* site_key.h - the key of the site, and names that can't be guessed without it.
 *
 * The key is 32 random bytes in the file chat.key (mode 0600) beside the database. The first
 * process that needs it makes it. It never leaves the data folder. It is of no use to an attacker
 * who has the database. If it is lost, only the names made from it change.
 * Not for passwords, which need a slow hash, nor for messages.
 * Threads and processes: any number, also while there is no key yet.
 */
#ifndef SITE_KEY_H
#define SITE_KEY_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { SITE_KEY_BYTES = 32, SITE_KEY_HASH_BYTES = 16, SITE_KEY_NAME_SIZE = 33 }; /* a name: 32 digits and NUL */

struct site_key {
    unsigned char key[SITE_KEY_BYTES];
};

/* Reads the key of a data folder, which must exist; makes the key if there is none. All processes
 * get the same one. -1: ERR_READONLY, ERR_FULL, ERR_EXPOSED (other users may write to it), or
 * ERR_SYSTEM (a file that is no key is never replaced); *s is undefined then. */
int site_key_load(struct site_key *s, const char *folder, struct err *e);

/* Writes a name of 32 hexadecimal digits for `text`: always the same with one key, and of no help
 * in finding the name of another text. purpose: what the name is for; a text has another name for
 * each purpose. Can't fail. */
void site_key_name(const struct site_key *s, const char *purpose, const char *text, char out[SITE_KEY_NAME_SIZE]);

/* Makes a subkey for a purpose: always the same with one key. A subkey reveals neither the key nor
 * the subkey for another purpose. Can't fail. */
void site_key_derive(const struct site_key *s, const char *purpose, unsigned char out[SITE_KEY_BYTES]);

/* A key derived from the site's, for numbers that are cheap to make: some 20 ns (SipHash). */
struct site_key_hash {
    unsigned char key[SITE_KEY_HASH_BYTES];
};

/* purpose: what the numbers are for, other than those of site_key_name. s: NULL for a
 * random key, where the site's can't be read. Can't fail. */
void site_key_hash_init(const struct site_key *s, const char *purpose, struct site_key_hash *out);

/* A number for some bytes; without the key it can't be foreseen. */
uint64_t site_key_hash(const struct site_key_hash *h, const void *bytes, size_t length);

/* Writes size - 1 random hexadecimal digits; size is odd, at most SITE_KEY_NAME_SIZE. Can't
 * fail. */
void site_key_random(char *out, unsigned size);

#endif
