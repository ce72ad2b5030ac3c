/* spelling.h - which known word did the owner mean?
 *
 * Pure. Threads: any.
 */
#ifndef SPELLING_H
#define SPELLING_H

#include <stdbool.h>
#include <stddef.h>

enum { SPELLING_MAX = 48 }; /* bytes; a longer word is near to no other */

/* How many letters must be inserted, removed, replaced, or swapped with their neighbours, to make b
 * of a (optimal string alignment). Small and capital letters are the same, as are '-' and '_'.
 * SPELLING_MAX + 1 where a word is too long. */
size_t spelling_distance(const char *a, size_t length, const char *b);

/* True if `written` looks like `known`: at most one slip for each four letters of `known`, or one
 * of the words in `written` (separated by '_' or '-') begins with `known`, as in data_folder and
 * database. */
bool spelling_is(const char *written, size_t length, const char *known);

#endif
