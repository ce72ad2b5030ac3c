/* conf.h - the settings of a site, as values. conf_load.h fills them in.
 *
 * To add a setting: see private/conf_table.h.
 * Pure data. Threads: read only after conf_load.
 */
#ifndef CONF_H
#define CONF_H

#include <stddef.h>
#include <stdint.h>

enum { CONF_TEXT_MAX = 4096, CONF_FILES = 2 };

#define CONF_AUTO UINT64_MAX /* the word auto: the program finds the number */

enum { CONF_SECRET_MAX = 256, CONF_STORE_MAX = 1024 };

enum conf_guests { CONF_GUESTS_YES, CONF_GUESTS_NAMED, CONF_GUESTS_NO };
enum conf_newcomers { CONF_NEWCOMERS_FREE, CONF_NEWCOMERS_SLOW, CONF_NEWCOMERS_HELD };
enum conf_room_kind { CONF_ROOM_OPEN, CONF_ROOM_READ_ONLY, CONF_ROOM_MEMBERS, CONF_ROOM_LOCKED };
enum conf_token_alg { CONF_TOKEN_NONE, CONF_TOKEN_HS256, CONF_TOKEN_EDDSA };
enum conf_status { CONF_STATUS_LOOPBACK, CONF_STATUS_EVERYONE, CONF_STATUS_NOBODY };

/* What is wrong with the settings. */
struct conf_fault {
    /* for the owner: file, line, setting, value, what is allowed, and what applies instead */
    char text[512];
    char brief[384]; /* the same for strangers, without anything that the owner wrote */
};

enum { CONF_FAULTS = 8 };

struct conf_faults {
    struct conf_fault list[CONF_FAULTS];
    size_t count; /* in the list */
    size_t more;  /* further faults, which are not in the list */
};

struct conf {
    char data[CONF_TEXT_MAX]; /* folder of the database and of what belongs to this host, absolute */
    /* "sqlite", or the address of a PostgreSQL database, perhaps with a password: never show it but
     * by store_address.h */
    char store[CONF_STORE_MAX];
    char store_replica[CONF_STORE_MAX];      /* an address like that, or "" */
    char store_password_file[CONF_TEXT_MAX]; /* absolute, or "" */
    /* folder of the head files (head_files.h), absolute, or "" */
    char heads[CONF_TEXT_MAX];
    char allow_origin[CONF_TEXT_MAX];    /* origins separated by spaces, "*", or "" */
    char trusted_proxies[CONF_TEXT_MAX]; /* ranges of address.h separated by spaces, or "" */
    uint64_t max_text;                   /* bytes of one message's text */
    uint64_t store_connections;          /* to a database on a server, of one process */
    uint64_t busy_timeout;               /* milliseconds to wait for locks of the database */
    uint64_t journal;                    /* index of the word: auto, wal, rollback */
    uint64_t status;                     /* index of the word: see enum conf_status */
    uint64_t doctor;                     /* the same words */
    uint64_t threads;                    /* requests handled at once by a FastCGI process */
    /* seconds: when a client should ask again whose poll can't wait */
    uint64_t poll_after;
    /* polls a second of all clients on the timer together, where each costs a process */
    uint64_t poll_rate;
    uint64_t max_stream; /* seconds; 0: no streams */
    uint64_t max_wait;   /* seconds; 0: no poll waits */
    /* waiting polls of a process that answers many requests; CONF_AUTO: allowance.h */
    uint64_t max_waiting;
    /* the same where each poll keeps a worker of Apache busy; CONF_AUTO: allowance.h */
    uint64_t max_waiting_apache;
    /* waiting polls of the site where each keeps a process busy; CONF_AUTO: process_limit.h */
    uint64_t max_held;
    uint64_t max_waiting_per_client; /* of one address; CONF_AUTO: allowance.h */
    uint64_t max_answer;             /* bytes of messages in one answer */
    /* Peace. Of those that are marked "page", the owner's page sets the value where neither a file
     * nor the environment does: read them from the rules (site/rules.h), not from here. */
    uint64_t guests;           /* enum conf_guests; page */
    uint64_t name_keep_days;   /* page */
    uint64_t newcomers;        /* enum conf_newcomers; page */
    uint64_t newcomer_minutes; /* page */
    uint64_t proof;            /* bits; 0: none; page */
    uint64_t edit_minutes;     /* page */
    uint64_t report_hides;     /* reports; 0: never; page */
    uint64_t room_kind;        /* enum conf_room_kind; page */
    uint64_t new_rooms;        /* 0: everyone makes rooms, 1: moderators; page */
    uint64_t keep_days;        /* 0: for ever; page */
    uint64_t keep_count;       /* messages of a room; 0: all; page */
    uint64_t address_days;     /* page */
    uint64_t audit_days;       /* page */
    uint64_t token_alg;        /* enum conf_token_alg */
    char token_key[CONF_SECRET_MAX];
    char token_key_next[CONF_SECRET_MAX];
    char token_aud[CONF_SECRET_MAX];
    uint64_t limits;        /* 0: off, 1: on */
    uint64_t limit_local;   /* 1: also for clients on this machine */
    uint64_t limit_sends;   /* messages a minute of a key */
    uint64_t limit_network; /* messages a minute of a network */
    uint64_t limit_room;    /* messages a minute of a room */
    uint64_t limit_bytes;   /* of texts, a minute, of a key */
    uint64_t limit_polls;   /* a second, of a network; CONF_AUTO */
    uint64_t max_store;     /* bytes; CONF_AUTO */
    struct conf_faults faults;
};

#endif
