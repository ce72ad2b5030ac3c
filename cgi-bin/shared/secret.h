/* secret.h - the key of the site, which never leaves the data folder, and names that can't be guessed without it.
 *
 * The key is 32 random bytes in the file chat.key (mode 0600) beside the database, made by whoever needs it first. It is worth nothing to
 * who has the database, and losing it costs nothing but the names that were made of it: others take their place.
 * Not for passwords (those want a slow hash), nor for messages.
 * Threads and processes: any number, also when the key isn't there yet.
 */
#ifndef SECRET_H
#define SECRET_H

struct err;

enum { SECRET_KEY_BYTES = 32, SECRET_NAME_SIZE = 33 }; /* a name: 32 digits and NUL */

struct secret {
    unsigned char key[SECRET_KEY_BYTES];
};

/* Reads the key of a data folder, which must exist; makes it if there is none. All processes get
 * the same one.
 * -1: ERR_READONLY, ERR_FULL, ERR_EXPOSED (other users may write to it), ERR_SYSTEM (a file that is
 * no key is never replaced); *s is undefined then. */
int secret_load(struct secret *s, const char *folder, struct err *e);

/* A name of 32 hexadecimal digits for `text`: always the same of one key, and of no help in finding that of another text. purpose: what the
 * name is for; one text has another name for each. Can't fail. */
void secret_name(const struct secret *s, const char *purpose, const char *text, char out[SECRET_NAME_SIZE]);

/* Hexadecimal digits at random, size - 1 of them; size is odd, at most SECRET_NAME_SIZE. Can't fail. */
void secret_random(char *out, unsigned size);

#endif
