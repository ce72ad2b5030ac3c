/* changes.h - edits and deletes: what they do to the message that they name.
 *
 * The event is a row of its own without a text (rows.h). The target keeps its row: a delete erases
 * its text, an edit replaces it. What is overwritten is scrubbed from the files (scrub.h).
 */
#ifndef SQLITE_CHANGES_H
#define SQLITE_CHANGES_H

#include "store/sqlite/private/rows.h"

struct sqlite_target {
    sqlite3_int64 message_id;
    enum chat_type type;
    enum sqlite_state state;
    sqlite3_int64 person_id;
    sqlite3_int64 sender; /* the bits of the row */
    int64_t time_ms;
};

/* May the author change the target of the job's draft? Leaves job->outcome 0 if so, else sets it;
 * of a shadow the event is one too (author->is_shadow). */
int sqlite_changes_check(struct sqlite_handle *s, const struct sqlite_room *room, struct sqlite_author *author,
                         struct store_job *job, int64_t now_ms, struct sqlite_target *out, struct err *e);

/* After the event was added: changes the target. */
int sqlite_changes_apply(struct sqlite_handle *s, const struct sqlite_target *target, const struct store_job *job,
                         struct err *e);

#endif
