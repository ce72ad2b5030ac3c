/* store_password.h - the password of a database, from the file that the options name
 * (store_options.password_file).
 *
 * For a store to call each time it connects, so that a new password needs no restart.
 * Threads: any.
 */
#ifndef STORE_PASSWORD_H
#define STORE_PASSWORD_H

struct err;

enum { STORE_PASSWORD_MAX = 1024 }; /* bytes, the NUL included */

/* Reads the first line of the file; the rest is not looked at. Wipe *out after use
 * (explicit_bzero). -1 (ERR_CONFIG), and *out is "": the file can't be read, its first line is
 * empty, too long or has a NUL. The log has the reason; neither it nor the error has anything of
 * what the file contains. */
int store_password_read(const char *path, char out[STORE_PASSWORD_MAX], struct err *e);

#endif
