/* peace_backend.h - the part of a store's table (store_backend.h) that is about persons, rules and
 * acts. Each function keeps the promises of the function store_... of the same name. */
#ifndef PEACE_BACKEND_H
#define PEACE_BACKEND_H

#include "store/store_act.h"
#include "store/store_ban.h"
#include "store/store_desk.h"
#include "store/store_invite.h"
#include "store/store_person.h"
#include "store/store_report.h"
#include "store/store_rules.h"
#include "store/store_setup.h"

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
    int (*person_role)(struct store *s, const struct store_whom *whom, enum chat_role role, const char *room,
                       struct err *e);
    int (*person_own)(struct store *s, struct err *e);
    int (*person_trust)(struct store *s, const struct store_whom *whom, struct err *e);
    int (*person_claim)(struct store *s, const struct store_claim *claim, uint16_t *mark, struct err *e);
    int (*person_release)(struct store *s, const char *fold, struct err *e);

    int (*ban_add)(struct store *s, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e);
    int (*ban_lift)(struct store *s, uint64_t ban, struct err *e);

    int (*invite_add)(struct store *s, const struct store_invite *invite, uint64_t *id, struct err *e);
    int (*invite_use)(struct store *s, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                      struct store_invite_used *out, struct err *e);
    int (*invite_revoke)(struct store *s, uint64_t id, struct err *e);

    int (*setup_room)(struct store *s, const char *room, const struct store_room_setup *mode, struct err *e);
    int (*setup_add_word)(struct store *s, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                          struct err *e);
    int (*setup_remove_word)(struct store *s, uint64_t id, struct err *e);
    int (*setup_setting)(struct store *s, const char *key, const char *value, struct err *e);

    int (*report_add)(struct store *s, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                      const char *reason, uint64_t *open, struct err *e);
    int (*report_settle)(struct store *s, uint64_t report, const char *room, uint64_t seq, struct err *e);
    int (*report_approve)(struct store *s, uint64_t held, bool trust, struct store_approved *out, struct err *e);
    int (*report_reject)(struct store *s, uint64_t held, struct err *e);

    int (*desk_list)(struct store *s, const struct store_desk_query *query, struct store_desk_page *page,
                     struct err *e);
    int (*desk_count)(struct store *s, const char *room, struct store_desk_counts *out, struct err *e);
};

#endif
