/* secret_code.h - codes that people read and type: K7QM-2XRT.
 *
 * Of 32 characters that aren't mistaken for each other: five bits each. Capitals, hyphens and
 * spaces don't count when a code is compared.
 * Threads: any.
 */
#ifndef SECRET_CODE_H
#define SECRET_CODE_H

#include <stdbool.h>

enum { SECRET_CODE_SIZE = 41 }; /* up to 32 characters, hyphens and NUL */

/* Makes a random code of so many characters, a multiple of 4, at most 32. */
void secret_code_make(char out[SECRET_CODE_SIZE], unsigned characters);

/* Writes the code as it is compared: capitals without hyphens and spaces; "" if it can't be one. */
void secret_code_plain(const char *code, char out[SECRET_CODE_SIZE]);

/* The same code? The time doesn't depend on where they differ. False for what can't be a code. */
bool secret_code_is_same(const char *a, const char *b);

#endif
