/* old_kernel.c - runs a program as on a kernel of 2013: each system call newer than Linux 3.10
 * fails with ENOSYS.
 *
 *   old_kernel PROGRAM [ARGUMENT...]
 *   old_kernel --check               status 0 if it works here
 *
 * 3.10 is the kernel of CentOS 7. System calls are numbered in the order in which they were added,
 * so one comparison is enough.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* finit_module is of Linux 3.8. No call with a higher number on these machines came before 3.14. */
enum { LAST = SYS_finit_module };

static int forget_newer_calls(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
               ? 0
               : -1;
}

int main(int argc, char **argv)
{
    char byte = 0;
    if (argc < 2 || forget_newer_calls() != 0) {
        perror("old_kernel");
        return 2;
    }
    if (strcmp(argv[1], "--check") == 0) {
        return syscall(SYS_getrandom, &byte, sizeof byte, 0) == -1 && errno == ENOSYS ? 0 : 1;
    }
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 2;
}
