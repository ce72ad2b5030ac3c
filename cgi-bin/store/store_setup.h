/* store_setup.h - what moderators set for a room, and owners for the chat: steps of an act
 * (store_act.h). The caller has checked values and their texts. */
#ifndef STORE_SETUP_H
#define STORE_SETUP_H

#include "store/store_rules.h"

enum store_setup_part {
    STORE_SETUP_KIND = 1,
    STORE_SETUP_SLOW = 2,
    STORE_SETUP_HOURS = 4,
    STORE_SETUP_NEWCOMERS = 8,
    STORE_SETUP_KEEP_DAYS = 16,
    STORE_SETUP_KEEP_COUNT = 32,
};

enum { STORE_SETUP_AS_SITE = -1 };

struct store_room_setup {
    unsigned parts;                 /* set of enum store_setup_part: which of the next are changed */
    enum store_room_kind kind;      /* 0: as the site's setting says */
    int64_t kind_until_ms;          /* 0: the kind stays */
    unsigned slow_s;                /* 0: not slow */
    const char *hours;              /* "": always open */
    enum store_newcomers newcomers; /* 0: as the site's setting says */
    int64_t newcomers_until_ms;     /* 0: it stays */
    int64_t keep_days;              /* 0: for ever; STORE_SETUP_AS_SITE */
    int64_t keep_count;             /* 0: all; STORE_SETUP_AS_SITE */
};

/* Makes the room if it is missing. ERR_TOO_LARGE: STORE_RULES_ROOMS have modes. */
int store_setup_room(struct store *s, const char *room, const struct store_room_setup *mode, struct err *e);

/* A pattern of the word list; the same one again changes whole and act. ERR_TOO_LARGE: there are
 * STORE_RULES_WORDS. id may be NULL. */
int store_setup_add_word(struct store *s, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                         struct err *e);
/* One that isn't there is no error. */
int store_setup_remove_word(struct store *s, uint64_t id, struct err *e);

/* A setting of the owner's page; value NULL: no longer set there. */
int store_setup_setting(struct store *s, const char *key, const char *value, struct err *e);

#endif
