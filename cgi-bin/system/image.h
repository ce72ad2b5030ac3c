/* image.h - is a program file whole, and for this machine?
 *
 * A file that is being uploaded grows from its beginning; the kernel starts half of one all the same, and it dies somewhere. The table of
 * sections stands at the end of what a linker or strip writes, and the header says where: so a file that doesn't reach that far
 * isn't there yet, and one that goes on behind it was uploaded as if it were text, with a CR before each LF. System V ABI, chapter 4,
 * "ELF Header" and "Sections".
 * Used by the programs and by start.c, which links nothing else of this library: libc only.
 * Threads: any.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>

enum { IMAGE_NAME_SIZE = 128 };

enum image_state {
    IMAGE_WHOLE,
    IMAGE_PART,    /* the beginning of a program: an upload that goes on, or one that was cut off */
    IMAGE_FOREIGN, /* for another kind of machine */
    IMAGE_OTHER,   /* no program, or a spoiled one */
    IMAGE_ABSENT,  /* can't be read */
};

enum image_state image_look(const char *path);

/* The file has its execute bit, or gets it now: FTP programs lose it. A link to another file is not
 * changed. */
bool image_can_start(const char *path);

/* May a program in programs/ of the archive have this name? pollchat-, and letters, digits and ._-+~, shorter than IMAGE_NAME_SIZE. What start.c
 * would pass over, nobody leaves for. */
bool image_is_name(const char *name);

#endif
