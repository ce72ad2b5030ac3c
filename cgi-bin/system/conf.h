/* conf.h - the settings of a site, from a commented file, the environment, or defaults.
 *
 * A value comes from the first place that has it:
 *   1. the parameters of the request, where a server passes settings that way (Apache: SetEnv
 *      POLLCHAT_MAX_TEXT 4096)
 *   2. the environment of the process (lighttpd: bin-environment)
 *   3. the file that POLLCHAT_CONF names. Without POLLCHAT_CONF: my-chat.conf beside the programs,
 *      then chat.conf. my-chat.conf is the owner's alone: no archive has one, so no upload
 *      overwrites it.
 *   4. the default
 *
 * A name that starts with HTTP_ is a client's header and never a setting.
 *
 * A mistake does not stop the chat. An unknown key, a key given twice in one file (except
 * trusted_proxies), a line that is too long, and a value that isn't allowed are faults, kept in
 * struct conf. Each fault says file, line, value and what is allowed. Instead of the wrong value
 * the default applies, or a safer value: a wrong allow_origin or trusted_proxies allows no site and
 * no proxy, a wrong status or doctor shows nothing. An unknown key that looks like a setting counts
 * as a wrong value of that setting, unless the same file also sets it correctly. Loading fails only
 * where messages could be stored in another place: for a wrong or misspelt `data`, and for a
 * settings file that can't be read, because it may name the folder.
 * To add a setting: see private/conf_table.h.
 * Threads: conf_load from one thread; afterwards the struct is read only.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

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

/* Loads all settings. program_dir: folder of the running program, absolute; relative paths in the
 * file and in `data` start there. The environments are lists of NAME=VALUE with NULL at the end;
 * the request's wins; each may be NULL. Returns 0, also with faults. Returns -1 with ERR_CONFIG if
 * it is not certain where the data is; then all members except `data` can be used. */
int conf_load(struct conf *out, const char *program_dir, const char *const *request_environment,
              const char *const *process_environment, struct err *e);

/* The name of a settings file beside the programs; number < CONF_FILES. A greater number wins. */
const char *conf_file(size_t number);

/* Writes the data folder that is used unless a setting names another one. False: the program can't
 * find its own folder. */
bool conf_usual_data(char *out, size_t size);

/* Prints a line for each setting: its value and where the value came from. Call it after
 * conf_load. */
void conf_print(const struct conf *c, FILE *out);

/* Prints the commented example file: every setting with its default. */
void conf_print_example(FILE *out);

#endif
