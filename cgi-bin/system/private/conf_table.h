/* conf_table.h - the one list of settings: names, kinds, ranges, defaults, documentation.
 *
 * Parsing (conf_load.c), `pollchat settings` and chat.conf.example (conf_print.c) read this table.
 * To add a setting: a member of struct conf (conf.h), a row in conf_table.c, and one more for
 * CONF_SETTINGS; then write the example file anew:
 * build/release/pollchat settings --example >cgi-bin/chat.conf.example
 * If the setting gives rights, so that its default is not the safest value, a wrong value must not
 * mean the default: add a row to safest[] in conf_load.c.
 *
 * If no kind fits, add one: a value of conf_kind, a function in conf_value.c that checks and copies
 * the value, a case in parse_value (conf_load.c), and the words for what is allowed in the same
 * file. conf_print.c prints a kind that it doesn't know as text. CONF_SECRET is a text that is
 * never shown; of CONF_STORE and CONF_REPLICA (store_address.h) the password isn't.
 *
 * Threads: any; nothing in it changes.
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum conf_kind {
    CONF_NUMBER,
    CONF_NUMBER_OR_AUTO,
    CONF_ORIGINS,
    CONF_RANGES,
    CONF_FOLDER, /* or a file */
    CONF_STORE,
    CONF_REPLICA,
    CONF_WORD,
    CONF_TEXT,
    CONF_SECRET
};

struct conf_setting {
    const char *key; /* in the file; in the environment POLLCHAT_ and the key in capitals */
    enum conf_kind kind;
    size_t offset; /* in struct conf */
    uint64_t min;
    uint64_t max;
    const char *fallback;     /* the default, as it would be written */
    const char *const *words; /* CONF_WORD: allowed ones, NULL at the end; the value is the index */
    /* for the example file: lines, broken at 100 columns where they are printed */
    const char *about;
};

/* The array below has no size here: a row too many would be dropped with a warning, and now fails
 * an assertion. */
enum { CONF_SETTINGS = 48 }; /* rows */
extern const struct conf_setting conf_settings[];

/* Where the value of each setting came from; conf_load writes it, conf_print shows it. */
struct conf_source {
    char text[96];
};
extern struct conf_source conf_sources[CONF_SETTINGS];

#define CONF_USUAL_DATA "../pollchat-data"

#endif
