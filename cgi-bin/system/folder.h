/* folder.h - making the data folder.
 *
 * Threads: any. Processes: any number may call it at once.
 */
#ifndef FOLDER_H
#define FOLDER_H

struct err;

/* Makes the folder with mode 0700 whatever the umask is, if it is missing; its parent must exist. A
 * folder that is made, and one that is found empty, gets a .htaccess that lets Apache serve nothing
 * of it. A folder with other things in it is left alone, because it may be meant to be served.
 * Durable when it returns 0. -1: ERR_CONFIG (no parent, not a folder; the text names the path),
 * ERR_READONLY, ERR_FULL, ERR_SYSTEM. */
int folder_make(const char *path, struct err *e);

#endif
