/* act.h - the transaction of an act (store_act.h): its actor, what its steps changed, its line of
 * the audit log. */
#ifndef SQL_ACT_H
#define SQL_ACT_H

#include "store/sql/sql_store.h"
#include "store/store_act.h"

struct sql_act {
    const struct chat_sender *by;       /* borrowed; NULL: the command line */
    const char *who;                    /* borrowed */
    char name[CHAT_NAME_BYTES_MAX + 1]; /* what readers see as the sender of what the act tells them */
    int64_t person_id;                  /* of by; 0: a guest, or a key that isn't known yet */
    int64_t now_ms;                     /* the time of all that this act writes */
    bool changes_rules;
    char subject[400];
    struct store_changes changes;
};

int sql_act_begin(struct store *base, const struct chat_sender *by, const char *who, struct err *e);
int sql_act_commit(struct store *base, const struct store_act_note *note, struct store_changes *changes, struct err *e);
void sql_act_cancel(struct store *base);
int sql_act_notice(struct store *base, const char *room, const char *text, struct err *e);

/* For steps: the act that has begun. */
struct sql_act *sql_act_of(struct store *base);
/* The subject for the audit log, unless an earlier step has set one. */
void sql_act_subject(struct sql_act *act, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* May the actor do this to a person of that rank? -1 with ERR_WEAK. */
int sql_act_check_rank(const struct sql_act *act, enum chat_role rank, struct err *e);

/* The actor, as readers see it. out->name is borrowed from the act. */
struct sql_events_author;
int sql_act_author(struct sql_store *s, struct sql_events_author *out, struct err *e);

#endif
