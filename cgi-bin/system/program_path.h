/* program_path.h - where the running program stands.
 *
 * Threads: any.
 */
#ifndef PROGRAM_PATH_H
#define PROGRAM_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The file of the running program: absolute, symbolic links resolved. " (deleted)" may follow if
 * the file was replaced. False, and out is "", if neither /proc nor the kernel tells the name, or
 * if it doesn't fit. */
bool program_path_file(char *out, size_t size);

/* The folder of that file, also after the file was replaced. For the archive: the folder above
 * programs/. -1 (ERR_SYSTEM), and out is "", if it can't be known or is too long. */
int program_path_folder(char *out, size_t size, struct err *e);

#endif
