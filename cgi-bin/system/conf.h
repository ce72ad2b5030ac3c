/* conf.h - the settings of a site: a commented file, the environment, defaults that need neither.
 *
 * A value comes from the first place that has it:
 *   1. the request's parameters (Apache: SetEnv POLLCHAT_MAX_TEXT 4096), where a server passes
 *      settings that way
 *   2. the process's environment (lighttpd: bin-environment)
 *   3. the file that POLLCHAT_CONF names; or, beside the programs, my-chat.conf, which is the
 *      owner's alone: no archive has one, so no upload writes it over; or chat.conf
 *   4. the default
 * A name starting with HTTP_ is a client's header and never a setting.
 *
 * A mistake is no outage. An unknown key, a key given twice in one file (but trusted_proxies), a
 * line that is too long and a value outside its range are faults, kept in struct conf. Each fault
 * says file, line, value and what is allowed. Instead of a wrong value the default is used, or a
 * safer one: a wrong allow_origin or trusted_proxies allows no one, a wrong status or doctor is
 * shown to no one. An unknown key that looks like a setting counts as a wrong value of it, unless
 * the same file also sets it rightly. Loading fails only where messages could land in another
 * place: for a wrong or misspelt `data`, and for a settings file that can't be read, as it may name
 * the folder.
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

#define CONF_AUTO UINT64_MAX /* a number that is to be found by the program: the word auto */

enum conf_status { CONF_STATUS_LOOPBACK, CONF_STATUS_EVERYONE, CONF_STATUS_NOBODY };

/* What is wrong with the settings. */
struct conf_fault {
    char text[512];  /* for the owner: file, line, setting, value, what is allowed, and what holds instead */
    char brief[384]; /* the same for strangers: nothing of what the owner wrote */
};

enum { CONF_FAULTS = 8 };

struct conf_faults {
    struct conf_fault list[CONF_FAULTS];
    size_t count; /* in the list */
    size_t more;  /* for which there was no room */
};

struct conf {
    char data[CONF_TEXT_MAX];            /* folder of the database, absolute */
    char heads[CONF_TEXT_MAX];           /* folder of the files that say how far each room is, absolute, or "" */
    char allow_origin[CONF_TEXT_MAX];    /* origins separated by spaces, "*", or "" */
    char trusted_proxies[CONF_TEXT_MAX]; /* ranges of address.h separated by spaces, or "" */
    uint64_t max_text;                   /* bytes of one message's text */
    uint64_t busy_timeout;               /* milliseconds to wait for the store's locks */
    uint64_t journal;                    /* index of the word: auto, wal, rollback */
    uint64_t status;                     /* index of the word: see enum conf_status */
    uint64_t doctor;                     /* the same words */
    uint64_t threads;                    /* requests handled at once by a FastCGI process */
    uint64_t poll_after;                 /* seconds: what a poll tells clients when it can't hold them */
    uint64_t poll_rate;                  /* polls a second by all who ask on the timer, where each costs a process */
    uint64_t max_stream;                 /* seconds; 0: no streams */
    uint64_t max_wait;                   /* seconds; 0: polls are never held */
    uint64_t max_waiting;        /* waiting polls of a process that holds them for nothing; CONF_AUTO: allowance.h */
    uint64_t max_waiting_apache; /* the same where each keeps a worker of Apache busy; CONF_AUTO: allowance.h */
    uint64_t max_held; /* waiting polls of the whole site where each costs a process; CONF_AUTO: process_limit.h */
    uint64_t max_waiting_per_client; /* of one address; CONF_AUTO: allowance.h */
    uint64_t max_answer;             /* bytes of texts in one answer */
    struct conf_faults faults;
};

/* program_dir: folder of the running program (absolute; relative paths of the file and of `data`
 * start there). environments: up to two lists of NAME=VALUE with NULL end, the first one wins; each
 * may be NULL. 0, also with faults; or -1 with ERR_CONFIG where the settings don't say for sure
 * where the data is. All members but `data` can be used then, and the faults hold the reason too if
 * it is one. */
int conf_load(struct conf *out, const char *program_dir, const char *const *request_environment,
              const char *const *process_environment, struct err *e);

/* The name of a file of settings beside the programs; number < CONF_FILES. */
const char *conf_file(size_t number);

/* The data folder that is used unless a setting names another one. False: the program can't find
 * its own folder. */
bool conf_usual_data(char *out, size_t size);

/* Every setting, its value, and where the value came from, one a line. Call after conf_load. */
void conf_print(const struct conf *c, FILE *out);

/* The commented example file: every setting with its default, generated from the same table. */
void conf_print_example(FILE *out);

#endif
