/* null_cgi.c - the least that a CGI program can do: print a fixed text. It costs only the start of
 * a process.
 *
 * Compiled with -static -nostartfiles -Wl,-z,noseparate-code -Wl,-e,start it is the smallest one:
 * no C library is started, and all is in one page. With -DLIBC -static it starts glibc, as any
 * program does that is linked statically with it; that takes some 60 us more.
 */
#include "answers.h"

#include <sys/syscall.h>
#include <unistd.h>

static const char text[] = "Content-Type: application/json\r\n\r\n" ANSWER_IDLE_BODY;

#ifdef LIBC
int main(void)
{
    return write(STDOUT_FILENO, text, sizeof text - 1) == (ssize_t)(sizeof text - 1) ? 0 : 1;
}
#else
_Noreturn void start(void);
_Noreturn void start(void)
{
    syscall(SYS_write, STDOUT_FILENO, text, sizeof text - 1);
    for (;;) {
        syscall(SYS_exit_group, 0);
    }
}
#endif
