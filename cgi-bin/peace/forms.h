/* forms.h - forms of characters: folded, and what a character looks like.
 *
 * The one place that calls utf8proc, which knows Unicode's normalization and case folding, and that
 * reads Unicode's table of look-alikes (confusables.h).
 *
 * To make two more characters look alike: add them to looks.txt, and a case to tests/cases/names.
 * Pure, allocates nothing. Threads: any.
 */
#ifndef FORMS_H
#define FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORMS_LOOK_MAX = 24 }; /* characters that forms_look writes at most; a test asks for all */

enum forms_kind {
    FORMS_LETTER,  /* ideographs, syllables and vowel signs of Indic scripts too */
    FORMS_DIGIT,   /* 0 to 9 of any script, and other numbers */
    FORMS_MARK,    /* accents and other combining marks */
    FORMS_SPACE,   /* any white space */
    FORMS_SIGN,    /* punctuation, currency, mathematical and modifying signs */
    FORMS_PICTURE, /* emoji and other symbols */
    FORMS_NOTHING, /* draws nothing, is a control character or unassigned */
};

enum forms_kind forms_kind_of(uint32_t c);

bool forms_is_capital(uint32_t c);

/* Writes the NFKC case folding of UTF-8 (Unicode's NFKC_Casefold): letters are small, variants such
 * as full width, ligatures and mathematical letters become plain ones, and characters that draw
 * nothing are dropped. Returns the number of characters, or capacity + 1 if they don't fit or the
 * bytes aren't UTF-8. */
size_t forms_fold(const char *text, size_t length, uint32_t *out, size_t capacity);

/* The same for NFC without characters that draw nothing: as it is written, composed. */
size_t forms_compose(const char *text, size_t length, uint32_t *out, size_t capacity);

/* Composes characters in place (NFC). Returns how many are left. */
size_t forms_recompose(uint32_t *points, size_t count);

/* Writes what one character looks like, in small letters and without variants: the prototypes of
 * UTS #39, folded. "m" looks like "rn", "I" and "1" like "l". Hangul syllables stay as they are.
 * Returns the number of characters: 0 if it draws nothing. */
size_t forms_look(uint32_t c, uint32_t out[FORMS_LOOK_MAX]);

/* Writes NFKD case folding of one character, as forms_look does but without look-alikes. */
size_t forms_fold_one(uint32_t c, uint32_t out[FORMS_LOOK_MAX]);

/* Is the mark an accent: one that a reader overlooks? False for marks that make another letter,
 * such as those of kana and Indic or Thai vowels. `base` is the character that it stands on. */
bool forms_is_accent(uint32_t mark, uint32_t base);

/* Writes UTF-8 and a NUL. Returns its length, or `size` if it doesn't fit; then out is "". */
size_t forms_write(const uint32_t *points, size_t count, char *out, size_t size);

/* The greatest number of characters, at most `most`, that end where a character that a reader sees
 * (a grapheme cluster) ends. */
size_t forms_cut(const uint32_t *points, size_t count, size_t most);

#endif
