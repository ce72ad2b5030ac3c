/* words.h - a list of words that moderators don't want, and texts that contain them.
 *
 * An entry is a word or phrase, and matches also
 *   - capitals, accents, full width and other variants, and letters of other alphabets that look
 *     the same; i, l, 1, | and ! where a reader may read one as the other;
 *   - digits and signs that are read as letters (sh1t, a$$), if a letter or sign is among them: a
 *     number is no word. A digit in an entry is that digit only;
 *   - with characters between its letters that draw nothing, and with spaces or punctuation between
 *     single letters (f.u c-k);
 *   - with a letter at least three times where the entry has it fewer times (noooo).
 * Between the words of a phrase any spaces and punctuation match. An entry of whole words matches
 * between other characters than letters and digits; Chinese, Japanese, Thai and other scripts
 * without spaces have no such borders, so there it matches like a part.
 *
 * The list is one automaton (Aho and Corasick), so the time for a text hardly grows with the list:
 * 1 MiB of any letters takes 3 to 135 ms with 2000 entries (TIMES=1 build/release/unit/test_words).
 * Pure. Threads: a list may be used by any number of them at once.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct words;

enum { WORDS_MAX = 2000, WORDS_PATTERN_MAX = 256 /* bytes */ };

/* stored: never renumber. The least number wins. */
enum words_act { WORDS_NONE = 0, WORDS_REJECT, WORDS_HOLD, WORDS_MASK, WORDS_ACT__MAX };

struct words_entry {
    const char *pattern; /* UTF-8 */
    bool is_whole;       /* whole words; else also parts of words */
    enum words_act act;
};

/* Can the pattern be an entry? ERR_INPUT with the field "pattern": it isn't UTF-8, is too long, or
 * has neither a letter, a digit nor a picture. */
int words_check(const char *pattern, struct err *e);

/* Copies the entries, WORDS_MAX at most. One that words_check refuses matches nothing. */
struct words *words_new(const struct words_entry *entries, size_t count);
void words_free(struct words *w); /* NULL is fine */

/* Finds the strictest act for a text. *entry (may be NULL) becomes the index of an entry that asks
 * for it. WORDS_NONE: no entry matches. w may be NULL, the empty list. */
enum words_act words_find(const struct words *w, const char *text, size_t length, size_t *entry);

/* Puts a '*' in place of each character that entries with WORDS_MASK match, except spaces and line
 * ends. The text becomes shorter or stays as long. Returns its new length, and writes a NUL there
 * if it is shorter. */
size_t words_mask(const struct words *w, char *text, size_t length);

#endif
