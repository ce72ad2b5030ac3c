/* events.h - messages of type edit and delete that tell readers what was changed. */
#ifndef SQL_EVENTS_H
#define SQL_EVENTS_H

#include "store/sql/sql_store.h"

#include "base/buf.h"

#define SQL_EVENTS_NAME "pollchat" /* the sender's name where the program itself changes something */

/* Seqs of one room, as they come in descending or ascending order. Zeros at first. */
struct sql_events_seqs {
    uint64_t *all; /* owned */
    size_t count;
};
void sql_events_add(struct sql_events_seqs *seqs, uint64_t seq);
void sql_events_sort(struct sql_events_seqs *seqs);
void sql_events_fini(struct sql_events_seqs *seqs);
/* The next seqs without a gap, from *at on, sorted. False: there are no more. */
bool sql_events_range(const struct sql_events_seqs *seqs, size_t *at, uint64_t *first, uint64_t *last);

/* Who changes, as readers see it. */
struct sql_events_author {
    const char *name;
    int64_t person_id; /* 0: none */
    int64_t sender;    /* as in the table message; 0: none */
};

struct sql_events_room {
    int64_t id;
    const char *name;
    uint64_t head; /* raised by each event */
};

/* Inside a transaction: appends a message about these messages (sorted), records the room's new
 * head, in *changes too. With one seq the text is "", with several all of them: "41-60 63". */
int sql_events_append(struct sql_store *s, struct sql_events_room *room, enum chat_type type,
                      const struct sql_events_seqs *seqs, const struct sql_events_author *author, int64_t now_ms,
                      struct store_changes *changes, struct err *e);

#endif
