/* acts_keys.c - acts by which visitors keep, move and gain what they are: names, codes, invites. */
#include "base/clock.h"
#include "base/err.h"
#include "base/secret_code.h"
#include "peace/key.h"
#include "routes/act.h"
#include "routes/admit.h"
#include "routes/send_program.h"
#include "site/owner_code.h"
#include "site/rules.h"
#include "site/site.h"
#include "store/store_invite.h"
#include "system/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODE_CHARACTERS = 8,    /* 40 bits, for ten minutes, and tries are counted */
    INVITE_CHARACTERS = 24, /* 120 bits */
    CODE_MS = 10 * 60 * 1000,
    DAY_MS = 24 * 60 * 60 * 1000,
    INVITE_DAYS = 7,
};

static void answer_mark(struct act *a, uint16_t mark)
{
    char text[KEY_MARK_SIZE];
    snprintf(text, sizeof text, "%04x", mark);
    json_out_text(&a->out, "mark", text);
}

/* ---- names ---- */

static int read_name(struct act *a, struct err *e)
{
    struct chat_draft d;
    chat_draft_init(&d);
    int result = act_text(a, "name", CHAT_NAME_BYTES_MAX, NULL, &a->f.name, e);
    result = result == 0 ? chat_set_name(&d, a->f.name, strlen(a->f.name), e) : result;
    result = result == 0 ? admit_forms(d.name, &a->f.whom, e) : result;
    chat_draft_fini(&d);
    return result == 0 && a->f.whom.fold == NULL
               ? err_field(e, ERR_INPUT, "name", "This name stands for anybody, so nobody owns it.")
               : result;
}

/* Makes a person of the key, as its first message does, and counts like that. */
static int count_new_key(const struct act *a, struct err *e)
{
    return limiter_claim(site_limiter(a->program->site), &a->caller.who, e);
}

static int read_claim(struct act *a, struct err *e)
{
    return read_name(a, e) == 0 ? count_new_key(a, e) : -1;
}

static int run_claim(struct act *a, struct store *store, struct err *e)
{
    const struct store_claim claim = {.name = a->f.name,
                                      .forms = &a->f.whom,
                                      .room = a->room[0] != '\0' ? a->room : NULL,
                                      .terms = admit_terms(a->caller.rules)};
    uint16_t mark = 0;
    if (store_person_claim(store, &claim, &mark, e) != 0) {
        return -1;
    }
    json_out_text(&a->out, "name", a->f.name);
    answer_mark(a, mark);
    return 0;
}

static int run_release(struct act *a, struct store *store, struct err *e)
{
    a->note.subject = a->f.name;
    return store_person_release(store, a->f.whom.fold, e);
}

/* ---- moving to another device ---- */

static int read_new_code(struct act *a, struct err *e)
{
    secret_code_make(a->f.code, CODE_CHARACTERS);
    a->f.until_ms = clock_wall_ms() + CODE_MS;
    return count_new_key(a, e);
}

static int run_code(struct act *a, struct store *store, struct err *e)
{
    struct store_invite invite = {.moves = true, .until_ms = a->f.until_ms, .uses = 1};
    act_hash_code(a, a->f.code, invite.hash);
    json_out_text(&a->out, "code", a->f.code);
    json_out_time(&a->out, "ends", a->f.until_ms);
    return store_invite_add(store, &invite, NULL, e);
}

static int read_code(struct act *a, const char *field, struct err *e)
{
    const char *code = NULL;
    if (act_text(a, field, sizeof a->f.code - 1, NULL, &code, e) != 0) {
        return -1;
    }
    snprintf(a->f.code, sizeof a->f.code, "%s", code);
    a->tries_secret = true;
    return 0;
}

static int read_move(struct act *a, struct err *e)
{
    return read_code(a, "code", e);
}

static int use(struct act *a, struct store *store, bool moves, struct store_invite_used *used, struct err *e)
{
    unsigned char hash[STORE_INVITE_HASH];
    act_hash_code(a, a->f.code, hash);
    return store_invite_use(store, hash, moves, used, e);
}

static int run_move(struct act *a, struct store *store, struct err *e)
{
    struct store_invite_used used;
    if (use(a, store, true, &used, e) != 0) {
        return -1;
    }
    json_out_text(&a->out, "name", used.name);
    answer_mark(a, used.mark);
    return 0;
}

/* ---- invites ---- */

static int read_join(struct act *a, struct err *e)
{
    return read_code(a, "invite", e);
}

static int run_join(struct act *a, struct store *store, struct err *e)
{
    struct store_invite_used used;
    if (use(a, store, false, &used, e) != 0) {
        return -1;
    }
    json_out_text(&a->out, "role", chat_role_word(used.role));
    json_out_text(&a->out, "room", used.room);
    return 0;
}

static int read_invite(struct act *a, struct err *e)
{
    static const char *const roles[] = {"reader", "member", "moderator", "owner", NULL};
    uint64_t days = 0;
    if (act_choice(a, "role", roles, -1, &a->f.choice, e) != 0 ||
        act_number(a, "days", 1, 365, INVITE_DAYS, &days, e) != 0 ||
        act_number(a, "uses", 1, 1000, 1, &a->f.number, e) != 0) {
        return -1;
    }
    a->f.choice += CHAT_READER;
    if (a->f.choice > CHAT_MEMBER && !act_is_everywhere(a, CHAT_OWNER)) {
        return err_set(e, ERR_WEAK, "Only owners invite moderators and owners.");
    }
    secret_code_make(a->f.code, INVITE_CHARACTERS);
    a->f.until_ms = clock_wall_ms() + (int64_t)days * DAY_MS;
    return 0;
}

/* Relative to the chat's folder. */
static void answer_link(struct act *a)
{
    char link[sizeof a->f.code + CHAT_ROOM_MAX + 64];
    bool is_for_desk = a->f.choice >= CHAT_MODERATOR;
    snprintf(link, sizeof link, "%s%s%s#join=%s", is_for_desk ? "owner.html" : "./",
             a->room[0] != '\0' && !is_for_desk ? "?room=" : "", is_for_desk ? "" : a->room, a->f.code);
    json_out_text(&a->out, "link", link);
}

static int run_invite(struct act *a, struct store *store, struct err *e)
{
    struct store_invite invite = {
        .role = (enum chat_role)a->f.choice, .room = a->room, .until_ms = a->f.until_ms, .uses = (unsigned)a->f.number};
    act_hash_code(a, a->f.code, invite.hash);
    json_out_text(&a->out, "invite", a->f.code);
    answer_link(a);
    a->note.detail = chat_role_word(invite.role);
    return store_invite_add(store, &invite, NULL, e);
}

static int read_revoke(struct act *a, struct err *e)
{
    return act_number(a, "invite", 1, CHAT_SEQ_MAX, UINT64_MAX, &a->f.number, e);
}

static int run_revoke(struct act *a, struct store *store, struct err *e)
{
    return store_invite_revoke(store, a->f.number, e);
}

/* ---- the first owner ---- */

static int refuse_owner_code(struct err *e)
{
    return err_field(e, ERR_ABSENT, "code",
                     "This isn't the code of the file owner-code.txt in the chat's data folder.");
}

/* Each try counts before the code is compared. */
static int read_sign_in(struct act *a, struct err *e)
{
    struct limiter *limiter = site_limiter(a->program->site);
    const char *folder = site_loaded_conf(a->program->site)->data;
    const char *code = NULL;
    if (act_text(a, "code", sizeof a->f.code - 1, NULL, &code, e) != 0 ||
        limiter_secret(limiter, &a->caller.who, e) != 0) {
        return -1;
    }
    if (!owner_code_is(folder, code)) {
        return refuse_owner_code(e);
    }
    limiter_secret_right(limiter, &a->caller.who);
    snprintf(a->f.code, sizeof a->f.code, "%s", code);
    return 0;
}

/* Two clients may have come this far with the code; one of them takes it. */
static int run_sign_in(struct act *a, struct store *store, struct err *e)
{
    a->f.flag = a->f.flag || owner_code_take(site_loaded_conf(a->program->site)->data, a->f.code);
    if (!a->f.flag) {
        return refuse_owner_code(e);
    }
    json_out_text(&a->out, "role", chat_role_word(CHAT_OWNER));
    return store_person_own(store, e);
}

static void after_sign_in(struct act *a)
{
    owner_code_remove(site_loaded_conf(a->program->site)->data);
}

static void undo_sign_in(struct act *a)
{
    if (a->f.flag) {
        owner_code_put_back(site_loaded_conf(a->program->site)->data);
    }
}

const struct act_row acts_keys[] = {
    {.name = "claim", .need = CHAT_MEMBER, .needs_key = true, .is_quiet = true, .read = read_claim, .run = run_claim},
    {.name = "release",
     .need = CHAT_MEMBER,
     .is_for_all = true,
     .needs_key = true,
     .read = read_name,
     .run = run_release},
    {.name = "code", .need = CHAT_MEMBER, .needs_key = true, .is_quiet = true, .read = read_new_code, .run = run_code},
    {.name = "move", .need = CHAT_MEMBER, .needs_key = true, .read = read_move, .run = run_move},
    {.name = "sign-in",
     .is_for_all = true,
     .needs_key = true,
     .read = read_sign_in,
     .run = run_sign_in,
     .after = after_sign_in,
     .undo = undo_sign_in},
    {.name = "join", .needs_key = true, .read = read_join, .run = run_join},
    {.name = "invite", .need = CHAT_MODERATOR, .needs_key = true, .read = read_invite, .run = run_invite},
    {.name = "revoke", .need = CHAT_OWNER, .is_for_all = true, .read = read_revoke, .run = run_revoke},
    {.name = NULL},
};
