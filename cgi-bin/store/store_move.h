/* store_move.h - moves a whole chat from one store into another, while people use it.
 *
 * What moves is everything that the database has: rooms, messages with their numbers, persons,
 * names, roles, bans, logs, settings, and the epoch, so that clients notice nothing.
 *
 * In this order, so that a process that is killed at any moment leaves one chat that works, or one
 * that the next call finishes:
 *   1. The new database is marked: programs refuse to work with it.
 *   2. What may be large is copied while people go on.
 *   3. A transaction keeps all writers out of the old database; it ends with the process. What has
 *      changed since is copied, changed or deleted, and all rows of all tables are read from both
 *      databases and compared, what was written just now once more; counts and checksums too.
 *   4. The transaction marks the old database as moved: its programs answer 503 from then on.
 *   5. The mark of the new database is taken away. Only a process that is killed just between 4 and
 *      5 leaves a chat that answers 503; the next call ends that.
 * So there is never a moment in which both databases take messages.
 *
 * Threads: a call takes as long as it takes; use no other handle of the two in this thread.
 */
#ifndef STORE_MOVE_H
#define STORE_MOVE_H

#include "store/store_upkeep.h"

enum { STORE_MOVE_TABLES = 14 };

struct store_move_table {
    const char *name;
    uint64_t rows;
    uint64_t checksum; /* the sum of all rows' hashes */
};

struct store_moved {
    char epoch[CHAT_EPOCH_SIZE];
    bool was_done;     /* an earlier call had moved it; nothing was done now, and there are no tables */
    int64_t closed_ms; /* for how long the writers were kept out before the old database was marked */
    struct store_move_table tables[STORE_MOVE_TABLES];
};

/* Both are opened to write, and made if they are missing. Goes on where a call with the same two
 * stores was interrupted. progress may be NULL.
 * -1: ERR_CONFLICT if the new database has another chat, or the two are one database; or as in
 * store.h. The old database is used as before then, unless the text says that it is closed. */
int store_move(const struct store_options *from, const struct store_options *to, const struct store_progress *progress,
               struct store_moved *out, struct err *e);

/* Goes back: the old database, `from`, works again, and the new one is marked as one that a move
 * has begun to fill. -1: ERR_CONFLICT if `from` isn't marked as moved, or the two differ: then
 * messages were sent to the new one, and it must be moved back by store_move. */
int store_move_undo(const struct store_options *from, const struct store_options *to,
                    const struct store_progress *progress, struct err *e);

#endif
