/* act.h - the transaction of an act (store_act.h): its actor, what its steps changed, its line of
 * the audit log. */
#ifndef SQLITE_ACT_H
#define SQLITE_ACT_H

#include "store/sqlite/private/write.h"
#include "store/store_act.h"

struct sqlite_act {
    struct sqlite_write write;
    const struct chat_sender *by;       /* borrowed; NULL: the command line */
    const char *who;                    /* borrowed */
    char name[CHAT_NAME_BYTES_MAX + 1]; /* what readers see as the sender of what the act tells them */
    sqlite3_int64 person_id;            /* of by; 0: a guest, or a key that isn't known yet */
    int64_t now_ms;                     /* the time of all that this act writes */
    bool changes_rules;
    char subject[400];
    struct store_changes changes;
};

int sqlite_act_begin(struct store *base, const struct chat_sender *by, const char *who, struct err *e);
int sqlite_act_commit(struct store *base, const struct store_act_note *note, struct store_changes *changes,
                      struct err *e);
void sqlite_act_cancel(struct store *base);
int sqlite_act_notice(struct store *base, const char *room, const char *text, struct err *e);

/* For steps: the act that has begun. */
struct sqlite_act *sqlite_act_of(struct store *base);
/* The subject for the audit log, unless an earlier step has set one. */
void sqlite_act_subject(struct sqlite_act *act, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* May the actor do this to a person of that rank? -1 with ERR_WEAK. */
int sqlite_act_check_rank(const struct sqlite_act *act, enum chat_role rank, struct err *e);

/* The actor, as readers see it. out->name is borrowed from the act. */
struct sqlite_events_author;
int sqlite_act_author(struct sqlite_handle *s, struct sqlite_events_author *out, struct err *e);

#endif
