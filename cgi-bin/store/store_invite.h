/* store_invite.h - codes that move a person to another device, and links that give a role: steps of
 * an act (store_act.h).
 *
 * The store keeps a hash of the code. The caller makes codes that are long enough for their time,
 * and counts failed tries. The store says the same of a code that never was, has ended or is used
 * up.
 */
#ifndef STORE_INVITE_H
#define STORE_INVITE_H

#include "store/store.h"

enum { STORE_INVITE_HASH = 16, STORE_INVITES = 1000 };

struct store_invite {
    unsigned char hash[STORE_INVITE_HASH];
    bool moves;          /* moves the actor's person; the next two don't count then */
    enum chat_role role; /* reader, of a room only, to owner */
    const char *room;    /* the role is for this room; NULL or "": for all rooms */
    int64_t until_ms;
    unsigned uses; /* how many keys may use it */
};

/* A code that moves replaces the person's earlier one. ERR_WEAK: the role isn't below the actor's,
 * and the actor is no owner. ERR_TOO_LARGE: there are STORE_INVITES. id may be NULL. */
int store_invite_add(struct store *s, const struct store_invite *invite, uint64_t *id, struct err *e);

struct store_invite_used {
    enum chat_role role;
    char room[CHAT_ROOM_MAX + 1];       /* "": all */
    uint16_t mark;                      /* of the person whose the actor's key is now */
    char name[CHAT_NAME_BYTES_MAX + 1]; /* "" if it has none yet */
};

/* moves: which kind of code is expected. The actor, who has a key, becomes a further key of the
 * person, or gets the role, unless a greater one was given to it before. A key that used the code
 * before may use it again, which costs no use. When a key moves, bans of its former person go with
 * it. If it was the last key, the names go too, and acts on the former person are acts on this one.
 * ERR_ABSENT: no such code (any more). ERR_CONFLICT: the actor has a role of its own, which it
 * would lose by moving. ERR_TOO_LARGE: the person has STORE_PERSON_KEYS. */
int store_invite_use(struct store *s, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                     struct store_invite_used *out, struct err *e);

/* Ends it. One that isn't there is no error. */
int store_invite_revoke(struct store *s, uint64_t id, struct err *e);

#endif
