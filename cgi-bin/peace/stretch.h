/* stretch.h - makes a key from a name and a secret that a visitor types: "ann#secret".
 *
 * For visitors without JavaScript, whose browser keeps no key. The same name and secret give the
 * same key each time. Argon2id (RFC 9106) makes each guess cost 8 MiB of memory and some
 * milliseconds; the salt is made from a subkey of the site key and the name, so that a guess is
 * good for one name of one site.
 * Only one thread of a process computes at a time, because memory on web hosts is short; the others
 * wait for a few seconds at most. The caller limits how often a client may try.
 * Threads: any; stretch_key tells base/blocking.h that it waits.
 */
#ifndef STRETCH_H
#define STRETCH_H

#include "peace/key.h"

#include <stddef.h>

struct err;

enum {
    STRETCH_SECRET_MIN = 6,   /* bytes */
    STRETCH_SECRET_MAX = 128, /* bytes */
};

#define STRETCH_PURPOSE "stretched secrets" /* of the subkey: see site_key_derive */

/* Where the secret in "ann#secret" begins: behind the first '#' that has something before and
 * behind it; "#ann" and "C#" are names without a secret. NULL: there is none. The secret ends where
 * the text ends. */
const char *stretch_find(const char *text, size_t length);

/* Makes the key. fold: the name in its folded form, so that "Ann" and "ann" have the same key. -1:
 * ERR_INPUT, field `name` (the secret is too short or too long, and the text doesn't repeat it);
 * ERR_CROWDED (others are computing, or there is no memory: try again); out is undefined then. */
int stretch_key(const unsigned char subkey[KEY_SUBKEY_BYTES], const char *fold, const char *secret, size_t length,
                unsigned char out[KEY_BYTES], struct err *e);

#endif
