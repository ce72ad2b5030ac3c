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
    char data[CONF_TEXT_MAX]; /* folder of the database, absolute */
    /* folder of the head files (head_files.h), absolute, or "" */
    char heads[CONF_TEXT_MAX];
    char allow_origin[CONF_TEXT_MAX];    /* origins separated by spaces, "*", or "" */
    char trusted_proxies[CONF_TEXT_MAX]; /* ranges of address.h separated by spaces, or "" */
    uint64_t max_text;                   /* bytes of one message's text */
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
    struct conf_faults faults;
};

#endif
