/* spelling.h - which known word did the owner mean?
 *
 * Pure. Threads: any.
 */
#ifndef SPELLING_H
#define SPELLING_H

#include <stdbool.h>
#include <stddef.h>

enum { SPELLING_MAX = 48 }; /* bytes; a longer word resembles no other */

/* How many letters must be inserted, removed, replaced, or swapped with their neighbours to turn a
 * into b (optimal string alignment). Small and capital letters are equal, and so are '-' and '_'.
 * SPELLING_MAX + 1 if a word is too long. */
size_t spelling_distance(const char *a, size_t length, const char *b);

/* Does `written` look like `known`? True with at most one mistake for each four letters of `known`,
 * or if one of the words in `written` (separated by '_' or '-') begins with `known`, as in
 * data_folder and database. */
bool spelling_is(const char *written, size_t length, const char *known);

#endif
