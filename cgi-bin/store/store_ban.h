/* store_ban.h - bans, mutes, and messages that only their author sees: steps of an act
 * (store_act.h). */
#ifndef STORE_BAN_H
#define STORE_BAN_H

#include "store/store_person.h"
#include "store/store_rules.h"

enum { STORE_BAN_TITLE = 400 };

struct store_ban_draft {
    enum store_ban_kind kind;
    enum store_ban_of of;
    /* STORE_OF_PERSON: the person. STORE_OF_NAME: the name, in fold. STORE_OF_NETWORK and
     * STORE_OF_WIDE: the network of the message. */
    struct store_whom whom;
    const char *name;   /* of STORE_OF_NAME: as it is written, for moderators */
    const char *room;   /* only there; NULL or "": in all rooms */
    int64_t until_ms;   /* 0: without end */
    const char *reason; /* may be "" */
};

struct store_ban_made {
    uint64_t id;
    /* Addresses of a network: 256 for IPv4. With IPv6, where one connection has a /64: the number
     * of connections. Of a person: its keys. Of a name: 1. */
    uint64_t covers;
    char title[STORE_BAN_TITLE]; /* whom it is for, in words for moderators */
};

/* The same ban again (kind, of whom, where) changes end and reason of the one that is there.
 * ERR_ABSENT: no such person or message; or the message has no key, or no network any more. The
 * ban of a network isn't a ban of one person, so only its sender's rank is looked at; moderators
 * aren't to be stopped by it (site/rules.h). ERR_TOO_LARGE: there are STORE_RULES_BANS. */
int store_ban_add(struct store *s, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e);

/* Ends a ban now. One that has ended is no error; ERR_ABSENT: there never was one, or it is
 * forgotten. */
int store_ban_lift(struct store *s, uint64_t ban, struct err *e);

#endif
