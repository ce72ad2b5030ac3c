/* image.h - is a program file complete, and for this machine?
 *
 * A file that is being uploaded grows from its beginning. The kernel starts half a program all the
 * same, and it dies somewhere. A linker writes the table of sections at the end of the file, and
 * the header says where. A file that doesn't reach that far isn't complete. A file that continues
 * behind it was uploaded as text, with a CR before each LF. System V ABI, chapter 4, "ELF Header"
 * and "Sections". Used by the programs and by start.c, which links nothing else of this tree: libc
 * only.
 * Threads: any.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>

enum { IMAGE_NAME_SIZE = 128 };

enum image_state {
    IMAGE_WHOLE,
    IMAGE_PART,    /* the beginning of a program: an upload in progress, or one that was cut off */
    IMAGE_FOREIGN, /* for another kind of machine */
    IMAGE_OTHER,   /* no program, or a damaged one */
    IMAGE_ABSENT,  /* can't be read */
};

enum image_state image_look(const char *path);

/* Makes sure that the file has its execute bit, which FTP programs lose. The target of a symbolic
 * link is not changed. False: it can't be started. */
bool image_can_start(const char *path);

/* May a program in programs/ of the archive have this name? Allowed is pollchat- and letters,
 * digits and ._-+~, shorter than IMAGE_NAME_SIZE. A running program does not exit for a file that
 * start.c would skip. */
bool image_is_name(const char *name);

#endif
