/* standing.h - who may do what in a room: the answer to that, from rules, an asker and a time.
 *
 * A role includes the ones before it (enum chat_role). In a room, an asker's role is, in this
 * order:
 *   - the role that a moderator or owner gave the person there, else in all rooms;
 *   - what a token says, in the rooms that it is for, if that is more;
 *   - member with a key or token; without, member or reader by the setting guests.
 * A ban leaves at most reader. A mute takes the right to write. Bans of a name or network don't
 * count for moderators: a visitor who shares a network with one could get it banned. A room for
 * members is for persons who were made members: by a moderator, an invite, or a token for that
 * room. A key alone doesn't count.
 * Pure: no store, no clock. Threads: any.
 */
#ifndef STANDING_H
#define STANDING_H

#include "base/address.h"
#include "chat/chat.h"
#include "store/store_rules.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct hours;
struct rules;
struct token;

/* Who asks. Zeros: a guest of whom nothing is known. */
struct standing_asker {
    bool has_key; /* or a token */
    unsigned char key[CHAT_KEY_BYTES];
    const struct token *token; /* NULL: none */
    struct address address;
    const char *fold; /* the folded name under which it writes; NULL: it reads */
};

struct standing {
    bool has_key;
    enum chat_role role;
    bool is_member;              /* was made a member of this room */
    const struct store_ban *ban; /* the ban, else the mute, that ends last; NULL: none */
    bool is_shadowed;            /* what it writes is seen by itself alone */
};

/* A room as it is now. */
struct standing_room {
    enum store_room_kind kind;
    int64_t until_ms; /* when the kind ends; 0: it stays */
    unsigned slow_s;
    enum store_newcomers newcomers;
    const struct hours *hours; /* NULL: always open */
    /* The room isn't there, and only moderators make rooms: strangers must not tell it from a room
     * for members. The caller sets it. */
    bool is_absent;
};

/* room: a valid name of a room. *out borrows from the rules. */
void standing_room(const struct rules *r, const char *room, int64_t now_ms, struct standing_room *out);
void standing_of(const struct rules *r, const struct standing_asker *asker, const char *room, int64_t now_ms,
                 struct standing *out);

/* True: a guest may read the room, and so may everyone else. */
bool standing_all_read(const struct standing_room *room);

/* 0: may read. -1: ERR_SIGN_IN, ERR_WEAK, ERR_BANNED or ERR_CLOSED. */
int standing_read(const struct standing *s, const struct standing_room *room, struct err *e);

/* 0: may write, as far as rules and time tell. -1: the same, or ERR_MUTED. */
int standing_write(const struct standing *s, const struct standing_room *room, int64_t now_ms, struct err *e);

/* 0: has the role. -1: ERR_SIGN_IN, ERR_BANNED or ERR_WEAK. */
int standing_need(const struct standing *s, enum chat_role need, struct err *e);

/* True: an asker with this key is a moderator or owner in some room. */
bool standing_is_moderator_somewhere(const struct rules *r, const struct standing_asker *asker, int64_t now_ms);

#endif
