/* ck.h - checks that stay on in release, and memory that is there or the program ends.
 *
 * Running out of memory is not an error a request can handle: the kernel of a shared host kills
 * the process anyway. What is promised instead: no size that a stranger chose reaches these
 * functions before it was compared with a limit (see buf.h).
 * Not for checking input: that is an error with a message (err.h), never an abort.
 * Threads: any.
 */
#ifndef CK_H
#define CK_H

#include <stddef.h>

/* Never NULL, never fails: aborts with a line on stderr when memory is out. Size 0 is taken as
 * 1. */
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
