/* ck.c - see ck.h. */
#include "base/ck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void ck_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "pollchat: %s:%d: failed check: %s\n", file, line, what);
    abort();
}

static void *not_null(void *p)
{
    if (p == NULL) {
        ck_fail("memory is left", __FILE__, __LINE__);
    }
    return p;
}

void *ck_malloc(size_t size)
{
    return not_null(malloc(size > 0 ? size : 1));
}

void *ck_calloc(size_t count, size_t size)
{
    return not_null(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *ck_realloc(void *old, size_t size)
{
    return not_null(realloc(old, size > 0 ? size : 1));
}

char *ck_memdup0(const void *bytes, size_t length)
{
    char *copy = ck_malloc(length + 1);
    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    copy[length] = '\0';
    return copy;
}

char *ck_strdup(const char *text)
{
    return ck_memdup0(text, strlen(text));
}
