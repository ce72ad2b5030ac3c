/* command.h - one command of pollchat, the owner's command line: its words, options and result.
 *
 * A command is a row of a table: name, the words and options that it takes, what help says, and the
 * function that runs it. commands.c has the list of the tables and reads the arguments.
 * To add a command: a row and a function in the file of its topic, an example in its row, a line in
 * cgi-bin/OWNER.md.
 * Exit status: 0 done, 1 something is wrong (said on stderr, or listed), 2 wrong usage.
 * Threads: one.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "system/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { COMMAND_OK = 0, COMMAND_WRONG = 1, COMMAND_USAGE = 2, COMMAND_WORDS = 3 };

/* Bits: which options a command takes. */
enum command_option {
    COMMAND_EXAMPLE = 1 << 0,
    COMMAND_JSON = 1 << 1,
    COMMAND_ROOM = 1 << 2,
    COMMAND_KIND = 1 << 3,
    COMMAND_MINUTES = 1 << 4,
    COMMAND_REASON = 1 << 5,
    COMMAND_OF = 1 << 6,
    COMMAND_SLOW = 1 << 7,
    COMMAND_HOURS = 1 << 8,
    COMMAND_NEWCOMERS = 1 << 9,
    COMMAND_KEEP_DAYS = 1 << 10,
    COMMAND_KEEP_COUNT = 1 << 11,
    COMMAND_ROLE = 1 << 12,
    COMMAND_DAYS = 1 << 13,
    COMMAND_USES = 1 << 14,
    COMMAND_ACT = 1 << 15,
    COMMAND_PART = 1 << 16,
    COMMAND_TRUST = 1 << 17,
    COMMAND_LIMIT = 1 << 19,
    COMMAND_BEFORE = 1 << 20,
    COMMAND_TO = 1 << 21,
    COMMAND_UNDO = 1 << 22,
};

/* What the arguments say. Borrowed from argv. */
struct command_line {
    unsigned given;                   /* set of enum command_option */
    const char *data;                 /* NULL: as the settings say */
    const char *words[COMMAND_WORDS]; /* behind the command's name */
    unsigned count;                   /* of words */
    const char *room;
    const char *kind;
    const char *reason;
    const char *of;
    const char *hours;
    const char *newcomers;
    const char *role;
    const char *act;
    const char *to;
    const char *keep_days; /* a number, or default */
    const char *keep_count;
    uint64_t minutes;
    uint64_t slow;
    uint64_t days;
    uint64_t uses;
    uint64_t limit;
    uint64_t before;
};

struct command {
    const char *name;     /* "ban add": one word or two */
    const char *words;    /* what follows, for help: "NAME|ROOM:SEQ" */
    unsigned least, most; /* words that follow */
    unsigned options;     /* set of enum command_option */
    const char *about;    /* for help */
    const char *example;  /* a whole line, or NULL */
    int (*run)(const struct command_line *line);
};

/* The tables; each ends with an empty row. */
extern const struct command commands_upkeep[];   /* check, backup, restore, purge */
extern const struct command commands_move[];     /* move */
extern const struct command commands_show[];     /* settings, doctor, stats, audit, version */
extern const struct command commands_rooms[];    /* room, word */
extern const struct command commands_people[];   /* name, ban, erase */
extern const struct command commands_messages[]; /* report */
extern const struct command commands_tokens[];   /* token */

/* Prints "pollchat: TEXT" to stderr. Returns COMMAND_WRONG. */
int command_fail(const struct err *e);

/* Reads the settings, with --data in the place of the folder. -1: they don't say where the data is.
 * Mistakes in them are in conf->faults. */
int command_settings(const struct command_line *line, struct conf *conf, struct err *e);

/* The same, and prints mistakes in the settings to stderr. */
int command_load(const struct command_line *line, struct conf *conf, struct err *e);

/* The index of `word` in a list that NULL ends; word NULL: otherwise. -1: no such word. what: for
 * the error, such as "--kind". */
int command_choice(const char *what, const char *word, const char *const *words, int otherwise, struct err *e);

/* A whole number from 1, such as the id of a ban. */
int command_number(const char *word, uint64_t *out, struct err *e);

/* ERR_ABSENT if there is no database: a mistyped folder must not become a new, empty chat. */
int command_need_database(const struct conf *conf, struct err *e);

#endif
