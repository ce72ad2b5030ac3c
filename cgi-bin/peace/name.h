/* name.h - when are two names the same, and when do they look the same?
 *
 * The same: equal after NFKC case folding, with white space collapsed and without characters that
 * draw nothing. "Ann", "ANN" and "Ann" in letters of full width are one name.
 *
 * Alike: what a reader could take for one another. The look of a name is its skeleton by Unicode's
 * UTS #39 in small letters, and besides: I, i, l, 1, | and ! are one letter; "rn" is "m" and "vv"
 * is "w"; accents, spaces and punctuation don't count; digits in front of a letter are read as
 * letters (4dam). So "lan", "I an", "Ian" with a Cyrillic a and "Ian" with a Greek iota look like
 * "Ian". Emoji, and marks that make another letter (of kana, Thai, Indic scripts), do count.
 * Because an "NElL" may stand for Neil, Neil and Nell are alike, too.
 *
 * Equal names mostly have equal looks, but not always: a Greek capital nu looks like N, a small one
 * like v. So a name that is known must be looked at again when its look isn't the known one.
 * A name takes 0.5 to 3 us, the longest one 15 (TIMES=1 build/release/unit/test_name).
 * Pure. Threads: any.
 */
#ifndef NAME_H
#define NAME_H

#include "chat/chat.h"

#include <stdbool.h>

struct err;

enum { NAME_FORM_MAX = 512 }; /* bytes of a form with its NUL */

struct name_forms {
    char fold[NAME_FORM_MAX]; /* never "" */
    char look[NAME_FORM_MAX]; /* never "" */
    /* It may be read in an alphabet in which it isn't written, whether or not a name is known that
     * it looks like: a word mixes alphabets (Latin and Cyrillic), or all letters are capitals of
     * another alphabet and look like Latin ones. */
    bool is_odd;
};

/* Fills *out for a name that chat_set_name takes. ERR_INPUT with the field "name" for one that it
 * wouldn't take, or that stands for too much (a few characters stand for a whole phrase). */
int name_forms_of(const char *name, struct name_forms *out, struct err *e);

/* Is it a word for anybody, such as "guest"? Such a name is never owned and never protected. */
bool name_is_common(const char *fold);

/* Writes the n-th name (from 0) that may be offered in place of one that is taken: "ann 2" for
 * "ann", then "ann 3"; "ann 8" for "ann 7". The caller asks until one is free. It is a valid name,
 * shortened if necessary. n is at most NAME_SUGGEST_MAX - 1. */
enum { NAME_SUGGEST_MAX = 1000 };
void name_suggest(const char *name, unsigned n, char out[CHAT_NAME_BYTES_MAX + 1]);

#endif
