/* rows.h - rooms and messages as rows, for the modules of this room. Each engine has the statements
 * (sql_store.h); its own rows.h says how they are kept.
 *
 * The functions run inside the caller's transaction. -1 with the error set.
 */
#ifndef SQL_ROWS_H
#define SQL_ROWS_H

#include "store/sql/sql_store.h"

/* A message's number in the database is room << 36 | seq: all messages of a room are neighbours.
 * Rows that have a greater seq or room can't be numbered. */
#define SQL_ROWS_SEQ_BITS 36
#define SQL_ROWS_SEQ_MAX ((uint64_t)0xfffffffff) /* 36 bits */
#define SQL_ROWS_ROOM_MAX 0x7ffffff              /* 27 bits */

struct sql_room {
    int64_t id; /* 0: it doesn't exist; then head is 0 and oldest 1 */
    uint64_t head;
    uint64_t oldest;
};
/* In a transaction that writes: until its end no other one gives numbers in this room. ERR_CORRUPT
 * for a room whose number isn't 1 to SQL_ROWS_ROOM_MAX. */
int sql_rows_find_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);
int sql_rows_add_room(struct sql_store *s, const char *name, struct sql_room *out, struct err *e);

/* Stores room->head as the room's head. */
int sql_rows_raise_head(struct sql_store *s, const struct sql_room *room, struct err *e);

/* stored: never renumber */
enum sql_state { SQL_SHOWN, SQL_ERASED, SQL_HIDDEN, SQL_SHADOW };

/* Who sends, as the row of the message keeps it. Zeros: a guest, or the program itself. */
struct sql_author {
    int64_t person_id; /* 0: a guest, or a key that has no person yet */
    bool is_new;       /* the key has no person yet (authors.h) */
    bool is_shadow;    /* only the author sees the message */
    uint16_t mark;
    unsigned flags; /* set of enum chat_flag */
    enum chat_role role;
    int64_t seen_ms;              /* of the person; 0: never */
    const unsigned char *network; /* borrowed, CHAT_NETWORK_BYTES; NULL: not known */
};

/* The column sender of a message or a held one. */
int64_t sql_rows_sender(const struct sql_author *author);

int64_t sql_rows_message_id(const struct sql_room *room, uint64_t seq);

/* Sets the job's outcome if the room has a message with its id from the author. */
int sql_rows_find_same(struct sql_store *s, const struct sql_room *room, const struct sql_author *author,
                       struct store_job *job, struct err *e);
/* Adds the message with the room's next seq and raises room->head, but doesn't store the head yet.
 * Makes the id if the client sent none. If the room has a message with this id from the author, it
 * adds nothing, as sql_rows_find_same. Of an edit the text isn't stored here (changes.h). */
int sql_rows_add_message(struct sql_store *s, struct sql_room *room, const struct sql_author *author,
                         struct store_job *job, struct err *e);

#endif
