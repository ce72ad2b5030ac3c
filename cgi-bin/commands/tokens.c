/* tokens.c - commands that give rights: the owner's code, invitations, tokens of the host site. */
#include "base/clock.h"
#include "base/err.h"
#include "base/secret_code.h"
#include "base/str.h"
#include "commands/command.h"
#include "commands/list.h"
#include "commands/work.h"
#include "peace/sign.h"
#include "site/invite_code.h"
#include "site/owner_code.h"
#include "site/rules.h"
#include "site/site.h"
#include "store/store_invite.h"

#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, DAYS = 7, MINUTES = 15, MINUTES_MAX = 60 };

static int run_token(const struct command_line *line)
{
    static const char *const columns[] = {"id", "role", "room", "uses", "until", "by", NULL};
    struct store_desk_query query = {.room = NULL};
    return list_print(line, "invites", &query, columns);
}

/* ---- the owner's code ---- */

static int run_owner(const struct command_line *line)
{
    struct err e = ERR_INIT;
    struct work w;
    char folder[CONF_TEXT_MAX] = "";
    int result = work_open(&w, line, &e);
    if (result == 0) {
        snprintf(folder, sizeof folder, "%s", site_loaded_conf(w.site)->data);
        result = owner_code_make(folder, true, &e);
    }
    work_close(&w);
    if (result != 0) {
        return command_fail(&e);
    }
    printf("ok: the code is in %s/owner-code.txt; enter it in owner.html\n", folder);
    return COMMAND_OK;
}

/* ---- invitations ---- */

struct own {
    struct store_invite invite;
    uint64_t id;
};

static int step_invite(struct work *w, struct store *store, struct err *e)
{
    struct own *own = w->own;
    w->note.subject = chat_role_word(own->invite.role);
    return store_invite_add(store, &own->invite, &own->id, e);
}

static int make_invite(struct work *w, struct own *own, char code[SECRET_CODE_SIZE], struct err *e)
{
    const struct rules *rules = work_rules(w, e);
    if (rules == NULL) {
        return -1;
    }
    secret_code_make(code, INVITE_CODE_CHARACTERS);
    invite_code_hash(rules, code, own->invite.hash);
    rules_release(rules);
    w->own = own;
    w->note.room = own->invite.room;
    return work_do(w, "invite", step_invite, e);
}

static int run_invite(const struct command_line *line)
{
    static const char *const roles[] = {"reader", "member", "moderator", "owner", NULL};
    struct err e = ERR_INIT;
    struct work w;
    char code[SECRET_CODE_SIZE] = "";
    uint64_t days = (line->given & COMMAND_DAYS) != 0 ? line->days : DAYS;
    int role = command_choice("a role", line->words[0], roles, 0, &e);
    struct own own = {.invite = {.role = (enum chat_role)(role + CHAT_READER),
                                 .room = line->room,
                                 .until_ms = clock_wall_ms() + (int64_t)days * DAY_MS,
                                 .uses = (line->given & COMMAND_USES) != 0 ? (unsigned)line->uses : 1}};
    if (role < 0 || (line->room != NULL && !chat_room_valid(line->room, strlen(line->room)))) {
        err_set(&e, ERR_INPUT, "%.80s can't be the name of a room.", line->room != NULL ? line->room : "");
        return command_fail(&e);
    }
    int result = work_open(&w, line, &e);
    result = result == 0 ? make_invite(&w, &own, code, &e) : result;
    work_close(&w);
    if (result != 0) {
        return command_fail(&e);
    }
    bool is_for_desk = own.invite.role >= CHAT_MODERATOR;
    printf("%s%s%s#join=%s\n", is_for_desk ? "owner.html" : "./", !is_for_desk && line->room != NULL ? "?room=" : "",
           !is_for_desk && line->room != NULL ? line->room : "", code);
    fprintf(stderr, "pollchat: put the address of the chat's folder before it, and send the link to the person\n");
    return COMMAND_OK;
}

static int step_revoke(struct work *w, struct store *store, struct err *e)
{
    return store_invite_revoke(store, *(const uint64_t *)w->own, e);
}

static int run_revoke(const struct command_line *line)
{
    return work_on_id(line, "revoke", step_revoke, "the invitation no longer works");
}

/* ---- tokens of the host's site ---- */

static int run_sign(const struct command_line *line)
{
    static const char *const roles[] = {"reader", "member", "moderator", NULL};
    struct err e = ERR_INIT;
    struct conf conf;
    char token[SIGN_TOKEN_SIZE];
    uint64_t minutes = (line->given & COMMAND_MINUTES) != 0 ? line->minutes : MINUTES;
    if (command_load(line, &conf, &e) != 0 || command_choice("--role", line->role, roles, 0, &e) < 0) {
        return command_fail(&e);
    }
    const struct sign_claims claims = {.sub = line->words[0],
                                       .name = line->words[1],
                                       .aud = conf.token_aud,
                                       .role = line->role,
                                       .room = line->room,
                                       .now_s = clock_wall_ms() / 1000,
                                       .life_s = (int64_t)(minutes < MINUTES_MAX ? minutes : MINUTES_MAX) * 60};
    if (conf.token_alg != CONF_TOKEN_HS256) {
        err_set(&e, ERR_CONFIG, "Only with token_alg = hs256 has the chat a secret to sign with.");
        return command_fail(&e);
    }
    if (sign_token(conf.token_key, &claims, token, &e) != 0) {
        return command_fail(&e);
    }
    puts(token);
    return COMMAND_OK;
}

static int run_pair(const struct command_line *line)
{
    char public_key[SIGN_KEY_SIZE];
    char secret_key[SIGN_SECRET_SIZE];
    (void)line;
    sign_pair(public_key, secret_key);
    printf("token_alg = eddsa\ntoken_key = %s\n; the secret key, for the site that signs (seed, base64url): %s\n",
           public_key, secret_key);
    return COMMAND_OK;
}

const struct command commands_tokens[] = {
    {.name = "token", .options = COMMAND_JSON, .about = "list invitations that haven't ended", .run = run_token},
    {.name = "token owner",
     .about = "make a code by which a browser becomes the owner's (owner.html)",
     .run = run_owner},
    {.name = "token invite",
     .words = "ROLE",
     .least = 1,
     .most = 1,
     .options = COMMAND_ROOM | COMMAND_DAYS | COMMAND_USES,
     .about = "make a link that makes a reader, member, moderator or owner",
     .example = "pollchat token invite moderator --days 2",
     .run = run_invite},
    {.name = "token revoke", .words = "ID", .least = 1, .most = 1, .about = "end an invitation", .run = run_revoke},
    {.name = "token sign",
     .words = "SUB NAME",
     .least = 2,
     .most = 2,
     .options = COMMAND_ROLE | COMMAND_ROOM | COMMAND_MINUTES,
     .about = "print a token (JWT) for a visitor, signed with token_key (hs256), for 15 minutes",
     .example = "pollchat token sign 42 'Ann Lee' --role member",
     .run = run_sign},
    {.name = "token pair", .about = "make a pair of keys for token_alg = eddsa", .run = run_pair},
    {.name = NULL},
};
