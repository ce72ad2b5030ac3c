/* persons.h - persons, their keys and ranks; senders of messages. */
#ifndef SQL_PERSONS_H
#define SQL_PERSONS_H

#include "store/sql/act.h"
#include "store/store_person.h"

int sql_persons_by_key(struct store *base, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                       struct store_person *out, struct err *e);
int sql_persons_find(struct store *base, const struct store_whom *whom, const char *room, struct store_person *out,
                     struct err *e);

/* The sender of a message. */
struct sql_sender {
    int64_t message_id;
    int64_t person_id;   /* 0: a guest */
    enum chat_role role; /* that a token gave when it was written; else CHAT_NOBODY */
    bool has_network;
    unsigned char network[CHAT_NETWORK_BYTES];
    char name[CHAT_NAME_BYTES_MAX + 1];
};
/* ERR_ABSENT: the room has no such message. */
int sql_persons_sender(struct sql_store *s, const char *room, uint64_t seq, struct sql_sender *out, struct err *e);

/* Of a message that waits, or that is in the room; ERR_ABSENT. */
int sql_persons_sender_of(struct sql_store *s, const struct store_whom *whom, struct sql_sender *out, struct err *e);

/* The number of the person that is meant. ERR_ABSENT as store_person_find, but a number isn't
 * looked up. */
int sql_persons_resolve(struct sql_store *s, const struct store_whom *whom, int64_t *out, struct err *e);

/* This person and those whose last key it has now, ascending: their messages are its own. */
struct sql_persons {
    int64_t *ids; /* owned */
    size_t count;
};
int sql_persons_same(struct sql_store *s, int64_t person_id, struct sql_persons *out, struct err *e);
bool sql_persons_has(const struct sql_persons *all, int64_t person_id);

/* The person's greatest role: in this room, or, with NULL, in any room. role: another one that it
 * has, as from a token. ERR_ABSENT: no such person. */
int sql_persons_rank(struct sql_store *s, int64_t person_id, const char *room, enum chat_role role, enum chat_role *out,
                     struct err *e);

/* "ann ·7f3a", for moderators. ERR_ABSENT: no such person. */
int sql_persons_title(struct sql_store *s, int64_t person_id, char *out, size_t size, struct err *e);

/* Makes a person of the actor's key if it is new, so that act->person_id is set. The actor has a
 * key. */
int sql_persons_take_actor(struct sql_store *s, struct err *e);

/* The room's number; 0 for NULL and "". ERR_ABSENT: no such room. */
int sql_persons_room(struct sql_store *s, const char *room, int64_t *out, struct err *e);

#endif
