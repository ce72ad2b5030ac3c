/* path.h - paths of the files in the data folder, and the time in the names of copies.
 *
 * A path that is too long is cut; then its file isn't found.
 */
#ifndef SQLITE_PATH_H
#define SQLITE_PATH_H

enum { PATH_SIZE = 4200 /* PATH_MAX, and a name */, PATH_TIME_SIZE = 32 };

void sqlite_path_in(char out[PATH_SIZE], const char *folder, const char *name);
/* A file beside the database, such as its log: the same path with a tail. */
void sqlite_path_with_tail(char out[PATH_SIZE], const char *path, const char *tail);
/* Removes the log, the shared memory and the journal of a database file. */
void sqlite_path_unlink_beside(const char *path);
void sqlite_path_time(char out[PATH_TIME_SIZE]); /* now, as 20261125-181500 (UTC) */

#endif
