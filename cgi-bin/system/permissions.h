/* permissions.h - may other users of the machine write to the chat's data?
 *
 * A user who can write to the data folder can put another database into it, or a backup for the
 * programs to restore, and so read and forge everything. So the folder and the files that the chat
 * relies on must belong to users of the site, and no other user may be allowed to write to them;
 * otherwise they are not used. The users of a site are:
 *   - the user that the program runs as, root, and the owner of the programs' folder (who could
 *     replace the programs);
 *   - for files also the owner of the data folder. For a command that root runs, the owner of the
 *     data folder for the folder too.
 * A group may write if it is the own group of one user of the site, or of one guest, who then
 * counts as a user of the site (alice:www-data, mode 2770). An own group is named after its user or
 * has the user's number, and has no other members by /etc/passwd and /etc/group. A POSIX access
 * control list counts like permissions, and may name the guest. The checks look at open
 * descriptors, not at paths. The owner of a folder above the data can take the data away, but a
 * folder that is put in its place fails the checks.
 * Not here: who may read (exposure.h for the web; the programs make all files with mode 0600).
 * Threads: any.
 */
#ifndef PERMISSIONS_H
#define PERMISSIONS_H

struct err;

/* Checks the folder and those of the chat's files that are in it. Returns 0 also when there is no
 * folder or it can't be entered: opening it fails then. -1: ERR_EXPOSED with the reason and what to
 * do, without a path. Takes some 30 system calls. */
int permissions_folder(const char *folder, struct err *e);

/* Checks one open file of that folder. path: the file's own. 0, or -1 as above. */
int permissions_file(int fd, const char *path, struct err *e);

#endif
