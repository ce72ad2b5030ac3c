/* conf_page.h - the settings that can also be changed on the owner's page.
 *
 * Such a change is kept in the database. It counts only where neither a file nor the environment
 * sets the value, so that an owner who edits files finds what the files say.
 * To let the page change a further setting, of the kind number or word: a row in conf_page.c, and
 * "page" beside its member in conf.h.
 * Threads: any, once conf_load has returned.
 */
#ifndef CONF_PAGE_H
#define CONF_PAGE_H

#include "system/conf.h"

#include <stdbool.h>

struct err;

enum { CONF_PAGE_VALUE = 256 }; /* bytes of a value as text; longer ones are cut for display */

/* One setting as the owner's page shows it. */
struct conf_page_row {
    const char *key;
    const char *about;
    const char *source;       /* where the value comes from: "default", a file with its line, ... */
    const char *const *words; /* allowed ones, NULL at the end; NULL: the value isn't a word */
    const char *fallback;     /* the default */
    bool is_number;
    uint64_t min; /* of a number */
    uint64_t max;
    bool is_secret; /* value is "" if it isn't set */
    bool is_page;   /* the page can change it */
    bool is_fixed;  /* not now: a file or the environment sets it */
    char value[CONF_PAGE_VALUE];
};

/* Sets the value of a setting in *c, unless a file or the environment sets it. value: as it would
 * be written in a file. -1 (ERR_INPUT, field `value` or `key`): no such setting, or not allowed. */
int conf_page_set(struct conf *c, const char *key, const char *value, struct err *e);

/* A file or the environment sets it. False also for another key. */
bool conf_page_is_fixed(const char *key);

/* Fills *row with the setting of this number, as it is in *c. Secrets aren't shown. False: there is
 * no such number. */
bool conf_page_row(const struct conf *c, unsigned number, struct conf_page_row *row);

#endif
