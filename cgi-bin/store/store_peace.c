/* store_peace.c - see store_rules.h, store_act.h, and the headers of its steps. Hands each call to
 * the store's table. */
#include "store/private/store_backend.h"

#include "base/ck.h"

#include <stdlib.h>
#include <string.h>

/* ---- store_rules.h ---- */

int store_rules_number(struct store *s, uint64_t *out, struct err *e)
{
    return s->backend->peace.rules_number(s, out, e);
}

int store_rules_load(struct store *s, struct store_rules *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    int result = s->backend->peace.rules_load(s, out, e);
    if (result != 0) {
        store_rules_fini(out);
    }
    return result;
}

int store_rules_renew_secret(struct store *s, int64_t oldest_ms, struct store_changes *changes, struct err *e)
{
    return s->backend->peace.rules_renew_secret(s, oldest_ms, changes, e);
}

static void free_texts(struct store_rules *rules)
{
    for (size_t i = 0; i < rules->setting_count; i++) {
        free(rules->settings[i].key);
    }
    for (size_t i = 0; i < rules->room_count; i++) {
        free(rules->rooms[i].hours);
    }
    for (size_t i = 0; i < rules->ban_count; i++) {
        free(rules->bans[i].fold);
    }
    for (size_t i = 0; i < rules->word_count; i++) {
        free(rules->words[i].pattern);
    }
}

void store_rules_fini(struct store_rules *rules)
{
    free_texts(rules);
    free(rules->settings);
    free(rules->rooms);
    free(rules->known);
    free(rules->room_roles);
    free(rules->bans);
    free(rules->words);
    free(rules->secrets);
    memset(rules, 0, sizeof *rules);
}

/* ---- store_act.h ---- */

int store_act_begin(struct store *s, const struct chat_sender *by, const char *who, struct err *e)
{
    return s->backend->peace.act_begin(s, by, who, e);
}

int store_act_commit(struct store *s, const struct store_act_note *note, struct store_changes *changes, struct err *e)
{
    return s->backend->peace.act_commit(s, note, changes, e);
}

void store_act_cancel(struct store *s)
{
    s->backend->peace.act_cancel(s);
}

int store_act_notice(struct store *s, const char *room, const char *text, struct err *e)
{
    return s->backend->peace.act_notice(s, room, text, e);
}

/* ---- store_person.h ---- */

int store_person_by_key(struct store *s, const unsigned char key[CHAT_KEY_BYTES], const char *room,
                        struct store_person *out, struct err *e)
{
    return s->backend->peace.person_by_key(s, key, room, out, e);
}

int store_person_find(struct store *s, const struct store_whom *whom, const char *room, struct store_person *out,
                      struct err *e)
{
    return s->backend->peace.person_find(s, whom, room, out, e);
}

int store_person_role(struct store *s, const struct store_whom *whom, enum chat_role role, const char *room,
                      struct err *e)
{
    return s->backend->peace.person_role(s, whom, role, room, e);
}

int store_person_own(struct store *s, struct err *e)
{
    return s->backend->peace.person_own(s, e);
}

int store_person_trust(struct store *s, const struct store_whom *whom, struct err *e)
{
    return s->backend->peace.person_trust(s, whom, e);
}

int store_person_claim(struct store *s, const struct store_claim *claim, uint16_t *mark, struct err *e)
{
    return s->backend->peace.person_claim(s, claim, mark, e);
}

int store_person_release(struct store *s, const char *fold, struct err *e)
{
    return s->backend->peace.person_release(s, fold, e);
}

/* ---- store_ban.h ---- */

int store_ban_add(struct store *s, const struct store_ban_draft *draft, struct store_ban_made *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    return s->backend->peace.ban_add(s, draft, out, e);
}

int store_ban_lift(struct store *s, uint64_t ban, struct err *e)
{
    return s->backend->peace.ban_lift(s, ban, e);
}

/* ---- store_invite.h ---- */

int store_invite_add(struct store *s, const struct store_invite *invite, uint64_t *id, struct err *e)
{
    return s->backend->peace.invite_add(s, invite, id, e);
}

int store_invite_use(struct store *s, const unsigned char hash[STORE_INVITE_HASH], bool moves,
                     struct store_invite_used *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    return s->backend->peace.invite_use(s, hash, moves, out, e);
}

int store_invite_revoke(struct store *s, uint64_t id, struct err *e)
{
    return s->backend->peace.invite_revoke(s, id, e);
}

/* ---- store_setup.h ---- */

int store_setup_room(struct store *s, const char *room, const struct store_room_setup *mode, struct err *e)
{
    return s->backend->peace.setup_room(s, room, mode, e);
}

int store_setup_add_word(struct store *s, const char *pattern, bool whole, enum store_word_act act, uint64_t *id,
                         struct err *e)
{
    return s->backend->peace.setup_add_word(s, pattern, whole, act, id, e);
}

int store_setup_remove_word(struct store *s, uint64_t id, struct err *e)
{
    return s->backend->peace.setup_remove_word(s, id, e);
}

int store_setup_setting(struct store *s, const char *key, const char *value, struct err *e)
{
    return s->backend->peace.setup_setting(s, key, value, e);
}

/* ---- store_report.h ---- */

int store_report_add(struct store *s, const char *room, uint64_t seq, const unsigned char reporter[STORE_REPORTER],
                     const char *reason, uint64_t *open, struct err *e)
{
    return s->backend->peace.report_add(s, room, seq, reporter, reason, open, e);
}

int store_report_settle(struct store *s, uint64_t report, const char *room, uint64_t seq, struct err *e)
{
    return s->backend->peace.report_settle(s, report, room, seq, e);
}

int store_report_approve(struct store *s, uint64_t held, bool trust, struct store_approved *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    return s->backend->peace.report_approve(s, held, trust, out, e);
}

int store_report_reject(struct store *s, uint64_t held, struct err *e)
{
    return s->backend->peace.report_reject(s, held, e);
}

/* ---- store_desk.h ---- */

enum store_desk_kind store_desk_kind_of(const char *word)
{
    static const char *const words[STORE_DESK__MAX] = {
        [STORE_DESK_ROOMS] = "rooms",       [STORE_DESK_PEOPLE] = "people", [STORE_DESK_BANS] = "bans",
        [STORE_DESK_REPORTS] = "reports",   [STORE_DESK_HELD] = "held",     [STORE_DESK_AUDIT] = "audit",
        [STORE_DESK_SETTINGS] = "settings", [STORE_DESK_WORDS] = "words",   [STORE_DESK_INVITES] = "invites",
        [STORE_DESK_STORAGE] = "storage",   [STORE_DESK_DAYS] = "days",
    };
    int kind = 0;
    while (kind < STORE_DESK__MAX && strcmp(words[kind], word) != 0) {
        kind++;
    }
    return (enum store_desk_kind)kind;
}

int store_desk_list(struct store *s, const struct store_desk_query *query, struct store_desk_page *page, struct err *e)
{
    CK(query->list < STORE_DESK__MAX && query->limit >= 1 && query->limit <= STORE_DESK_MOST);
    memset(page, 0, sizeof *page);
    int result = s->backend->peace.desk_list(s, query, page, e);
    if (result != 0) {
        store_desk_fini(page);
    }
    return result;
}

void store_desk_fini(struct store_desk_page *page)
{
    for (size_t i = 0; i < page->count * page->columns; i++) {
        free(page->cells[i].text);
    }
    free(page->cells);
    memset(page, 0, sizeof *page);
}

int store_desk_count(struct store *s, const char *room, struct store_desk_counts *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    return s->backend->peace.desk_count(s, room, out, e);
}
