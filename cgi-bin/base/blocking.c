/* blocking.c - see blocking.h. */
#include "base/blocking.h"

#include <stddef.h>

static void (*expected)(void);

void blocking_on(void (*hook)(void))
{
    expected = hook;
}

void blocking_expected(void)
{
    if (expected != NULL) {
        expected();
    }
}
