/* store_rules.h - what decides who may do what, as the store keeps it: settings of the owner's
 * page, modes of rooms, roles, bans, words, secrets of networks.
 *
 * A process loads all of it at once and keeps it as long as the number stays (site/rules.h). Each
 * act that changes any of it raises the number in its own transaction (store_act.h).
 * To add a kind of rule: a list here, freed in store_rules_fini, loaded by each store (SQLite: a
 * row of `lists` in rules.c), and changed by a step that says that the rules change.
 * All sizes have limits, so that a process's memory has one too. An act that would pass one fails.
 */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "store/store.h"

enum {
    STORE_RULES_SETTINGS = 64,
    STORE_RULES_ROOMS = 10000, /* with modes of their own */
    STORE_RULES_KEYS = 20000,  /* of persons with roles */
    STORE_RULES_BANS = 10000,  /* that haven't ended; a person counts once for each key */
    STORE_RULES_WORDS = 1000,
    STORE_RULES_SECRETS = 4000, /* one a day, as long as address_days or as a ban that needs it */
    STORE_SECRET_BYTES = 32,
};

struct store_setting {
    char *key;   /* owned: one block with value */
    char *value; /* as the owner's page sent it */
};

/* Stored: never renumber. The numbers are those of enum conf_room_kind and conf_newcomers (conf.h)
 * plus one. */
enum store_room_kind { STORE_ROOM_OPEN = 1, STORE_ROOM_READ_ONLY, STORE_ROOM_MEMBERS, STORE_ROOM_LOCKED };
enum store_newcomers { STORE_NEWCOMERS_FREE = 1, STORE_NEWCOMERS_SLOW, STORE_NEWCOMERS_HELD };

/* What moderators set for a room. 0 (hours: ""): as the site's setting says. */
struct store_room_rules {
    char room[CHAT_ROOM_MAX + 1];
    enum store_room_kind kind;
    int64_t kind_until_ms; /* the kind counts until then; 0: it stays */
    unsigned slow_s;       /* a person writes once in so many seconds */
    char *hours;           /* owned; opening hours, such as "mon-fri 08:00-18:00 +60" */
    enum store_newcomers newcomers;
    int64_t newcomers_until_ms; /* it counts until then; 0: it stays */
};

/* A key whose person isn't just a member: made one, or with another role. */
struct store_known {
    unsigned char key[CHAT_KEY_BYTES]; /* keyed hash */
    uint64_t person;
    enum chat_role role; /* in all rooms */
    bool made;           /* a moderator or an invite made the person what it is */
};

struct store_room_role {
    unsigned char key[CHAT_KEY_BYTES];
    char room[CHAT_ROOM_MAX + 1];
    enum chat_role role; /* there, instead of the one in all rooms */
};

/* Stored: never renumber. */
enum store_ban_kind {
    STORE_BAN = 1, /* may read at most */
    STORE_MUTE,    /* may not write */
    STORE_SHADOW,  /* what is written is seen by its author alone */
};

enum store_ban_of {
    STORE_OF_PERSON,  /* all keys of a person */
    STORE_OF_NAME,    /* all who write under the folded name */
    STORE_OF_NETWORK, /* the /24 or /64 of an address */
    STORE_OF_WIDE,    /* the /24 or /48 */
};

struct store_ban {
    uint64_t id;
    enum store_ban_kind kind;
    enum store_ban_of of;
    char room[CHAT_ROOM_MAX + 1]; /* "": all rooms */
    int64_t until_ms;             /* 0: without end */
    /* STORE_OF_PERSON: the hash of one key, with an entry for each. STORE_OF_NETWORK: bytes 0 to 10
     * of chat_sender.network, then zeros. STORE_OF_WIDE: bytes 0 to 4, zeros, bytes 11 to 16. */
    unsigned char bytes[CHAT_NETWORK_BYTES];
    char *fold;   /* of STORE_OF_NAME, else "". Owned: one block with reason */
    char *reason; /* shown to the banned person */
};

/* Stored: never renumber. */
enum store_word_act { STORE_WORD_REJECT = 1, STORE_WORD_HOLD, STORE_WORD_MASK };

struct store_word {
    uint64_t id;
    char *pattern; /* owned */
    bool whole;    /* only as a whole word */
    enum store_word_act act;
};

/* Addresses are stored as hashes under one of these (chat_sender.network). */
struct store_secret {
    uint32_t id; /* in the first 4 bytes of chat_sender.network */
    unsigned char bytes[STORE_SECRET_BYTES];
    int64_t made_ms;
};

struct store_rules {
    uint64_t number; /* of the rules that these are */
    struct store_setting *settings;
    size_t setting_count;
    struct store_room_rules *rooms; /* by room */
    size_t room_count;
    struct store_known *known; /* by key */
    size_t known_count;
    struct store_room_role *room_roles; /* by key, then room */
    size_t room_role_count;
    struct store_ban *bans; /* that hadn't ended when they were loaded; newest first */
    size_t ban_count;
    struct store_word *words; /* by pattern */
    size_t word_count;
    struct store_secret *secrets; /* newest first: it makes new hashes; all of them find bans */
    size_t secret_count;          /* 0: no writer has made one yet (store_rules_renew_secret) */
};

/* The number that each change of the rules raises; never 0. Cheap. */
int store_rules_number(struct store *s, uint64_t *out, struct err *e);

/* All rules as of one moment. -1 leaves *out empty. */
int store_rules_load(struct store *s, struct store_rules *out, struct err *e);
void store_rules_fini(struct store_rules *rules); /* fine if it is all zeros */

/* For a writer, outside of acts: makes a new secret of networks where there is none, or the newest
 * is older than oldest_ms (a time of the wall clock). Two writers at once make one. Writes nothing
 * else; *changes gets the new number of the rules if it made one. */
int store_rules_renew_secret(struct store *s, int64_t oldest_ms, struct store_changes *changes, struct err *e);

#endif
