/* changes.h - edits and deletes: what they do to the message that they name.
 *
 * The event is a row of its own without a text (rows.h). The target keeps its row: a delete erases
 * its text, an edit replaces it. What is overwritten is scrubbed from the files (transaction.h).
 */
#ifndef SQL_CHANGES_H
#define SQL_CHANGES_H

#include "store/sql/rows.h"

struct sql_target {
    int64_t message_id;
    enum chat_type type;
    enum sql_state state;
    int64_t person_id;
    int64_t sender; /* the bits of the row */
    int64_t time_ms;
};

/* May the author change the target of the job's draft? Leaves job->outcome 0 if so, else sets it;
 * of a shadow the event is one too (author->is_shadow). */
int sql_changes_check(struct sql_store *s, const struct sql_room *room, struct sql_author *author,
                      struct store_job *job, int64_t now_ms, struct sql_target *out, struct err *e);

/* After the event was added: changes the target. */
int sql_changes_apply(struct sql_store *s, const struct sql_target *target, const struct store_job *job, struct err *e);

#endif
