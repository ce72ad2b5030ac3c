/* ck.h - checks that stay on in release, and memory that is there or the program ends.
 *
 * A request can't handle being out of memory: on a shared host the kernel kills the process anyway.
 * The promise instead: a size that a stranger chose is compared with a limit before it reaches
 * these functions (buf.h).
 * Not for checking input: wrong input is an error with a message (err.h), never an abort.
 * Threads: any.
 */
#ifndef CK_H
#define CK_H

#include <stddef.h>

/* Never NULL: aborts with a line on stderr if there is no memory. Size 0 is taken as 1. */
void *ck_malloc(size_t size);
void *ck_calloc(size_t count, size_t size);
void *ck_realloc(void *old, size_t size);
char *ck_strdup(const char *text);
char *ck_memdup0(const void *bytes, size_t length); /* a copy with a NUL behind it */

/* Ends the program with file and line. Use it through CK(). */
_Noreturn void ck_fail(const char *what, const char *file, int line);

/* A fact about our own code that must hold; stays on in release. */
#define CK(fact) ((fact) ? (void)0 : ck_fail(#fact, __FILE__, __LINE__))

#endif
