/* image.c - see image.h. */
#include "system/image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined __x86_64__
enum { MACHINE = EM_X86_64 };
#elif defined __aarch64__
enum { MACHINE = EM_AARCH64 };
#else
enum { MACHINE = EM_NONE }; /* not compared */
#endif

static enum image_state judge(const Elf64_Ehdr *header, uint64_t size)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return IMAGE_OTHER;
    }
    if (MACHINE != EM_NONE && (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != MACHINE)) {
        return IMAGE_FOREIGN;
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64) {
        /* 32-bit machines have the numbers elsewhere; there is no archive for them */
        return IMAGE_WHOLE;
    }
    uint64_t table = (uint64_t)header->e_shnum * header->e_shentsize;
    if (header->e_shoff > size || size - header->e_shoff < table) {
        return IMAGE_PART;
    }
    return size - header->e_shoff == table ? IMAGE_WHOLE : IMAGE_OTHER;
}

enum image_state image_look(const char *path)
{
    Elf64_Ehdr header;
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return IMAGE_ABSENT;
    }
    memset(&header, 0, sizeof header);
    ssize_t got = read(fd, &header, sizeof header);
    close(fd);
    if (got < (ssize_t)sizeof header) {
        return got <= 0 || memcmp(&header, ELFMAG, got < SELFMAG ? (size_t)got : SELFMAG) == 0 ? IMAGE_PART
                                                                                               : IMAGE_OTHER;
    }
    return judge(&header, (uint64_t)found.st_size);
}

bool image_can_start(const char *path)
{
    struct stat found;
    if (access(path, X_OK) == 0) {
        return true;
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    bool given = fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 && fchmod(fd, 0755) == 0;
    close(fd);
    return given;
}

bool image_is_name(const char *name)
{
    static const char prefix[] = "pollchat-";
    size_t length = strlen(name);
    return strncmp(name, prefix, strlen(prefix)) == 0 && length < IMAGE_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+~") == length;
}
