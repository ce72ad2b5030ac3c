/* chroot_at.c - chroot_at ROOT FOLDER PROGRAM: starts a program in a chroot, in one of its folders
 * and by a relative name, as servers do. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4 || chroot(argv[1]) != 0 || chdir(argv[2]) != 0) {
        perror("chroot_at");
        return 2;
    }
    execv(argv[3], argv + 3);
    perror(argv[3]);
    return 2;
}
