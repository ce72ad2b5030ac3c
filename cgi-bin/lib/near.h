/* near.h - which known word did the owner mean?
 *
 * Pure. Threads: any.
 */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>
#include <stddef.h>

enum { NEAR_MAX = 48 }; /* bytes; a longer word is near to none */

/* How many letters must be inserted, removed, replaced, or swapped with their neighbours, to make b of a (optimal string alignment).
 * Small and capital letters are the same, as are '-' and '_'. NEAR_MAX + 1 where a word is too long. */
size_t near_distance(const char *a, size_t length, const char *b);

/* `written` looks like `known`: a slip in each four letters, or one of the words that '_' or '-' separate in it begins with `known` (data_folder,
 * database). */
bool near_is(const char *written, size_t length, const char *known);

#endif
