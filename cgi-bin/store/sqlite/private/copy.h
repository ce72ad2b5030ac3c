/* copy.h - a whole database into a new file, by SQLite's backup functions. */
#ifndef SQLITE_COPY_H
#define SQLITE_COPY_H

#include "store/sqlite/private/fresh.h"
#include "store/sqlite/private/handle.h"

/* Whom to tell how far a copy is; both may be NULL. */
struct sqlite_copy_teller {
    const struct store_progress *progress;
    bool (*tell)(void *context, unsigned percent); /* false ends the copy (ERR_STOPPING) */
    void *context;
};

/* The database of `from` (connected) as it is at one moment. When it returns 0, the file is synced
 * and its version and epoch were compared. Others may write meanwhile: in WAL without noticing;
 * with a rollback journal writers come first some times, then they wait for the copy. */
int sqlite_copy(struct sqlite_handle *from, struct sqlite_fresh *to, const struct sqlite_copy_teller *teller,
                struct err *e);
/* Gives a copy an epoch of its own. A copy that is put in the place of the database, by FTP for
 * instance, has lower heads than clients have seen: with another epoch they start again. keep_wal:
 * it stays in WAL if it is; otherwise it gets a rollback journal. Syncs the file. */
int sqlite_copy_renew(const struct sqlite_fresh *f, bool keep_wal, char epoch[CHAT_EPOCH_SIZE], struct err *e);
/* A handle on a database file that has no log and that no process writes, such as a copy. Makes no
 * file. End it with sqlite_connection_close. NULL with the error set. */
struct sqlite_handle *sqlite_copy_open(const char *path, struct err *e);
/* Checks the whole file: 0, or -1 with ERR_CORRUPT. */
int sqlite_copy_verify(struct sqlite_handle *s, struct err *e);

#endif
