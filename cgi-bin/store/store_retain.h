/* store_retain.h - what a store forgets by itself: old messages, addresses, unused names.
 *
 * To be called in quiet times. Each step is a short transaction, so that senders don't wait.
 */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/store.h"

/* As the settings say (conf.h). */
struct store_terms_kept {
    uint64_t keep_days;  /* of messages; 0: for ever. A room's own number wins, also if it is 0 */
    uint64_t keep_count; /* messages of a room; 0: all. The same */
    uint64_t address_days;
    uint64_t audit_days;
    uint64_t name_keep_days;
};

/* now_ms: the time, ms since 1970. True: a step has something to do. Cheap: some searches. */
bool store_retain_is_due(struct store *s, const struct store_terms_kept *terms, int64_t now_ms);

/* Does one of these, whatever is due:
 *   - the oldest messages of a room are removed: at most 200 of them. It begins when the room has a
 *     tenth (or 200) too many, or the oldest is an hour too old. *changes tells that the room's
 *     oldest seq moved. An edit or delete whose target is gone stays until it is old itself
 *   - messages of persons that are being erased (store_erase.h)
 *   - hashes of networks older than address_days, at most an hour late
 *   - about once an hour: lines of the audit log older than audit_days; names that rested for
 *     name_keep_days; persons of that age who own nothing; secrets that no hash needs any more;
 *     bans and invites that ended a day ago; messages that have waited for a moderator for 30 days;
 *     reports that were settled 30 days ago. In the first hour of a new chat nothing of it
 *   - pages that became free are returned to the file system, where they are many */
int store_retain_step(struct store *s, const struct store_terms_kept *terms, int64_t now_ms,
                      struct store_changes *changes, struct err *e);

#endif
