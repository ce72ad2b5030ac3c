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
    char kept[PATH_SIZE]; /* path of the copy; "" before there is one */
};

/* s has the write lock and has changed nothing. Makes the copy and the note. -1: nothing is left of
 * either. After 0, call _end. */
int sqlite_upgrade_begin(struct sqlite_upgrade *u, struct sqlite_handle *s, struct err *e);
/* done: the new schema is committed. unsure: perhaps it is (the commit failed with ERR_SYSTEM). The
 * copy is kept in both cases, and removed otherwise. */
void sqlite_upgrade_end(struct sqlite_upgrade *u, bool done, bool unsure);

#endif
