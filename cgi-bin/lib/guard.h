/* guard.h - may anybody else write to the chat's data?
 *
 * Who can write to the data folder can put another database into it, or a backup that is taken up, and so read and say everything. So
 * the folder and the files that the chat relies on must belong to the site, and nobody else may be allowed to write to them; otherwise nothing of
 * them is used. Whom a site has:
 *   the user that the program runs as, root, and the owner of the programs' folder (who could replace the programs);
 *   for files the owner of the data folder, too, and for root, who runs commands for all, whoever that is.
 * A group may write where it is the group of one user of the site, or of one guest, who is then of the site as well (alice:www-data, mode 2770):
 * named after that user, or with the same number, and with no other members by /etc/passwd and /etc/group. An access control list (POSIX)
 * counts like permissions, and may name a guest.
 * What is looked at is what is opened: a descriptor, never a path. A folder above the data may belong to others, who can then take the data
 * away, but not put another folder in its place that would be used.
 * Not here: who may read (exposure.h for the web; the programs make all files with mode 0600).
 * Threads: any.
 */
#ifndef GUARD_H
#define GUARD_H

struct err;

/* The folder, and what of the chat's files is in it. 0, also when there is no folder or it can't be entered: who opens it will say so.
 * -1: ERR_EXPOSED with the reason and what to do, without a path. Some 30 system calls. */
int guard_folder(const char *folder, struct err *e);

/* A file of that folder that is open: may it be relied on? path: its own. 0, or -1 as above. */
int guard_file(int fd, const char *path, struct err *e);

#endif
