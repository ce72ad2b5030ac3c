/* site_key.h - the key of the site, which never leaves the data folder, and names that can't be
 * guessed without it.
 *
 * The key is 32 random bytes in the file chat.key (mode 0600) beside the database, made by whoever
 * needs it first. It is worth nothing to who has the database, and losing it costs nothing but the
 * names that were made of it: others take their place.
 * Not for passwords (those want a slow hash), nor for messages.
 * Threads and processes: any number, also when the key isn't there yet.
 */
#ifndef SITE_KEY_H
#define SITE_KEY_H

struct err;

enum { SITE_KEY_BYTES = 32, SITE_KEY_NAME_SIZE = 33 }; /* a name: 32 digits and NUL */

struct site_key {
    unsigned char key[SITE_KEY_BYTES];
};

/* Reads the key of a data folder, which must exist; makes it if there is none. All processes get
 * the same one.
 * -1: ERR_READONLY, ERR_FULL, ERR_EXPOSED (other users may write to it), ERR_SYSTEM (a file that is
 * no key is never replaced); *s is undefined then. */
int site_key_load(struct site_key *s, const char *folder, struct err *e);

/* A name of 32 hexadecimal digits for `text`: always the same of one key, and of no help in finding
 * that of another text. purpose: what the name is for; one text has another name for each. Can't
 * fail. */
void site_key_name(const struct site_key *s, const char *purpose, const char *text, char out[SITE_KEY_NAME_SIZE]);

/* Hexadecimal digits at random, size - 1 of them; size is odd, at most SITE_KEY_NAME_SIZE. Can't
 * fail. */
void site_key_random(char *out, unsigned size);

#endif
