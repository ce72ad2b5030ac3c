/* file_name.h - giving files their names so that none is replaced and none is lost with the power.
 *
 * Threads: any. Processes: any number on one folder.
 */
#ifndef FILE_NAME_H
#define FILE_NAME_H

#include <stddef.h>

/* Renames a file. -1 with errno; EEXIST if the new name is taken. (Where the file system can't
 * check and rename in one step, the check comes just before.) */
int file_name_move(const char *from, const char *to);

/* Gives the file `made` the name `path`. As above, but the check and the naming are one step on
 * more file systems, because the file may have two names for a moment. The name `made` is gone in
 * any case. */
int file_name_put(const char *made, const char *path);

/* After this the name of a file that was made, renamed or removed survives power loss. 0, or -1
 * with errno. */
int file_name_sync(const char *path);

/* Removes what killed makers of files left: files beside path whose names are path's own,
 * `separator`, and `random` further characters. (An owner's copies have other names.) A maker locks
 * its file (file_lock_try) from the first byte on. A locked file is left alone, and an empty one
 * for a minute. */
void file_name_sweep(const char *path, char separator, size_t random);

#endif
