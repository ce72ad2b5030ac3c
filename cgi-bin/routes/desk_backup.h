/* desk_backup.h - a copy of the database as a download, for its owner.
 *
 * The copy is made beside the database, read into memory, and removed before it is sent, so that no
 * slow download keeps it. So there is a limit; larger databases are fetched by FTP, or copied with
 * `pollchat backup`.
 * Threads: any.
 */
#ifndef DESK_BACKUP_H
#define DESK_BACKUP_H

struct err;
struct request;
struct site;

enum { DESK_BACKUP_MOST = 64 * 1024 * 1024 }; /* bytes */

/* Answers with the file; takes the request then. -1: ERR_ABSENT (the database is PostgreSQL's),
 * ERR_TOO_LARGE, ERR_CROWDED, or as store_backup; the request stays the caller's. */
int desk_backup(struct request *request, struct site *site, struct err *e);

#endif
