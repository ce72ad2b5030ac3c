/* store_person.h - persons and their keys: who is it, what may that person do, whose is a name?
 *
 * The look-ups may be called in a view (store_read_begin), in an act, or on their own. The others
 * are steps of an act (store_act.h).
 */
#ifndef STORE_PERSON_H
#define STORE_PERSON_H

#include "store/store.h"

enum {
    STORE_PERSON_NAMES = 16,
    STORE_PERSON_KEYS = 32, /* devices */
};

/* Names a person. The first of these that is set counts: person, held, room with seq, fold. */
struct store_whom {
    uint64_t person;  /* number of the person; 0: not by number */
    uint64_t held;    /* the sender of this message that waits, in `room`, or with NULL in any */
    const char *room; /* the sender of this message */
    uint64_t seq;
    const char *fold; /* the person who owns this name (folded) */
};

struct store_person {
    uint64_t id;              /* 0: no such person, and the rest is zeros */
    enum chat_role role;      /* in all rooms */
    enum chat_role room_role; /* in the room that was asked for; role where it has none of its own */
    bool made;
    bool is_signed;
    bool trusted; /* no longer a newcomer, whatever the time */
    uint16_t mark;
    int64_t first_ms;
    int64_t seen_ms;
    char title[CHAT_NAME_BYTES_MAX + 1]; /* name in the last message; "" before */
    /* The names that it owns, most recently used first; the first STORE_PERSON_NAMES. */
    char names[STORE_PERSON_NAMES][CHAT_NAME_BYTES_MAX + 1];
    size_t name_count;
};

/* The person with this key (keyed hash). room: NULL for none. A key that no one has used yet is no
 * error: id 0. */
int store_person_by_key(struct store *s, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                        struct store_person *out, struct err *e);

/* ERR_ABSENT if there is no such person or message, or if the message is a guest's. */
int store_person_find(struct store *s, const struct store_whom *whom, const char *room, struct store_person *out,
                      struct err *e);

/* Gives the person a role: in all rooms, with room NULL or "", or there. CHAT_ROLE__MAX takes the
 * room's own role back. ERR_WEAK: the new role is above the actor's, or the person has the actor's
 * role or a higher one and isn't the actor, or the chat would have no owner left. ERR_TOO_LARGE:
 * STORE_RULES_KEYS have roles; a further owner is made all the same. */
int store_person_role(struct store *s, const struct store_whom *whom, enum chat_role role, const char *room,
                      struct err *e);

/* The actor, who has a key, becomes an owner. The caller has seen the proof. */
int store_person_own(struct store *s, struct err *e);

/* The person is no longer a newcomer. */
int store_person_trust(struct store *s, const struct store_whom *whom, struct err *e);

struct store_claim {
    const char *name;                /* as it is written */
    const struct chat_sender *forms; /* fold, look and is_odd of the name; the rest doesn't count */
    const char *room;                /* where it will be used; NULL: not known */
    struct store_terms terms;
};

/* The actor, who has a key, claims a name, as a message under it would. Its own name is no error.
 * *mark: of the person. ERR_NAME, ERR_ALIKE: the name is another person's, or looks like it; with
 * "suggestion" if a free one was found. */
int store_person_claim(struct store *s, const struct store_claim *claim, uint16_t *mark, struct err *e);

/* Frees a name, folded. Its owner may, and moderators above the owner. A name that is free is no
 * error. */
int store_person_release(struct store *s, const char *fold, struct err *e);

#endif
