/* upgrade.h - before a migration: a copy of the database, and a note for waiting requests.
 *
 * The process that has the write lock copies the database to chat-before-schema-N-TIME.db (N: the
 * new schema), by way of chat-upgrade.new. The newest two copies are kept.
 */
#ifndef SQLITE_UPGRADE_H
#define SQLITE_UPGRADE_H

#include "store/sqlite/private/handle.h"
#include "store/sqlite/private/path.h"

struct sqlite_upgrade {
    struct sqlite_handle *s;
    int fd;               /* chat.upgrade, locked; -1: it couldn't be made */
    unsigned percent;     /* as told last */
    int64_t logged;       /* monotonic ms of the last log line about progress */
    uint64_t bytes;       /* of the database */
    uint64_t needed;      /* bytes, for the copy and for the migrations */
    uint64_t messages;    /* in the database */
    uint64_t rows;        /* inserted by the migrations so far */
    char kept[PATH_SIZE]; /* path of the copy; "" before there is one */
};

/* s has the write lock and has changed nothing; its schema is number `from`. Makes the copy and the
 * note. -1: nothing is left of either. After 0, call _end. Until then the note tells how much of
 * the change is done, and a process that has to end interrupts the change (ERR_STOPPING). */
int sqlite_upgrade_begin(struct sqlite_upgrade *u, struct sqlite_handle *s, int from, struct err *e);
/* why: ERR_NONE if the new schema is committed: returns 0. Otherwise the error: returns -1 with e
 * set. changed: the migrations succeeded, so that it was the commit that failed. A commit that
 * fails with ERR_SYSTEM may have happened. The copy is removed if it surely hasn't. */
int sqlite_upgrade_end(struct sqlite_upgrade *u, bool changed, struct err *why, struct err *e);

#endif
