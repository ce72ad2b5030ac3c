/* peace_backend.h - the part of a store's table (store_backend.h) that is about persons, rules and
 * acts. Each function keeps the promises of the function store_... of the same name. */
#ifndef PEACE_BACKEND_H
#define PEACE_BACKEND_H

#include "store/store_act.h"
#include "store/store_ban.h"
#include "store/store_person.h"
#include "store/store_rules.h"

struct peace_backend {
    int (*rules_number)(struct store *s, uint64_t *out, struct err *e);
    int (*rules_load)(struct store *s, struct store_rules *out, struct err *e);
    int (*rules_renew_secret)(struct store *s, int64_t oldest_ms, struct store_changes *changes, struct err *e);

    int (*act_begin)(struct store *s, const struct chat_sender *by, const char *who, struct err *e);
    int (*act_commit)(struct store *s, const struct store_act_note *note, struct store_changes *changes, struct err *e);
    void (*act_cancel)(struct store *s);
    int (*act_notice)(struct store *s, const char *room, const char *text, struct err *e);

    int (*person_by_key)(struct store *s, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                         struct store_person *out, struct err *e);
    int (*person_find)(struct store *s, const struct store_whom *whom, const char *room, struct store_person *out,
                       struct err *e);

    int (*ban_add)(struct store *s, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e);
    int (*ban_lift)(struct store *s, uint64_t ban, struct err *e);
};

#endif
