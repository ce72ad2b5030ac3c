/* coverage.c - linked into the cov build only: a FastCGI program ends by _exit, which would lose
 * its counts. */
#include <unistd.h>

void __gcov_dump(void);                  /* libgcov: NOLINT */
_Noreturn void __real__exit(int status); /* ld --wrap=_exit: NOLINT */
_Noreturn void __wrap__exit(int status); /* NOLINT */

void __wrap__exit(int status) /* NOLINT */
{
    __gcov_dump();
    __real__exit(status);
}
