/* store_replica.h - pages of messages from a replica of the database, so that the primary has less
 * to read.
 *
 * A replica is a copy that follows its primary, some milliseconds late, or hours. So the primary is
 * asked each time, in one short statement, for the positions of the rooms and for all else that
 * tells whether messages have changed. A page comes from a replica only if it has exactly the same.
 * Then the page is what the primary would have answered at that moment: no message, edit or erasure
 * that was answered is missing in it. Otherwise the primary is read, as without a replica. While a
 * replica can't be reached or isn't far enough, it is left alone for a growing pause.
 *
 * What decides (sends, acts, rules, persons) is always read from the primary.
 * Threads: as for the handle.
 */
#ifndef STORE_REPLICA_H
#define STORE_REPLICA_H

#include "store/store.h"

/* Asks the primary, outside of a view: fills found[i] for each room names[i]. False: no replica is
 * to be used now, or the primary gave no answer; call store_read_begin. newest: the page is likely
 * to be of messages that were stored a moment ago, which a replica often lacks. A replica that
 * lacks them is left alone for such pages only. */
bool store_replica_ask(struct store *s, const char *const *names, struct store_room *found, size_t count, bool newest);

/* After it, with the same rooms: begins a view of the replica at exactly this state. store_read
 * reads there until store_read_end; if it fails, the primary can be read after that. False: no view
 * has begun; call store_read_begin, and ask for the positions again. */
bool store_replica_begin(struct store *s, const char *const *names, const struct store_room *found, size_t count);

enum store_replica_state {
    STORE_REPLICA_NONE,        /* the options name none, or the process is short-lived, or the handle writes */
    STORE_REPLICA_USED,        /* it has what the primary has */
    STORE_REPLICA_BEHIND,      /* not yet */
    STORE_REPLICA_UNREACHABLE, /* or it doesn't let this program in */
    STORE_REPLICA_PROMOTED,    /* it takes changes: it was promoted, or was never a replica */
    STORE_REPLICA_OTHER,       /* it has another chat, or follows an old primary */
    STORE_REPLICA_UNKNOWN,     /* only store_replica_try: it can't be found out at this moment */
};

/* How it was when this process tried it last; USED before the first time. */
enum store_replica_state store_replica_state(const struct store *s);

/* Tries it now, whatever was before, and writes into the log what is wrong. For the doctor. */
enum store_replica_state store_replica_try(struct store *s);

#endif
