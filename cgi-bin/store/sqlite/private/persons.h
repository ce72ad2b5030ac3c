/* persons.h - persons, their keys and ranks; senders of messages. */
#ifndef SQLITE_PERSONS_H
#define SQLITE_PERSONS_H

#include "store/sqlite/private/act.h"
#include "store/store_person.h"

int sqlite_persons_by_key(struct store *base, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                          struct store_person *out, struct err *e);
int sqlite_persons_find(struct store *base, const struct store_whom *whom, const char *room, struct store_person *out,
                        struct err *e);

/* The sender of a message. */
struct sqlite_sender {
    sqlite3_int64 message_id;
    sqlite3_int64 person_id; /* 0: a guest */
    enum chat_role role;     /* that a token gave when it was written; else CHAT_NOBODY */
    bool has_network;
    unsigned char network[CHAT_NETWORK_BYTES];
    char name[CHAT_NAME_BYTES_MAX + 1];
};
/* ERR_ABSENT: the room has no such message. */
int sqlite_persons_sender(struct sqlite_handle *s, const char *room, uint64_t seq, struct sqlite_sender *out,
                          struct err *e);

/* Of a message that waits, or that is in the room; ERR_ABSENT. */
int sqlite_persons_sender_of(struct sqlite_handle *s, const struct store_whom *whom, struct sqlite_sender *out,
                             struct err *e);

/* The number of the person that is meant. ERR_ABSENT as store_person_find, but a number isn't
 * looked up. */
int sqlite_persons_resolve(struct sqlite_handle *s, const struct store_whom *whom, sqlite3_int64 *out, struct err *e);

/* This person and those whose last key it has now, ascending: their messages are its own. */
struct sqlite_persons {
    sqlite3_int64 *ids; /* owned */
    size_t count;
};
int sqlite_persons_same(struct sqlite_handle *s, sqlite3_int64 person_id, struct sqlite_persons *out, struct err *e);
bool sqlite_persons_has(const struct sqlite_persons *all, sqlite3_int64 person_id);

/* The person's greatest role: in this room, or, with NULL, in any room. role: another one that it
 * has, as from a token. ERR_ABSENT: no such person. */
int sqlite_persons_rank(struct sqlite_handle *s, sqlite3_int64 person_id, const char *room, enum chat_role role,
                        enum chat_role *out, struct err *e);

/* "ann ·7f3a", for moderators. ERR_ABSENT: no such person. */
int sqlite_persons_title(struct sqlite_handle *s, sqlite3_int64 person_id, char *out, size_t size, struct err *e);

/* Makes a person of the actor's key if it is new, so that act->person_id is set. The actor has a
 * key. */
int sqlite_persons_take_actor(struct sqlite_handle *s, struct err *e);

/* The room's number; 0 for NULL and "". ERR_ABSENT: no such room. */
int sqlite_persons_room(struct sqlite_handle *s, const char *room, sqlite3_int64 *out, struct err *e);

#endif
