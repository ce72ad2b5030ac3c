/* invisible.h - characters that draw nothing: two names that differ only in one of them look the
 * same.
 *
 * They are Unicode's Default_Ignorable_Code_Point and other characters that draw nothing: fillers,
 * annotations, the blank of Braille, spaces too thin to be seen. Some of them shape the characters
 * around them and are allowed there: U+200D and U+FE0F in emoji, tags in three flags, U+200C and
 * U+200D behind a virama of an Indic script, U+200C between Arabic letters that would be joined
 * (RFC 5892, appendix A).
 * Pure. Threads: any.
 */
#ifndef INVISIBLE_H
#define INVISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the character draw nothing by itself? False for the usual spaces. */
bool invisible_is(uint32_t c);

/* The index of the first character that draws nothing and shapes nothing where it stands; count if
 * there is none. */
size_t invisible_find(const uint32_t *text, size_t count);

#endif
