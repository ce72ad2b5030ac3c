/* events.h - messages of type edit and delete that tell readers what was changed. */
#ifndef SQLITE_EVENTS_H
#define SQLITE_EVENTS_H

#include "store/sqlite/private/handle.h"

#include "base/buf.h"

#define SQLITE_EVENTS_NAME "pollchat" /* the sender's name where the program itself changes something */

/* Seqs of one room, as they come in descending or ascending order. Zeros at first. */
struct sqlite_events_seqs {
    uint64_t *all; /* owned */
    size_t count;
};
void sqlite_events_add(struct sqlite_events_seqs *seqs, uint64_t seq);
void sqlite_events_sort(struct sqlite_events_seqs *seqs);
void sqlite_events_fini(struct sqlite_events_seqs *seqs);
/* The next seqs without a gap, from *at on, sorted. False: there are no more. */
bool sqlite_events_range(const struct sqlite_events_seqs *seqs, size_t *at, uint64_t *first, uint64_t *last);

/* Who changes, as readers see it. */
struct sqlite_events_author {
    const char *name;
    sqlite3_int64 person_id; /* 0: none */
    sqlite3_int64 sender;    /* as in the table message; 0: none */
};

struct sqlite_events_room {
    sqlite3_int64 id;
    const char *name;
    uint64_t head; /* raised by each event */
};

/* Inside a transaction: appends a message about these messages (sorted), records the room's new
 * head, in *changes too. With one seq the text is "", with several all of them: "41-60 63". */
int sqlite_events_append(struct sqlite_handle *s, struct sqlite_events_room *room, enum chat_type type,
                         const struct sqlite_events_seqs *seqs, const struct sqlite_events_author *author,
                         int64_t now_ms, struct store_changes *changes, struct err *e);

#endif
